"""What is compared: memoryd through gRPC and through REST, and mem0ai as its users set it up."""

from __future__ import annotations

import http.client
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import grpc
from memoryd.v1 import account_service_pb2, memory_pb2
from memoryd.v1 import memory_service_pb2 as pb
from memoryd.v1.account_service_pb2_grpc import AccountServiceStub
from memoryd.v1.memory_service_pb2_grpc import MemoryServiceStub

from tests.benchmarks.preload import copy_preloaded
from tests.benchmarks.rivals.client import Rival
from tests.benchmarks.rivals.environments import Version
from tests.benchmarks.rivals.preload import copy_preloaded as copy_for_rival
from tests.running import Memoryd, children

PROBED = (sys.executable, "-m", "tests.benchmarks.side_by_side.probed_service")
TOP = 10
CALL_SECONDS = 120.0


class System(Protocol):
    """A memory service under load. Safe to call from several threads."""

    @property
    def name(self) -> str:
        """What tables call it."""

    def add(self, user_id: str, text: str) -> None:
        """Adds one message of the user; returns when its facts are stored."""

    def search(self, user_id: str, query: str) -> list[str]:
        """The texts of the user's ten best memories, best first."""

    def count(self, user_id: str) -> int:
        """How many memories of the user are stored."""


@dataclass(frozen=True)
class Ours:
    """memoryd's two processes over one preloaded directory."""

    service: Memoryd
    gateway: Memoryd

    @property
    def pid(self) -> int:
        """Of the service."""
        assert self.service.process is not None
        return self.service.process.pid

    @property
    def pids(self) -> list[int]:
        """Of the service, and of the process of its index."""
        return [self.pid, *children(self.pid)]

    def resident(self) -> int:
        """The resident size of both, in bytes."""
        return sum(_resident(pid) for pid in self.pids)


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


@dataclass
class OverGrpc:
    """memoryd, called as internal services call it."""

    ours: Ours
    name: str = "memoryd gRPC"
    _channel: grpc.Channel = field(init=False)

    def __post_init__(self) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self.ours.service.grpc_port}")
        # The stubs are typed for the asynchronous channel, and serve this one as well.
        channel: Any = self._channel
        self._memories: Any = MemoryServiceStub(channel)
        self._accounts: Any = AccountServiceStub(channel)

    def add(self, user_id: str, text: str) -> None:
        """See System."""
        message = memory_pb2.Message(role="user", content=text)
        self._call(self._memories.AddMemories, pb.AddMemoriesRequest(messages=[message], user_id=user_id))

    def search(self, user_id: str, query: str) -> list[str]:
        """See System."""
        request = pb.SearchMemoriesRequest(query=query, user_id=user_id, top_k=TOP)
        return [each.memory for each in self._call(self._memories.SearchMemories, request).memories]

    def count(self, user_id: str) -> int:
        """See System."""
        request = pb.ListMemoriesRequest(user_id=user_id, page=1, page_size=1)
        return int(self._call(self._memories.ListMemories, request).count)

    def ping(self) -> None:
        """The cheapest call that needs a key."""
        self._call(self._accounts.Ping, account_service_pb2.PingRequest())

    def _call(self, method: Any, request: Any) -> Any:
        return method(request, metadata=self.ours.service.metadata, timeout=CALL_SECONDS)


@dataclass
class OverRest:
    """memoryd, called as clients of the Mem0 platform call it."""

    ours: Ours
    name: str = "memoryd REST"
    _of_this_thread: threading.local = field(default_factory=threading.local)

    def add(self, user_id: str, text: str) -> None:
        """See System."""
        self._call("POST", "/v1/memories/", {"messages": text, "user_id": user_id})

    def search(self, user_id: str, query: str) -> list[str]:
        """See System."""
        found = self._call("POST", "/v2/memories/search/", {"query": query, "filters": {"user_id": user_id}})
        return [each["memory"] for each in found]

    def count(self, user_id: str) -> int:
        """See System."""
        return int(self._call("GET", f"/v1/memories/?user_id={user_id}&page=1&page_size=1", None)["count"])

    def ping(self) -> None:
        """The cheapest call that needs a key."""
        self._call("GET", "/v1/ping/", None)

    def _call(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:
        connection: http.client.HTTPConnection | None = getattr(self._of_this_thread, "connection", None)
        if connection is None:
            port = self.ours.gateway.http_port
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_SECONDS)
            self._of_this_thread.connection = connection
        headers = {"Authorization": f"Token {self.ours.service.key}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise AssertionError(f"{method} {path}: {response.status} {content!r}")
        return json.loads(content)


@dataclass
class Theirs:
    """A release of mem0ai."""

    rival: Rival

    @property
    def name(self) -> str:
        """See System."""
        return f"mem0ai {self.rival.version}"

    def add(self, user_id: str, text: str) -> None:
        """See System."""
        self.rival.add(user_id, text)

    def search(self, user_id: str, query: str) -> list[str]:
        """See System."""
        return [each.memory for each in self.rival.search(user_id, query, TOP)]

    def count(self, user_id: str) -> int:
        """See System."""
        return self.rival.count(user_id)


@contextmanager
def our_processes(directory: Path, memories: int, model_url: str, lags: Path | None = None) -> Iterator[Ours]:
    """Starts a service and a gateway on a copy of the preloaded memories.

    Args:
        directory: does not exist yet.
        memories: how many are preloaded.
        model_url: an OpenAI-compatible endpoint.
        lags: where the service writes how late its event loop was, if it shall (see `probed_service`).
    """
    given = {
        "OPENAI_API_KEY": "scripted",
        "OPENAI_BASE_URL": model_url,
        "MEMORYD_LOG_LEVEL": "WARNING",
    }
    if memories:
        copy_preloaded(memories, directory / "service")
    service = Memoryd(directory / "service", given, command=("service",))
    if lags is not None:
        service = replace(
            service, program=PROBED, command=(), settings=given | {"MEMORYD_BENCH_LAGS": str(lags)}
        )
    target = {"MEMORYD_GRPC_TARGET": f"127.0.0.1:{service.grpc_port}", "MEMORYD_LOG_LEVEL": "WARNING"}
    gateway = Memoryd(directory / "gateway", target, command=("gateway",))
    with ExitStack() as stack:
        for process in (service, gateway):
            process.launch()
            stack.callback(process.stop)
        gateway.wait()
        yield Ours(service, gateway)


@contextmanager
def their_process(
    directory: Path, version: Version, memories: int, model_url: str, callers: int
) -> Iterator[Theirs]:
    """Starts a release of mem0ai on a copy of the preloaded memories."""
    copy_for_rival(version, memories, directory / "data")
    with Rival(version, directory / "data", model_url, callers) as rival:
        yield Theirs(rival)
