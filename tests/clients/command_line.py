"""The published command line: every call is a process, as a user would start it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.clients.client import DRIVERS, Client, ClientRaised, isolated
from tests.clients.environments import python_environment


class CommandLine:
    """Stands where `tests.clients.client.Driver` does.

    Args:
        release: the name of a lock.
        home: a scratch directory.
    """

    def __init__(self, release: str, home: Path) -> None:
        self.release = release
        self.home = home
        self.programs = python_environment(release) / "bin"
        self.environments: dict[str, dict[str, str]] = {}

    def open(self, kind: str, options: Mapping[str, object]) -> Client:
        """A user, with a home, who has set the key and the address in the environment."""
        name = f"user-{len(self.environments)}"
        home = self.home / name
        home.mkdir()
        given = {"MEM0_API_KEY": str(options["api_key"]), "MEM0_BASE_URL": str(options["host"])}
        self.environments[name] = isolated(home) | given
        return Client(self, kind, name)

    def methods(self, kind: str) -> list[str]:  # noqa: ARG002 - there is one kind
        """The commands."""
        program = [str(self.programs / "python"), str(DRIVERS / "commands.py")]
        return self._run(program, isolated(self.home)).split("\n")[:-1]

    def ask(self, request: Mapping[str, Any]) -> Any:
        """Runs a command and gives what it prints: a value, if it is JSON.

        Raises:
            ClientRaised: it exits with an error; the text is what it prints then.
        """
        command = [str(self.programs / "mem0"), *request["method"].split(), *map(str, request["args"])]
        printed = self._run(command, self.environments[request["call"]])
        try:
            return json.loads(printed)
        except json.JSONDecodeError:
            return printed

    def close(self) -> None:
        """There is nothing to end."""

    def _run(self, command: list[str], environment: dict[str, str]) -> str:
        done = subprocess.run(
            command,
            check=False,
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise ClientRaised(f"exit {done.returncode}", done.stdout + done.stderr)
        return done.stdout
