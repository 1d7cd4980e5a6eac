"""One memoryd with a scripted model, shared by the tests that do not end it; each test is its own user."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
import pytest

from tests.functional.api import Api
from tests.functional.faces import Face, Grpc, Rest
from tests.functional.ledgers import LedgerFile
from tests.running import Memoryd
from tests.scripted_openai import Answerer, Body, Reply, ScriptedOpenAI

MODEL_KEY = "sk-of-the-functional-tests"


@dataclass(frozen=True)
class Model:
    """The scripted model, and what it was shown."""

    server: ScriptedOpenAI

    def answers(self, *replies: Reply) -> None:
        """Appends replies, one for each request."""
        self.server.script(*replies)

    def answers_always(self, answerer: Answerer) -> None:
        """Answers what the script does not."""
        self.server.default = answerer

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self.server.requests)

    @property
    def shown(self) -> dict[str, Any]:
        """The data it was shown last: messages, known facts, context, the day."""
        return shown_in(self.server.requests[-1])

    @property
    def rules(self) -> str:
        """The rules and the policy it was shown last."""
        text: str = self.server.requests[-1]["messages"][0]["content"]
        return text

    @property
    def known(self) -> list[str]:
        """The texts of the known facts it was shown last."""
        return [fact["text"] for fact in self.shown["known"]]


def shown_in(body: Body) -> dict[str, Any]:
    """The data that a request to the model shows."""
    shown: dict[str, Any] = json.loads(body["messages"][1]["content"])
    return shown


def openai_settings(server: ScriptedOpenAI) -> dict[str, str]:
    """Settings of a memoryd that asks this server."""
    return {"OPENAI_API_KEY": MODEL_KEY, "OPENAI_BASE_URL": server.base_url}


@pytest.fixture(scope="session")
def scripted() -> Iterator[ScriptedOpenAI]:
    """The model's server."""
    with ScriptedOpenAI() as server:
        yield server


@pytest.fixture(scope="session")
def memoryd(scripted: ScriptedOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd that asks the scripted model."""
    with Memoryd(tmp_path_factory.mktemp("memoryd"), openai_settings(scripted)) as running:
        yield running


@pytest.fixture(scope="session")
def channel(memoryd: Memoryd) -> Iterator[grpc.Channel]:
    """A channel to its service."""
    with grpc.insecure_channel(f"127.0.0.1:{memoryd.grpc_port}") as opened:
        yield opened


@pytest.fixture
def rest(memoryd: Memoryd) -> Rest:
    """The REST face."""
    return Rest(memoryd)


@pytest.fixture
def rpc(memoryd: Memoryd, channel: grpc.Channel) -> Grpc:
    """The gRPC face."""
    return Grpc(memoryd, channel)


@pytest.fixture(params=["rest", "rpc"])
def face(request: pytest.FixtureRequest) -> Face:
    """Each of the two faces."""
    chosen: Face = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def model(scripted: ScriptedOpenAI) -> Iterator[Model]:
    """The scripted model with nothing to say yet; the test fails unless it was asked what was scripted."""
    scripted.reset()
    yield Model(scripted)
    try:
        scripted.verify()
    finally:
        scripted.reset()


@pytest.fixture
def ledger(memoryd: Memoryd) -> LedgerFile:
    """The ledger of the shared memoryd."""
    return LedgerFile(memoryd.data_dir)


@pytest.fixture
def user() -> str:
    """A user whom nobody else is."""
    return f"user-{uuid.uuid4()}"


@pytest.fixture
def started(scripted: ScriptedOpenAI, tmp_path: Any) -> Iterator[Callable[..., Memoryd]]:
    """Starts a memoryd of the test's own; what is left of it is killed at the end."""
    own: list[Memoryd] = []

    def start(**settings: str) -> Memoryd:
        own.append(Memoryd(tmp_path / "data", openai_settings(scripted) | settings))
        return own[-1].start()

    yield start
    for memoryd in own:
        memoryd.kill()


@pytest.fixture(scope="session")
def api(memoryd: Memoryd, channel: grpc.Channel) -> Iterator[Api]:
    """Any path and any method."""
    headers = {"Authorization": f"Token {memoryd.key}"}
    with httpx.Client(base_url=memoryd.url, headers=headers, timeout=60) as client:
        yield Api(memoryd, client, channel)
