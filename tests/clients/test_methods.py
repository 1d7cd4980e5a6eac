"""Every public method of every client that reaches the server, as its users call it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.cases import CASES
from tests.clients.cases.local import LOCAL, check_chat
from tests.clients.client import Client, Driver
from tests.clients.releases import CLI, NODE, PYTHON, kinds
from tests.clients.table import Case, Use
from tests.running import Memoryd

# The first test of a release also makes its environment.
pytestmark = pytest.mark.timeout(600)


def _name(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_method(case: Case, opened: Callable[[str, str], Client], server: Memoryd, alex: str) -> None:
    """A method does what its user expects of it."""
    case.check(Use(opened(case.release, case.kind), server, alex))


@pytest.mark.parametrize("release", [*PYTHON, *NODE, CLI])
def test_no_method_is_left_out(release: str, drivers: Callable[[str], Driver]) -> None:
    """Every public method has a case, or reaches no server for a reason that is given."""
    for kind in kinds(release):
        public = set(drivers(release).methods(kind))
        used = {case.method for case in CASES if (case.release, case.kind) == (release, kind)}
        local = {method for its, of, method in LOCAL if (its, of) == (release, kind)}
        assert used | local == public, release
        assert not used & local


@pytest.mark.parametrize(("release", "kind"), [found[:2] for found in LOCAL if found[2] == "chat"])
def test_chat_is_not_there(
    release: str, kind: str, opened: Callable[[str, str], Client], server: Memoryd, alex: str
) -> None:
    """The method that every Python client has, and that reaches no server, says so."""
    check_chat(Use(opened(release, kind), server, alex))
