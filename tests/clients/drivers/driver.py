"""Runs in a client's own environment and knows nothing of memoryd: JSON lines in, JSON lines out.

    {"open": "c", "class": "MemoryClient", "options": {"api_key": ...}}   constructs a client under a name
    {"call": "c", "method": "project.get", "args": [], "kwargs": {}}     calls one of its methods
    {"methods": "MemoryClient"}                                          lists a class's public methods

An answer is {"value": ...}, or {"raised": type, "text": text} when the client raised.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

clients: dict[str, Any] = {}
runner = asyncio.Runner()


def open_client(request: dict[str, Any]) -> None:
    """Constructs a client inside the event loop, as an asynchronous application does."""

    async def construct() -> Any:
        return getattr(importlib.import_module("mem0"), request["class"])(**request["options"])

    clients[request["open"]] = runner.run(construct())


def call(request: dict[str, Any]) -> Any:
    """What the method returned."""
    result = attrgetter(request["method"])(clients[request["call"]])(*request["args"], **request["kwargs"])
    return runner.run(result) if inspect.iscoroutine(result) else result


def methods(request: dict[str, Any]) -> list[str]:
    """The public methods of a client, and those that it keeps under `project`."""
    name = request["methods"]
    listed = list(public(getattr(importlib.import_module("mem0"), name)))
    try:
        module = importlib.import_module("mem0.client.project")
    except ModuleNotFoundError:
        return listed
    project = module.AsyncProject if name.startswith("Async") else module.Project
    return listed + [f"project.{each}" for each in public(project)]


def public(owner: type) -> Iterator[str]:
    """The names of a class's public functions."""
    return (name for name, _ in inspect.getmembers(owner, inspect.isfunction) if not name.startswith("_"))


VERBS: dict[str, Callable[[dict[str, Any]], Any]] = {"open": open_client, "call": call, "methods": methods}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Does what a request says; whatever the client raises is an answer too."""
    verb = next(iter(request))
    try:
        return {"value": VERBS[verb](request)}
    except Exception as error:  # noqa: BLE001 - the client's exceptions are what a test looks at
        return {"raised": type(error).__name__, "text": str(error)}


def main() -> None:
    """Serves until the input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a client prints must not get between the answers
    for line in sys.stdin:
        out.write(json.dumps(answer(json.loads(line))) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
