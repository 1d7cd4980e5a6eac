from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from service.bootstrap.index import chroma_of
from service.config import Settings, SettingsError, read_settings
from service.index.chroma import ChromaIndex
from service.memory.errors import Unavailable

HEADERS = "Authorization=Bearer a=b, X-Tenant=t"


@pytest.fixture
def guarded() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a Chroma server that lets nobody in, and the headers that it was sent."""
    seen: list[dict[str, str]] = []

    class Guard(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(dict(self.headers))
            self.send_response(401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Guard) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", seen
        server.shutdown()
        thread.join()


async def test_headers_are_sent(
    guarded: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every header of MEMORYD_CHROMA_HEADERS goes to the server, and into no text about the settings."""
    url, seen = guarded
    monkeypatch.setenv("MEMORYD_CHROMA_URL", url)
    monkeypatch.setenv("MEMORYD_CHROMA_HEADERS", HEADERS)
    settings: Settings = read_settings()
    index = ChromaIndex(chroma_of(settings), "model", 3)
    with pytest.raises(Unavailable):
        await index.ping()
    index.close()
    assert (seen[0]["Authorization"], seen[0]["X-Tenant"]) == ("Bearer a=b", "t")
    assert "Bearer" not in repr(settings)


@pytest.mark.parametrize("wrong", ["Authorization", "a b=c", "=x", "A=", "A=1,,B=2", "A=é"])
def test_headers_that_are_none(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not NAME=VALUE is refused at start, without repeating it."""
    monkeypatch.setenv("MEMORYD_CHROMA_HEADERS", wrong)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert "MEMORYD_CHROMA_HEADERS" in str(caught.value)
    assert "Bearer" not in str(caught.value)
