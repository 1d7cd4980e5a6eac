"""Public methods that reach no server of ours, and why."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.clients.client import ClientRaised
from tests.clients.releases import CLI, COMMAND, PYTHON, kinds
from tests.clients.table import Use

COMMANDS: Mapping[str, str] = {
    "version": "prints the client's own version",
    "help": "prints help",
    "whoami": "prints a name from the client's own settings",
    "config show": "prints the client's own settings",
    "config get": "reads the client's own settings",
    "config set": "writes the client's own settings",
    "identify": "tags accounts that only the hosted platform makes, and refuses any other key itself",
    "agent-rush add": "plays a game that the hosted platform ran",
    "agent-rush search": "plays a game that the hosted platform ran",
}

LOCAL: Mapping[tuple[str, str, str], str] = {
    **{
        (release, kind, "chat"): "raises NotImplementedError before anything is sent"
        for release in PYTHON
        for kind in kinds(release)
    },
    **{(CLI, COMMAND, command): reason for command, reason in COMMANDS.items()},
}
"""Release, class and method to the reason."""


def check_chat(use: Use) -> None:
    """The method raises at once."""
    with pytest.raises(ClientRaised) as raised:
        use.call("chat")
    assert raised.value.kind == "NotImplementedError"
