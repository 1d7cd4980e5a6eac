"""A release of mem0ai in a process of its own, called by the driver from as many threads as it likes.

with Rival("2.2.1", data_dir, model.url, callers=8) as rival:
    rival.add("alex", "Likes tea. Lives in Kyoto. Has a cat.")
    rival.search("alex", "where does Alex live?")
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, cast

from tests.benchmarks.rivals.environments import Version, python
from tests.clients.client import isolated

SERVER = Path(__file__).parent / "server.py"
STOP_SECONDS = 20.0
CALL_SECONDS = 120.0


class RivalFailed(Exception):
    """mem0ai raised; the text says what."""


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that an add did, as mem0ai tells it."""

    id: str
    memory: str
    event: str


@dataclass(frozen=True, slots=True)
class Found:
    """One memory that a search found."""

    id: str
    memory: str


class Rival:
    """The process between entering and leaving a `with` block.

    Args:
        version: the release.
        data_dir: holds its Chroma, its history and its log; a copy from `preload`, or empty.
        model_url: an OpenAI-compatible endpoint.
        callers: how many threads will call at once. A lone one gets two threads for each run of the embedder,
            several get one: both are what is faster on two processors.
    """

    def __init__(self, version: Version, data_dir: Path, model_url: str, callers: int) -> None:
        self.version = version
        self.data_dir = data_dir
        self._options = {
            "--version": version,
            "--data-dir": str(data_dir),
            "--model-url": model_url,
            "--threads": str(2 if callers == 1 else 1),
        }
        self._of_this_thread = threading.local()
        self._lines: list[IO[bytes]] = []

    def add(self, user_id: str, text: str) -> list[Result]:
        """Adds one message of the user.

        Raises:
            RivalFailed: mem0ai raised. It also swallows errors, and says that it did nothing.
        """
        results = self._ask({"do": "add", "user_id": user_id, "text": text})
        return [Result(each["id"], each["memory"], each["event"]) for each in results]

    def search(self, user_id: str, query: str, limit: int = 10) -> list[Found]:
        """The user's best memories, best first.

        Raises:
            RivalFailed: mem0ai raised.
        """
        found = self._ask({"do": "search", "user_id": user_id, "query": query, "limit": limit})
        return [Found(each["id"], each["memory"]) for each in found]

    def count(self, user_id: str | None = None) -> int:
        """How many memories are stored for a user, or in all."""
        return int(self._ask({"do": "count", "user_id": user_id}))

    def resident(self) -> int:
        """The resident size of the process, in bytes."""
        return int(self._ask({"do": "stats"})["resident_bytes"])

    def __enter__(self) -> Rival:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        arguments = [each for option in self._options.items() for each in option]
        with (self.data_dir / "server.log").open("w") as log:
            self.process = subprocess.Popen(
                [str(python(self.version)), str(SERVER), *arguments],
                cwd=self.data_dir,
                env=isolated(self.data_dir) | {"MEM0_TELEMETRY": "False", "ANONYMIZED_TELEMETRY": "False"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self._stop()
            raise AssertionError(f"mem0ai {self.version} did not start:\n{self.log}")
        self._port = int(line)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in self._lines:
            line.close()
        self._stop()

    @property
    def log(self) -> str:
        """What it has written to its standard error."""
        return (self.data_dir / "server.log").read_text()

    def _stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=STOP_SECONDS)

    def _ask(self, request: dict[str, object]) -> Any:
        line = self._line()
        line.write(json.dumps(request).encode() + b"\n")
        line.flush()
        answer = json.loads(line.readline() or b'{"raised": "the process ended"}')
        if "raised" in answer:
            raise RivalFailed(f"mem0ai {self.version}: {answer['raised']}")
        return answer["value"]

    def _line(self) -> IO[bytes]:
        """The calling thread's own connection, and so its own thread on the other side."""
        line: IO[bytes] | None = getattr(self._of_this_thread, "line", None)
        if line is None:
            connection = socket.create_connection(("127.0.0.1", self._port), timeout=CALL_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = cast("IO[bytes]", connection.makefile("rwb"))
            connection.close()  # the file keeps it open
            self._of_this_thread.line = line
            self._lines.append(line)
        return line
