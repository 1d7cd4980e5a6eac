"""A real Chroma server, and an index on each kind of connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.index.chroma import ChromaIndex
from service.index.connect import Connect, embedded, server
from tests.chroma_front import TOKEN, Authority, Front
from tests.contract.index.chroma_server import free_port, running_chroma

MODEL = "test-model"
DIMENSIONS = 8


@pytest.fixture(scope="session")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server that runs as long as the tests do."""
    with running_chroma(tmp_path_factory.mktemp("chroma-server"), free_port()) as url:
        yield url


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who vouches for the guarded server."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def front(chroma_server: str, authority: Authority) -> Iterator[Front]:
    """What guards the server: TLS and a token."""
    guard = Front(chroma_server, authority, free_port())
    with guard.listening():
        yield guard


def through(front: Front, authority: Authority, token: str = TOKEN) -> Connect:
    """The way through what guards a server, for who trusts this authority and has this token."""
    return server(front.url, {"Authorization": f"Bearer {token}"}, ca_file=authority.file)


@pytest.fixture(params=["embedded", "server", "guarded server"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Connect:
    """A way to an index; the same one each time it is taken."""
    if request.param == "embedded":
        return embedded(tmp_path / "chroma")
    if request.param == "server":
        return server(request.getfixturevalue("chroma_server"))
    return through(request.getfixturevalue("front"), request.getfixturevalue("authority"))


@pytest.fixture
def open_index(connect: Connect) -> Iterator[Callable[..., ChromaIndex]]:
    """Opens indexes on one store, and closes them when the test ends."""
    opened: list[ChromaIndex] = []

    def open_one(model: str = MODEL, dimensions: int = DIMENSIONS) -> ChromaIndex:
        opened.append(ChromaIndex(connect, model, dimensions))
        return opened[-1]

    yield open_one
    for index in opened:
        index.close()


@pytest.fixture
def index(open_index: Callable[..., ChromaIndex]) -> ChromaIndex:
    """An index for vectors of 8 dimensions."""
    return open_index()
