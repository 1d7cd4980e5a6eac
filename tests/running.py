"""A real memoryd in a process of its own, on free ports and a directory of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
import httpx
from memoryd.v1 import memory_service_pb2_grpc

KEY = "m0-a-key-for-tests-0123456789"
START_SECONDS = 90.0
STOP_SECONDS = 40.0


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def environment(data_dir: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The variables of a memoryd with these settings and none of whoever runs the tests."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("MEMORYD_", "OPENAI_API", "OPENAI_BASE"))
    }
    return kept | {"MEMORYD_DATA_DIR": str(data_dir)} | dict(settings)


@dataclass
class Memoryd:
    """`memoryd serve` between `start` and `stop`.

    Args:
        data_dir: where it keeps its data; a second one with the same directory finds them again.
        settings: environment variables.
        command: the arguments of the program.
        program: what is run in place of `memoryd`.
    """

    data_dir: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    command: tuple[str, ...] = ("serve",)
    program: tuple[str, ...] = (str(Path(sys.executable).with_name("memoryd")),)
    key: str = KEY
    process: subprocess.Popen[str] | None = None
    grpc_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """The gateway's address."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def output(self) -> str:
        """What it wrote so far, both streams."""
        return (self.data_dir / "output.log").read_text()

    def start(self) -> Memoryd:
        """Starts it and waits until it is ready."""
        self.launch()
        self.wait()
        return self

    def launch(self, **more: str) -> None:
        """Starts it, with further settings."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        addresses = {
            "MEMORYD_GRPC_ADDRESS": f"127.0.0.1:{self.grpc_port}",
            "MEMORYD_HTTP_ADDRESS": f"127.0.0.1:{self.http_port}",
            "MEMORYD_BOOTSTRAP_API_KEY": self.key,
            "MEMORYD_DRAIN_SECONDS": "0",
            "PYTHONUNBUFFERED": "1",
        }
        with (self.data_dir / "output.log").open("w") as log:
            self.process = subprocess.Popen(
                [*self.program, *self.command],
                env=environment(self.data_dir, addresses | dict(self.settings) | more),
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it by a signal and gives its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not stop:\n{self.output}") from None

    def kill(self) -> None:
        """Ends it at once, if it still runs: it learns nothing of it."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Memoryd:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What a gRPC client sends to be known."""
        return (("authorization", f"Token {self.key}"),)

    def memories(self, channel: grpc.aio.Channel) -> memory_service_pb2_grpc.MemoryServiceStub:
        """A gRPC client."""
        return memory_service_pb2_grpc.MemoryServiceStub(channel)

    def channel(self) -> grpc.aio.Channel:
        """A channel to the service."""
        return grpc.aio.insecure_channel(f"127.0.0.1:{self.grpc_port}")

    def post(self, body: object, path: str = "/v1/memories/", **more: Any) -> httpx.Response:
        """Posts a body: JSON, or bytes as they are."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Token {self.key}"} | more.pop("headers", {})
        return httpx.post(self.url + path, content=content, headers=headers, timeout=60, **more)

    def add(self, messages: object, **fields: object) -> list[dict[str, Any]]:
        """The events of an add that succeeds, in the v1.0 form."""
        answer = self.post({"messages": messages, "user_id": "alex"} | fields)
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()
        return events

    def wait(self) -> None:
        """Waits until it is ready."""
        assert self.process is not None
        limit = time.monotonic() + START_SECONDS
        while time.monotonic() < limit:
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}:\n{self.output}")
            try:
                if httpx.get(self.url + "/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"not ready after {START_SECONDS} s:\n{self.output}")


def children(pid: int) -> list[int]:
    """The processes that a process has started: for memoryd the one of an embedded Chroma."""
    lists = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
    return [int(child) for each in lists for child in each.read_text().split()]
