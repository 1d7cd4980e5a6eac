"""A published client in a process of its own, called by the names of its methods."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.clients.environments import node, node_environment, python_environment

DRIVERS = Path(__file__).parent / "drivers"

NOWHERE = "http://127.0.0.1:9"
"""A proxy that does not answer: what a client sends anywhere but to this machine fails at once."""


class ClientRaised(Exception):
    """What a client raised: `kind` is the exception's type, the text is its text."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


def isolated(home: Path) -> dict[str, str]:
    """The variables of a process that has nothing of this machine but its programs."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
    return (
        kept
        | proxies
        | {name.lower(): value for name, value in proxies.items()}
        | {
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "NODE_USE_ENV_PROXY": "1",
            "HOME": str(home),
            "MEM0_DIR": str(home / ".mem0"),
            "MEM0_TELEMETRY": "false",
        }
    )


class Driver(Protocol):
    """Where clients of one release live."""

    release: str

    def open(self, kind: str, options: Mapping[str, object]) -> Client:
        """Constructs a client.

        Raises:
            ClientRaised: its constructor did.
        """

    def methods(self, kind: str) -> list[str]:
        """The public methods of a class of the client."""

    def ask(self, request: Mapping[str, Any]) -> Any:
        """Sends one request and gives the value of its answer.

        Raises:
            ClientRaised: the client did.
        """

    def close(self) -> None:
        """Ends what was started."""


class Library:
    """The process in which one release of a client lives.

    Args:
        release: the name of a lock: `mem0ai-0.1.40`, `npm-mem0ai-3.1.6`.
        home: a scratch directory.
    """

    def __init__(self, release: str, home: Path) -> None:
        self.release = release
        self.log = home / "stderr.log"
        if release.startswith("npm-"):
            command = [str(node()), str(DRIVERS / "driver.mjs"), str(node_environment(release))]
        else:
            python = python_environment(release) / "bin" / "python"
            command = [str(python), str(DRIVERS / "driver.py")]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=isolated(home),
                cwd=home,
                text=True,
            )

    def open(self, kind: str, options: Mapping[str, object]) -> Client:
        """Constructs a client inside the process."""
        name = f"{kind} {json.dumps(options)}"
        self.ask({"open": name, "class": kind, "options": options})
        return Client(self, kind, name)

    def methods(self, kind: str) -> list[str]:
        """Asks the class itself."""
        listed: list[str] = self.ask({"methods": kind})
        return listed

    def ask(self, request: Mapping[str, Any]) -> Any:
        """One line in, one line out."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the driver of {self.release} ended:\n{self.log.read_text()}"
        answer = json.loads(line)
        if "raised" in answer:
            raise ClientRaised(answer["raised"], answer["text"])
        return answer["value"]

    def close(self) -> None:
        """Ends the process."""
        self.process.communicate(timeout=20)


@dataclass(frozen=True)
class Client:
    """One constructed client."""

    driver: Driver
    kind: str
    name: str

    def call(self, method: str, *args: object, **kwargs: object) -> Any:
        """What a method returns.

        Raises:
            ClientRaised: it raised.
        """
        return self.driver.ask({"call": self.name, "method": method, "args": args, "kwargs": kwargs})
