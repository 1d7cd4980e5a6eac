from __future__ import annotations

import uuid
from collections.abc import Callable, Generator, Iterator

import pytest

from tests.clients import matrix, model
from tests.clients.client import Client, Driver, Library
from tests.clients.command_line import CommandLine
from tests.clients.releases import CLI
from tests.clients.table import Case
from tests.running import Memoryd
from tests.scripted_openai import ScriptedOpenAI


@pytest.fixture(scope="session")
def language_model() -> Iterator[ScriptedOpenAI]:
    """An OpenAI-compatible endpoint that knows the sentences of `tests.clients.model`."""
    with ScriptedOpenAI(default=model.answer) as running:
        yield running
        running.verify()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, language_model: ScriptedOpenAI) -> Iterator[Memoryd]:
    """The memoryd that all clients talk to."""
    settings = {"OPENAI_API_KEY": "sk-of-the-tests", "OPENAI_BASE_URL": language_model.base_url}
    with Memoryd(tmp_path_factory.mktemp("memoryd"), settings) as running:
        yield running


@pytest.fixture(scope="session")
def drivers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Driver]]:
    """A release's process, started when it is first asked for."""
    started: dict[str, Driver] = {}

    def driver(release: str) -> Driver:
        if release not in started:
            home = tmp_path_factory.mktemp(release)
            started[release] = CommandLine(release, home) if release == CLI else Library(release, home)
        return started[release]

    yield driver
    for each in started.values():
        each.close()


@pytest.fixture(scope="session")
def opened(server: Memoryd, drivers: Callable[[str], Driver]) -> Callable[[str, str], Client]:
    """A client of a release and class, constructed once with the server's address and key."""
    clients: dict[tuple[str, str], Client] = {}

    def client(release: str, kind: str) -> Client:
        if (release, kind) not in clients:
            key = "apiKey" if release.startswith("npm-") else "api_key"
            clients[release, kind] = drivers(release).open(kind, {key: server.key, "host": server.url})
        return clients[release, kind]

    return client


@pytest.fixture
def alex() -> str:
    """A user of whom nothing is known yet."""
    return f"alex-{uuid.uuid4().hex[:12]}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Leaves a mark for each case that passes, from which the README's table is made."""
    report = yield
    case = (
        item.callspec.params.get("case")
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else None
    )
    if isinstance(case, Case) and call.when == "call":
        matrix.mark(case, passed=report.passed)
    return report
