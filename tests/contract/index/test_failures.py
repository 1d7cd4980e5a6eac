import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from service.index.chroma import ChromaIndex
from service.index.connect import embedded, server
from service.memory.errors import Unavailable
from service.memory.model import Scope
from service.memory.ports import IndexEntry
from tests.contract.index.chroma_server import free_port, running_chroma

VECTOR = np.ones(8, np.float32) / np.sqrt(np.float32(8))
PROJECT = "6f7dbd4e-1b4c-4f0e-9d1c-1f5f6f1d7c11"


async def assert_unavailable(index: ChromaIndex) -> None:
    """Every method says that the index is not available, and why only to the log."""
    calls = [
        index.ping(),
        index.vectors(PROJECT, ["secret-id"]),
        index.nearest(PROJECT, Scope(user_id="secret-user"), VECTOR[np.newaxis], 1),
        index.write(PROJECT, [IndexEntry("secret-id", Scope(user_id="secret-user"), VECTOR)], []),
        index.drop(PROJECT),
    ]
    for failed in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(failed, Unavailable), failed
        assert failed.reason == "INDEX_UNAVAILABLE"
        assert "secret" not in failed.text
        assert failed.__cause__ is not None


async def test_no_server() -> None:
    """Where no server listens, the index is not available."""
    index = ChromaIndex(server(f"http://127.0.0.1:{free_port()}"), "model", 8)
    try:
        await assert_unavailable(index)
    finally:
        index.close()


async def test_server_that_comes_and_goes(tmp_path: Path) -> None:
    """An index works as soon as its server is up, is not available while it is down, and works again."""
    port = free_port()
    index = ChromaIndex(server(f"http://127.0.0.1:{port}"), "model", 8)
    known: list[set[str]] = []
    try:
        for _ in range(2):
            await assert_unavailable(index)
            with running_chroma(tmp_path, port):
                known.append(set(await index.vectors(PROJECT, ["m"])))
                await index.write(PROJECT, [IndexEntry("m", Scope(user_id="u"), VECTOR)], [])
        await assert_unavailable(index)
    finally:
        index.close()

    assert known == [set(), {"m"}]


class Proxy(BaseHTTPRequestHandler):
    """Something between us and Chroma that is of no help, from the start or once Chroma greeted us."""

    greetings: ClassVar[dict[str, object]] = {
        "/api/v2/heartbeat": {"nanosecond heartbeat": 1},
        "/api/v2/auth/identity": {"user_id": "", "tenant": "t", "databases": ["d"]},
        "/api/v2/tenants/default_tenant": {"name": "default_tenant"},
        "/api/v2/tenants/default_tenant/databases/default_database": {
            "id": PROJECT,
            "name": "default_database",
            "tenant": "default_tenant",
        },
        "/api/v2/pre-flight-checks": {"max_batch_size": 100},
    }
    greets: bool
    silent: bool
    over: threading.Event

    def do_GET(self) -> None:
        if self.greets and self.path in self.greetings:
            self.answer(200, json.dumps(self.greetings[self.path]).encode())
        elif self.silent:
            self.over.wait(5)
        else:
            self.answer(502, b"<html>Bad gateway</html>")

    do_POST = do_DELETE = do_GET  # noqa: N815

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(params=itertools.product([False, True], [False, True]), ids=str)
def proxy(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of such a proxy."""
    greets, silent = request.param
    over = threading.Event()
    handler = type("ThisProxy", (Proxy,), {"greets": greets, "silent": silent, "over": over})
    listener = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{listener.server_port}"
    over.set()
    listener.shutdown()
    listener.server_close()
    thread.join()


async def test_proxy_in_the_way(proxy: str) -> None:
    """A proxy that keeps silent or speaks for itself is no index, and does not hold anybody for long."""
    index = ChromaIndex(server(proxy, timeout=0.2), "model", 8)
    try:
        async with asyncio.timeout(4):
            await assert_unavailable(index)
    finally:
        index.close()


async def test_directory_that_is_none(tmp_path: Path) -> None:
    """Where no directory can be made, the embedded index is not available."""
    (tmp_path / "file").write_text("in the way")
    index = ChromaIndex(embedded(tmp_path / "file" / "chroma"), "model", 8)
    try:
        await assert_unavailable(index)
    finally:
        index.close()


async def test_store_that_is_repaired(tmp_path: Path) -> None:
    """A store that cannot be read is not available, and is opened once it can be read."""
    store = tmp_path / "chroma.sqlite3"
    store.write_bytes(b"no database" * 1_000)
    index = ChromaIndex(embedded(tmp_path), "model", 8)
    try:
        await assert_unavailable(index)
        store.unlink()
        await index.ping()
    finally:
        index.close()


@pytest.mark.parametrize(
    "url",
    ["chroma:8000", "ftp://chroma", "http://", "http://chroma/path", "http://me:pw@chroma", "http://[::"],
)
def test_addresses_that_are_none(url: str) -> None:
    """An address that is no server's is refused at once, without repeating it."""
    with pytest.raises(ValueError, match="Chroma server") as refused:
        server(url)

    assert "pw" not in str(refused.value)
