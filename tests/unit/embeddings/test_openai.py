import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import numpy as np
import pytest
import pytest_asyncio

from service.embeddings.openai import OpenAIEmbedder
from service.memory.errors import Unavailable

Answer: TypeAlias = tuple[int, dict[str, str], bytes]
Answerer: TypeAlias = Callable[[list[str]], Answer]


def vector(text: str) -> list[float]:
    """Some vector of a text, not of length 1."""
    return [3.0, float(len(text)), float(sum(text.encode()) % 97)]


def rows(texts: list[str]) -> list[dict[str, Any]]:
    """The rows of a good answer, last first: only `index` says whose they are."""
    good = [{"object": "embedding", "index": n, "embedding": vector(t)} for n, t in enumerate(texts)]
    return good[::-1]


def answer(data: object) -> Answer:
    """An answer with these rows."""
    return 200, {"content-type": "application/json"}, json.dumps({"object": "list", "data": data}).encode()


def good(texts: list[str]) -> Answer:
    """A good answer."""
    return answer(rows(texts))


class Endpoint:
    """Somebody's endpoint for embeddings: answers what `answerer` says, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answerer: Answerer = good
        self.requests: list[dict[str, Any]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                endpoint.requests.append(request)
                status, headers, body = endpoint.answerer(request["input"])
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that answers well until told otherwise."""
    endpoint = Endpoint()
    thread = threading.Thread(target=endpoint.server.serve_forever, args=(0.02,))
    thread.start()
    yield endpoint
    endpoint.server.shutdown()
    endpoint.server.server_close()
    thread.join()


@pytest_asyncio.fixture
async def embedder(endpoint: Endpoint) -> AsyncIterator[OpenAIEmbedder]:
    """An embedder that was probed and does not retry."""
    embedder = OpenAIEmbedder(
        api_key="sk-secret", model="some-model", base_url=endpoint.url, timeout=1, max_retries=0
    )
    await embedder.probe()
    endpoint.requests.clear()
    yield embedder
    await embedder.close()


async def test_vectors(endpoint: Endpoint, embedder: OpenAIEmbedder) -> None:
    """Each text gets its own vector, by index, at length 1."""
    vectors = await embedder.embed(["one", "two", "three"])

    expected = np.array([vector(text) for text in ["one", "two", "three"]])
    np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)
    assert vectors.dtype == np.float32
    assert (embedder.model, embedder.dimensions) == ("some-model", 3)
    assert endpoint.requests == [
        {"input": ["one", "two", "three"], "model": "some-model", "encoding_format": "float"}
    ]


async def test_no_texts(endpoint: Endpoint, embedder: OpenAIEmbedder) -> None:
    """No texts give no rows, and nobody is asked."""
    assert (await embedder.embed([])).shape == (0, 3)
    assert endpoint.requests == []


async def test_batches(endpoint: Endpoint, embedder: OpenAIEmbedder) -> None:
    """Requests hold at most 256 texts and 250,000 bytes; an empty text is sent as a space."""
    texts = [f"text {number}" for number in range(600)] + [""] + ["long " * 1_500] * 50

    vectors = await embedder.embed(texts)

    assert [len(request["input"]) for request in endpoint.requests] == [256, 256, 122, 17]
    assert endpoint.requests[2]["input"][88] == " "
    expected = np.array([vector(text or " ") for text in texts])
    np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


async def test_long_text(endpoint: Endpoint, embedder: OpenAIEmbedder) -> None:
    """A long text is cut where its bytes end, at a whole character."""
    await embedder.embed(["a" + "ü" * 10_000])

    assert endpoint.requests[0]["input"] == ["a" + "ü" * 3_999]


async def test_dimensions_before_probe(endpoint: Endpoint) -> None:
    """Nobody knows the length of the vectors before the endpoint was asked."""
    embedder = OpenAIEmbedder(api_key="key", model="m", base_url=endpoint.url)

    with pytest.raises(RuntimeError, match="probe"):
        _ = embedder.dimensions
    await embedder.close()


@pytest.mark.parametrize(
    "body",
    [
        answer([]),
        answer(rows(["one"])),
        answer(rows(["one", "two", "three"])),
        answer([{"index": 0, "embedding": [1, 2, 3]}] * 2),
        answer([{"index": n, "embedding": [1, 2, 3, 4]} for n in range(2)]),
        answer([{"index": n, "embedding": [1.0] * (n + 2)} for n in range(2)]),
        answer([{"index": n, "embedding": [0, 0, 0]} for n in range(2)]),
        answer([{"index": n, "embedding": [1, float("nan"), 0]} for n in range(2)]),
        answer([{"index": n, "embedding": [1, float("inf"), 0]} for n in range(2)]),
        answer([{"index": n, "embedding": [1e300, 1e300, 0]} for n in range(2)]),
        answer([{"index": n, "embedding": [1, None, 0]} for n in range(2)]),
        answer([{"index": n, "embedding": []} for n in range(2)]),
        answer([{"index": n, "embedding": "AAAA"} for n in range(2)]),
        answer([{"index": n} for n in range(2)]),
        answer(None),
        (200, {"content-type": "application/json"}, b"[]"),
        (200, {"content-type": "application/json"}, b'{"data": [{"index": 0,'),
        (200, {"content-type": "text/html"}, b"<html>two</html>"),
        (200, {}, b""),
    ],
)
async def test_incomplete_answer(endpoint: Endpoint, embedder: OpenAIEmbedder, body: Answer) -> None:
    """Anything but one good vector for each text is refused."""
    endpoint.answerer = lambda _: body

    with pytest.raises(Unavailable) as failed:
        await embedder.embed(["one", "two"])

    assert failed.value.reason == "EMBEDDINGS_INCOMPLETE"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "EMBEDDER_AUTHENTICATION"),
        (403, "EMBEDDER_AUTHENTICATION"),
        (400, "EMBEDDER_REFUSED"),
        (404, "EMBEDDER_REFUSED"),
        (408, "EMBEDDER_UNAVAILABLE"),
        (429, "EMBEDDER_UNAVAILABLE"),
        (500, "EMBEDDER_UNAVAILABLE"),
        (503, "EMBEDDER_UNAVAILABLE"),
    ],
)
async def test_status(endpoint: Endpoint, embedder: OpenAIEmbedder, status: int, reason: str) -> None:
    """An error of the endpoint has a reason, and repeats neither key nor texts, nor does its cause."""
    endpoint.answerer = lambda texts: (status, {}, json.dumps({"error": {"message": texts[0]}}).encode())

    with pytest.raises(Unavailable) as failed:
        await embedder.embed(["a private text"])

    assert failed.value.reason == reason
    told = f"{failed.value.text} {failed.value.__cause__!r}"
    assert str(status) in told
    assert "private" not in told
    assert "secret" not in told


async def test_cut_off(endpoint: Endpoint, embedder: OpenAIEmbedder) -> None:
    """An answer whose connection breaks is none."""
    endpoint.answerer = lambda _: (200, {"content-length": "1000"}, b'{"data":')

    with pytest.raises(Unavailable) as failed:
        await embedder.embed(["one"])

    assert failed.value.reason == "EMBEDDER_UNAVAILABLE"


async def test_nobody_listens() -> None:
    """An endpoint that cannot be reached is not available."""
    away = OpenAIEmbedder(api_key="key", model="m", base_url="http://127.0.0.1:9/v1", max_retries=0)

    with pytest.raises(Unavailable) as failed:
        await away.probe()

    assert failed.value.reason == "EMBEDDER_UNAVAILABLE"
    await away.close()


async def test_retry(endpoint: Endpoint) -> None:
    """A request that was limited is repeated when the endpoint says so."""
    endpoint.answerer = lambda texts: (
        good(texts) if endpoint.requests[1:] else (429, {"retry-after": "0"}, b"")
    )
    embedder = OpenAIEmbedder(api_key="key", model="m", base_url=endpoint.url)

    await embedder.probe()

    assert len(endpoint.requests) == 2
    await embedder.close()


@pytest.mark.parametrize("retry_after", [None, "50"])
async def test_timeout(endpoint: Endpoint, retry_after: str | None) -> None:
    """Neither a slow endpoint nor one that wants us to wait makes a request longer than its limit."""
    released = threading.Event()

    def late(texts: list[str]) -> Answer:
        if retry_after is not None:
            return 429, {"retry-after": retry_after}, b""
        released.wait(5)
        return good(texts)

    endpoint.answerer = late
    embedder = OpenAIEmbedder(api_key="key", model="m", base_url=endpoint.url, timeout=0.2)
    started = time.monotonic()

    with pytest.raises(Unavailable) as failed:
        await embedder.probe()

    assert failed.value.reason == "EMBEDDER_UNAVAILABLE"
    assert time.monotonic() - started < 2
    released.set()
    await embedder.close()


async def test_readiness(
    endpoint: Endpoint, embedder: OpenAIEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recent answer proves that the endpoint works; without one it is asked, and must answer."""
    await embedder.ping()
    assert endpoint.requests == []
    monkeypatch.setattr("service.embeddings.openai.PROOF_SECONDS", 0.0)
    await embedder.ping()
    assert len(endpoint.requests) == 1
    endpoint.answerer = lambda _: (500, {}, b"")
    with pytest.raises(Unavailable):
        await embedder.ping()
