from __future__ import annotations

import time

import numpy as np
import openai
import pytest

from tests.scripted_openai import Body, Reply, ScriptedOpenAI, plan, status, text_vector


def client_of(server: ScriptedOpenAI) -> openai.OpenAI:
    """A client of the SDK that does not repeat."""
    return openai.OpenAI(api_key="any", base_url=server.base_url, max_retries=0)


def timed_start() -> float:
    """Seconds that a server takes to come and go."""
    started = time.monotonic()
    with ScriptedOpenAI() as server:
        assert server.base_url
    return time.monotonic() - started


def test_starts_quickly() -> None:
    """A server is up and down again within 50 ms (the best of five: the machine has other work)."""
    assert min(timed_start() for _ in range(5)) < 0.05


def test_reply_not_fetched() -> None:
    """A scripted reply that nobody fetched fails the test."""
    with ScriptedOpenAI() as server:
        server.script(plan())
        with pytest.raises(AssertionError, match="nobody fetched"):
            server.verify()


def test_request_not_scripted() -> None:
    """A request that no reply was scripted for fails the test."""
    with ScriptedOpenAI() as server, client_of(server) as client:
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="gpt-test", messages=[])
        with pytest.raises(AssertionError, match="no reply was scripted"):
            server.verify()


def test_default() -> None:
    """Beyond the script a default answers, from the request."""
    with ScriptedOpenAI(default=lambda request: plan() if request["model"] == "a" else status(404)) as server:
        with client_of(server) as client:
            client.chat.completions.create(model="a", messages=[])
            with pytest.raises(openai.NotFoundError):
                client.chat.completions.create(model="b", messages=[])
        server.verify()


def test_embeddings() -> None:
    """Vectors have length 1 and the wanted size, are the same each time, and nearer for shared words."""
    texts = ["Lives in Munich", "Lives in Berlin", "Likes green tea"]
    with ScriptedOpenAI(dimensions=128) as server, client_of(server) as client:
        base64 = client.embeddings.create(model="e", input=texts)
        floats = client.embeddings.create(model="e", input=texts, encoding_format="float")
        short = client.embeddings.create(model="e", input=texts[0], dimensions=16)
    vectors = np.array([item.embedding for item in base64.data])
    np.testing.assert_allclose([item.embedding for item in floats.data], vectors, atol=1e-6)
    np.testing.assert_allclose(vectors[0], text_vector(texts[0], 128), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert len(short.data[0].embedding) == 16
    assert [request["input"] for request in server.embedding_requests] == [texts, texts, texts[0]]


def test_broken_default() -> None:
    """A default that raises fails the test, with its error."""

    def broken(request: Body) -> Reply:
        raise KeyError(request["model"])

    with ScriptedOpenAI(default=broken) as server, client_of(server) as client:
        with pytest.raises(openai.APIConnectionError):
            client.chat.completions.create(model="gpt-test", messages=[])
        with pytest.raises(AssertionError, match=r"KeyError\('gpt-test'\)"):
            server.verify()


def test_missing_embeddings() -> None:
    """An answer can have fewer vectors than there were texts, and a script of failures comes first."""
    with ScriptedOpenAI() as server, client_of(server) as client:
        server.script_embeddings(status(500))
        server.missing_embeddings = 1
        with pytest.raises(openai.InternalServerError):
            client.embeddings.create(model="e", input=["a", "b"])
        assert len(client.embeddings.create(model="e", input=["a", "b"]).data) == 1
        server.verify()
