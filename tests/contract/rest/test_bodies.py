from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from memoryd.v1.account_service_pb2 import PingRequest, PingResponse
from memoryd.v1.memory_service_pb2 import AddMemoriesRequest, AddMemoriesResponse

from gateway.body import UNVOUCHED
from tests.contract.rest.conftest import BODY_LIMIT, Network
from tests.contract.rest.scripted import INVALID_KEY, ScriptedService


def padded(size: int) -> bytes:
    """A good body of exactly that many bytes."""
    frame = b'{"messages":"","user_id":"a"}'
    return frame.replace(b'""', b'"' + b"x" * (size - len(frame)) + b'"')


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"metadata": {"a": {"b": 1, "b": 2}}}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}",
        b"[" * 50_000,
        b'{"a": ' + b"[" * 200_000,
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[]",
        b'"text"',
        b"null",
    ],
)
async def test_malformed_json(client: httpx.AsyncClient, service: ScriptedService, body: bytes) -> None:
    """What is not one strict JSON object is 400 and says why, once the key is known to be good."""
    service.will(*[PingResponse(status="ok")] * (2 if len(body) > UNVOUCHED else 1))
    answer = await client.post("/v1/memories/", content=body)
    error = answer.json()
    assert (answer.status_code, error["code"]) == (400, "MALFORMED_JSON")
    assert error["error"].startswith("malformed JSON")
    assert error["violations"] == [{"field": "body", "description": error["error"]}]


async def test_the_largest_body(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """A body of exactly the limit is taken."""
    service.will(PingResponse(status="ok"), AddMemoriesResponse())
    answer = await client.post("/v1/memories/", content=padded(BODY_LIMIT))
    assert answer.status_code == 200


async def test_large_bodies_need_a_key_first(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """A large body of an unknown caller is not even parsed; a small one costs no extra call."""
    service.will(INVALID_KEY)
    assert (await client.post("/v1/memories/", content=padded(UNVOUCHED + 1))).status_code == 401
    service.will(AddMemoriesResponse())
    assert (await client.post("/v1/memories/", content=padded(UNVOUCHED))).status_code == 200
    assert [type(call.request) for call in service.calls] == [PingRequest, AddMemoriesRequest]


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 5 * 1024 * 1024])
async def test_too_large_a_body(client: httpx.AsyncClient, service: ScriptedService, size: int) -> None:
    """A longer one is 413 by its declared length, whatever the key, and the connection lives on."""
    answer = await client.post("/v1/memories/", content=padded(size))
    assert (answer.status_code, answer.json()["code"]) == (413, "REQUEST_TOO_LARGE")
    assert answer.headers["content-type"] == "application/json"
    assert (await client.get("/healthz")).status_code == 200
    assert not service.calls


async def test_too_large_a_stream(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """A stream without a length is 413 as soon as it passes the limit."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(128):
            yield b"x" * 4096

    answer = await client.post("/v1/memories/", content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "REQUEST_TOO_LARGE")
    assert not service.calls


async def test_refused_before_it_is_sent(network: Network) -> None:
    """A client that declares too much is answered before it has sent any of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
    writer.write(b"POST /v1/memories/ HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000\r\n\r\n")
    status_line = await asyncio.wait_for(reader.readline(), 2)
    assert status_line.startswith(b"HTTP/1.1 413 ")
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_goes_away(
    network: Network, client: httpx.AsyncClient, service: ScriptedService
) -> None:
    """A body that ends early is never read as a whole one, and others are served on."""
    _, writer = await asyncio.open_connection("127.0.0.1", network.port)
    writer.write(b"POST /v1/memories/ HTTP/1.1\r\nhost: x\r\ncontent-length: 90\r\n\r\n{}")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.get("/healthz")).status_code == 200
    assert not service.calls


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v2/memories/", b'{"fields": [1.5]}'),
        ("PUT", "/v1/batch/", b'{"memories": [1.5]}'),
        ("DELETE", "/v1/batch/", b'{"memories": [1.5]}'),
        ("POST", "/v3/memories/add/", b'{"filters": 1.5}'),
    ],
)
async def test_decimals_in_the_wrong_place(
    client: httpx.AsyncClient, service: ScriptedService, method: str, path: str, body: bytes
) -> None:
    """A decimal number where something else is wanted is named like any other value."""
    service.will(AddMemoriesResponse())
    answer = await client.request(method, path, content=body)
    assert answer.status_code == 400
    assert "not a decimal number" in answer.json()["error"]
