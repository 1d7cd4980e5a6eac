"""Runs in the environment of the command line's release: lists its commands, one a line."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The names of all commands, groups before their members: `entity list`."""
    if not hasattr(group, "commands"):
        yield " ".join(path)
        return
    for name, command in group.commands.items():
        yield from commands(command, (*path, name))


if __name__ == "__main__":
    app = importlib.import_module("mem0_cli.app").app
    for each in commands(importlib.import_module("typer.main").get_command(app)):
        print(each)
