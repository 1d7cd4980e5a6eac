from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from memoryd.v1.memory_pb2 import EventStatus
from memoryd.v1.memory_service_pb2 import AddMemoriesRequest, AddMemoriesResponse
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from openapi_spec_validator import OpenAPIV30SpecValidator

from tests.contract.rest.scripted import ScriptedService, refusal
from tests.contract.rest.test_add import ADDED, EVENT_ID, MESSAGES, UPDATED


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    """The document as it is served, without a key."""
    answer = await client.get("/openapi.json", headers={"Authorization": ""})
    assert answer.headers["content-type"] == "application/json"
    result: dict[str, Any] = answer.json()
    return result


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    """One of the document's schemas, able to find the others."""
    return {"$ref": f"#/components/schemas/{name}", "components": document["components"]}


async def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """The document is OpenAPI 3.0, which the offline page can show."""
    assert document["openapi"].startswith("3.0.")
    assert document["paths"]["/v1/memories/"]["post"]["operationId"] == "add_memories"
    OpenAPIV30SpecValidator(document).validate()


async def test_every_field_is_described(document: dict[str, Any]) -> None:
    """The request's schema has the proto's fields, each with a description."""
    properties = document["components"]["schemas"]["AddRequest"]["properties"]
    fields = {field.name for field in AddMemoriesRequest.DESCRIPTOR.fields}
    # One is a header.
    assert set(properties) == fields - {"validate_only", "request_id"}
    assert all(each.get("description") for each in properties.values())


async def test_keys_are_documented(document: dict[str, Any]) -> None:
    """Routes need the Authorization header, probes do not."""
    scheme = document["components"]["securitySchemes"]["ApiKey"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "Authorization")
    assert document["security"] == [{"ApiKey": []}]
    assert document["paths"]["/healthz"]["get"]["security"] == []
    assert "security" not in document["paths"]["/v1/memories/"]["post"]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": MESSAGES, "user_id": "a"},
        {"messages": "hi", "user_id": "a", "infer": None, "metadata": None, "output_format": None},
        {"messages": {"role": "user", "content": "hi"}, "metadata": {"a": [1, {"b": None}]}},
        {"messages": "hi", "custom_categories": [{"food": "what is eaten"}], "timestamp": 1},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "a"},
                        {"type": "image_url", "image_url": {"url": "https://x"}},
                    ],
                }
            ]
        },
    ],
)
async def test_good_requests_fit_the_document(document: dict[str, Any], body: object) -> None:
    """Every spelling that the gateway takes fits the request's schema."""
    OAS30WriteValidator(schema(document, "AddRequest")).validate(body)


@pytest.mark.parametrize("output_format", ["v1.0", "v1.1"])
async def test_answers_fit_the_document(
    client: httpx.AsyncClient, service: ScriptedService, document: dict[str, Any], output_format: str
) -> None:
    """Real answers of both formats fit the documented ones."""
    queued = AddMemoriesResponse(event_id=EVENT_ID, status=EventStatus.EVENT_STATUS_PENDING)
    service.will(UPDATED, ADDED, queued)
    validator = OAS30ReadValidator(schema(document, "AddResults"))
    for _ in range(3):
        body = {"messages": "hi", "user_id": "a", "output_format": output_format}
        validator.validate((await client.post("/v1/memories/", json=body)).json())


async def test_errors_fit_the_document(
    client: httpx.AsyncClient, service: ScriptedService, document: dict[str, Any]
) -> None:
    """Real errors fit the documented one."""
    service.will(refusal(("messages", "messages must not be empty")))
    validator = OAS30ReadValidator(schema(document, "Error"))
    validator.validate((await client.post("/v1/memories/", json={})).json())
    validator.validate((await client.get("/nowhere")).json())


async def test_the_page_needs_no_other_host(client: httpx.AsyncClient) -> None:
    """Everything that the page loads comes from the gateway itself."""
    page = await client.get("/docs", headers={"Authorization": ""})
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r"""(?:src|href)="([^"]+)"|url: '([^']+)'""", page.text)
    addresses = {first or second for first, second in loaded}
    assert "/openapi.json" in addresses
    for address in addresses:
        assert address.startswith("/")
        assert (await client.get(address)).status_code == 200
