from __future__ import annotations

from urllib.parse import unquote

import httpx
import pytest
from memoryd.v1.account_service_pb2 import PingResponse
from memoryd.v1.entity_service_pb2 import DeleteEntityResponse
from memoryd.v1.memory_service_pb2 import AddMemoriesResponse

from tests.contract.rest.scripted import ScriptedService


@pytest.mark.parametrize("path", ["/v1/ping/", "/v1/ping", "//v1/ping/", "//v1/ping", "///v1/ping/"])
async def test_spellings_of_a_path(client: httpx.AsyncClient, service: ScriptedService, path: str) -> None:
    """A path works with and without its slash and with doubled leading ones, without a redirect."""
    service.will(PingResponse(status="ok"))
    url = f"{str(client.base_url).rstrip('/')}{path}"
    answer = await client.get(url)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/v1/memories", "//v1/memories/"])
async def test_spellings_of_add(client: httpx.AsyncClient, service: ScriptedService, path: str) -> None:
    """A POST keeps its body under every spelling."""
    service.will(AddMemoriesResponse())
    url = f"{str(client.base_url).rstrip('/')}{path}"
    answer = await client.post(url, json={"messages": "hi", "user_id": "a"})
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("path", ["/healthz/", "/openapi.json/", "/docs/", "//healthz"])
async def test_spellings_of_our_own_paths(client: httpx.AsyncClient, path: str) -> None:
    """Paths that no old client knows follow the same rules."""
    assert (await client.get(f"{str(client.base_url).rstrip('/')}{path}")).status_code == 200


async def test_head(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """HEAD answers as GET without a body, and the connection stays usable."""
    service.will(PingResponse(status="ok"), PingResponse(status="ok"))
    head = await client.head("/v1/ping/")
    get = await client.get("/v1/ping/")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert get.json()["status"] == "ok"


async def test_head_never_posts(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """HEAD on a path that only takes POST does nothing."""
    assert (await client.head("/v1/feedback/")).status_code == 405
    assert not service.calls


@pytest.mark.parametrize("entity_id", ["%0A", "a%0Ab", "a%2Fb", "%20"])
async def test_any_id_in_a_path(client: httpx.AsyncClient, service: ScriptedService, entity_id: str) -> None:
    """What is wrong with an id is for the service to say, line breaks too."""
    service.will(DeleteEntityResponse())
    assert (await client.delete(f"/v2/entities/user/{entity_id}/")).status_code == 200
    assert service.request.entity_id == unquote(entity_id)
