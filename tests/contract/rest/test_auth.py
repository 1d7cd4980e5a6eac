from __future__ import annotations

import httpx
import pytest
from memoryd.v1.account_service_pb2 import PingResponse

from tests.contract.rest.scripted import INVALID_KEY, Failure, ScriptedService

PONG = PingResponse(status="ok", org_id="o", project_id="p", user_email="a@example.com")


async def test_ping(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Ping answers with the four fields that clients check."""
    service.will(PONG)
    answer = await client.get("/v1/ping/")
    assert answer.json() == {
        "status": "ok",
        "org_id": "o",
        "project_id": "p",
        "user_email": "a@example.com",
    }


async def test_ping_another_project(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """A project in the query reaches the service."""
    service.will(PONG)
    await client.get("/v1/ping/", params={"project_id": "p2", "org_name": ""})
    assert service.request.project_id == "p2"
    assert service.request.HasField("org_name")
    assert not service.request.HasField("org_id")


async def test_ping_two_projects(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Two different projects in one query are refused."""
    service.will(PONG)
    answer = await client.get("/v1/ping/?project_id=a&project_id=b")
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["violations"]] == ["project_id"]


@pytest.mark.parametrize("value", ["Token m0-key", "Bearer m0-key", "token  m0-key", "rubbish"])
async def test_the_header_is_handed_on(
    client: httpx.AsyncClient, service: ScriptedService, value: str
) -> None:
    """The service judges the key; the gateway hands the header on unchanged."""
    service.will(PONG)
    await client.get("/v1/ping/", headers={"Authorization": value})
    assert service.calls[0].metadata["authorization"] == value


async def test_no_key(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Without a key the service is asked, and answers 401."""
    del client.headers["authorization"]
    service.will(INVALID_KEY)
    answer = await client.get("/v1/ping/")
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("Invalid API key. ")
    assert answer.json()["code"] == "INVALID_API_KEY"
    assert "authorization" not in service.calls[0].metadata


@pytest.mark.parametrize(
    "value", ["Token clé".encode(), "Token ключ".encode(), b"Token a\tb", b"Token " + b"k" * 4096]
)
async def test_keys_that_no_call_can_carry(
    client: httpx.AsyncClient, service: ScriptedService, value: bytes
) -> None:
    """A header that is no printable ASCII, or far too long, is 401 without a call."""
    answer = await client.post("/v1/memories/", json={}, headers=[(b"Authorization", value)])
    assert answer.status_code == 401
    assert answer.json()["detail"].startswith("Invalid API key. ")
    assert not service.calls


async def test_two_keys(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Two Authorization headers are no key."""
    answer = await client.get(
        "/v1/ping/", headers=[("Authorization", "Token a"), ("Authorization", "Token b")]
    )
    assert answer.status_code == 401
    assert not service.calls


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"messages": 5, "infer": "yes"}', b'{"a": NaN}', b""])
async def test_the_key_comes_first(client: httpx.AsyncClient, service: ScriptedService, body: bytes) -> None:
    """With a wrong key, a body that is wrong too is 401."""
    service.will(INVALID_KEY)
    answer = await client.post("/v1/memories/", content=body)
    assert answer.status_code == 401


async def test_other_errors_come_before_types_too(
    client: httpx.AsyncClient, service: ScriptedService
) -> None:
    """A service that cannot check the request is heard before the gateway's own findings."""
    import grpc

    service.will(Failure(grpc.StatusCode.UNAVAILABLE, "The store does not answer.", "STORE_UNAVAILABLE"))
    answer = await client.post("/v1/memories/", json={"messages": 5})
    assert (answer.status_code, answer.json()["code"]) == (503, "STORE_UNAVAILABLE")


async def test_foreign_headers_are_ignored(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Headers of old clients, non-ASCII ones among them, neither fail nor reach the service."""
    service.will(PONG)
    headers = [(b"Mem0-User-ID", "ü".encode()), (b"X-Mem0-Source", b"x")]
    answer = await client.get("/v1/ping/", headers=headers)
    assert answer.status_code == 200
    assert not {"mem0-user-id", "x-mem0-source"} & set(service.calls[0].metadata)
