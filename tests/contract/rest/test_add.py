from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from memoryd.v1.memory_pb2 import (
    ContentPart,
    Event,
    EventStatus,
    Evidence,
    MemoryData,
    MemoryEvent,
    Message,
    RejectedOperation,
)
from memoryd.v1.memory_service_pb2 import AddMemoriesRequest, AddMemoriesResponse

from tests.contract.rest.scripted import ScriptedService, refusal

EVENT_ID = "0b6cbf5a-7a2b-4a40-a1bb-58df1b6c6d10"
MEMORY_ID = "7f8f2f1f-5b0f-4a53-8e0b-3a3f2b7d9a11"
MESSAGES = [{"role": "user", "content": "I moved to Munich"}]
NO_SCOPE = "At least one of the filters: agent_id, user_id, app_id, run_id is required!"

NOTHING = AddMemoriesResponse(event_id=EVENT_ID, status=EventStatus.EVENT_STATUS_SUCCEEDED)
UPDATED = AddMemoriesResponse(
    event_id=EVENT_ID,
    status=EventStatus.EVENT_STATUS_SUCCEEDED,
    results=[
        MemoryEvent(
            event=Event.EVENT_UPDATE,
            id=MEMORY_ID,
            data=MemoryData(memory="Lives in Munich"),
            previous_memory="Lives in Berlin",
            categories=["personal_details"],
            evidence=Evidence(message_index=0, start=2, end=17, speaker="user"),
            metadata='{"id":1234567890123456789,"b":1.10,"a":null}',
        )
    ],
)
ADDED = AddMemoriesResponse(
    event_id=EVENT_ID,
    status=EventStatus.EVENT_STATUS_SUCCEEDED,
    results=[MemoryEvent(event=Event.EVENT_ADD, id=MEMORY_ID, data=MemoryData(memory="Lives in Munich"))],
    rejected=[
        RejectedOperation(event=Event.EVENT_DELETE, reason="QUOTE_NOT_FOUND"),
        RejectedOperation(event=Event.EVENT_UPDATE, reason="UNKNOWN_ID", carried_out_as=Event.EVENT_ADD),
    ],
)


async def add(client: httpx.AsyncClient, body: object, **options: Any) -> httpx.Response:
    """Adds."""
    return await client.post("/v1/memories/", json=body, **options)


def violations(answer: httpx.Response) -> dict[str, str]:
    """Field to description, of a 400."""
    assert answer.status_code == 400
    return {each["field"]: each["description"] for each in answer.json()["violations"]}


async def test_v1_0_is_an_array(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Without an output format the answer is a bare array, one object for each change."""
    service.will(ADDED)
    answer = await add(client, {"messages": MESSAGES, "user_id": "alex"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == [
        {
            "id": MEMORY_ID,
            "event": "ADD",
            "data": {"memory": "Lives in Munich"},
            "status": "SUCCEEDED",
            "event_id": EVENT_ID,
            "categories": None,
            "metadata": None,
        }
    ]


async def test_v1_1_is_an_envelope(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Under v1.1 results stand in an envelope, and each has its text flat and nested."""
    service.will(UPDATED)
    answer = await add(client, {"messages": MESSAGES, "user_id": "alex", "output_format": "v1.1"})
    assert answer.json() == {
        "results": [
            {
                "id": MEMORY_ID,
                "event": "UPDATE",
                "data": {"memory": "Lives in Munich"},
                "memory": "Lives in Munich",
                "previous_memory": "Lives in Berlin",
                "status": "SUCCEEDED",
                "event_id": EVENT_ID,
                "categories": ["personal_details"],
                "metadata": {"id": 1234567890123456789, "b": 1.1, "a": None},
                "evidence": {"message_index": 0, "start": 2, "end": 17, "speaker": "user"},
            }
        ],
        "relations": [],
    }


async def test_metadata_comes_back_to_the_letter(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Metadata in an answer is the text that the service keeps, not a rewriting of it."""
    service.will(UPDATED)
    answer = await add(client, {"messages": MESSAGES, "user_id": "alex"})
    assert '"metadata":{"id":1234567890123456789,"b":1.10,"a":null}' in answer.text


async def test_v1_1_names_rejected_operations(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """What the model proposed and memoryd refused stands beside the results."""
    service.will(ADDED)
    answer = await add(client, {"messages": MESSAGES, "user_id": "alex", "output_format": "v1.1"})
    assert answer.json()["rejected"] == [
        {"event": "DELETE", "reason": "QUOTE_NOT_FOUND", "carried_out_as": None},
        {"event": "UPDATE", "reason": "UNKNOWN_ID", "carried_out_as": "ADD"},
    ]


@pytest.mark.parametrize(
    ("output_format", "empty"), [("v1.0", []), ("v1.1", {"results": [], "relations": []})]
)
async def test_nothing_worth_keeping(
    client: httpx.AsyncClient, service: ScriptedService, output_format: str, empty: object
) -> None:
    """An add that changes nothing succeeds with an empty answer of its format."""
    service.will(NOTHING)
    answer = await add(client, {"messages": MESSAGES, "user_id": "a", "output_format": output_format})
    assert (answer.status_code, answer.json()) == (200, empty)


@pytest.mark.parametrize("output_format", ["v1.0", "v1.1"])
async def test_queued(client: httpx.AsyncClient, service: ScriptedService, output_format: str) -> None:
    """An asynchronous add answers with the event id under which it will be found."""
    service.will(AddMemoriesResponse(event_id=EVENT_ID, status=EventStatus.EVENT_STATUS_PENDING))
    body = {"messages": MESSAGES, "user_id": "a", "async_mode": True, "output_format": output_format}
    answer = (await add(client, body)).json()
    items = answer if output_format == "v1.0" else answer["results"]
    assert items == [
        {
            "message": "Memory processing has been queued for background execution",
            "status": "PENDING",
            "event_id": EVENT_ID,
        }
    ]
    assert service.request.async_mode


async def test_every_field_reaches_the_service(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """All fields of the contract are handed on as they are; unknown ones are ignored."""
    service.will(NOTHING)
    # JSON is not text in a body, and the request's own id stands in a header.
    not_texts = {"metadata", "structured_data_schema", "request_id"}
    strings = [each.name for each in AddMemoriesRequest.DESCRIPTOR.fields if each.type == each.TYPE_STRING]
    text_fields: dict[str, Any] = {name: f"some {name}" for name in strings if name not in not_texts}
    await add(
        client,
        {
            **text_fields,
            "messages": [{"role": "user", "content": "hi", "name": "Al", "tool_calls": [1]}],
            "metadata": {"b": 1, "a": 2},
            "structured_data_schema": {"x": []},
            "infer": False,
            "immutable": True,
            "enable_graph": True,
            "timestamp": 1721577600,
            "custom_categories": {"cooking": "recipes"},
            "source": "OPENCLAW",
            "api_version": 7,
        },
    )
    assert service.request == AddMemoriesRequest(
        **text_fields,
        messages=[Message(role="user", content="hi", name="Al")],
        metadata='{"b":1,"a":2}',
        structured_data_schema='{"x":[]}',
        infer=False,
        immutable=True,
        enable_graph=True,
        timestamp=1721577600,
        custom_categories={"cooking": "recipes"},
    )


async def test_null_is_absent(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """A field that is null is the same as one that is not there."""
    service.will(NOTHING)
    names = [field.name for field in AddMemoriesRequest.DESCRIPTOR.fields if field.name != "validate_only"]
    await add(client, dict.fromkeys(names))
    assert service.request == AddMemoriesRequest()


async def test_empty_is_not_absent(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """An empty string reaches the service, which can then refuse it."""
    service.will(refusal(("includes", "includes must not be empty")))
    answer = await add(client, {"messages": MESSAGES, "user_id": "a", "includes": ""})
    assert violations(answer) == {"includes": "includes must not be empty"}
    assert service.request.HasField("includes")
    assert not service.request.HasField("excludes")


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("hi", [Message(role="user", content="hi")]),
        ({"role": "assistant", "content": "hi"}, [Message(role="assistant", content="hi")]),
        ([], []),
        (
            {"role": "user", "content": {"type": "image_url", "image_url": {"url": "https://x/1.png"}}},
            [Message(role="user", parts=[ContentPart(image_url="https://x/1.png")])],
        ),
        (
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "look"},
                        {"type": "image_url", "image_url": {"url": "https://x/1.png", "detail": "low"}},
                        {"type": "image_url", "image_url": "https://x/2.png"},
                    ],
                }
            ],
            [
                Message(
                    role="user",
                    parts=[
                        ContentPart(text="look"),
                        ContentPart(image_url="https://x/1.png"),
                        ContentPart(image_url="https://x/2.png"),
                    ],
                )
            ],
        ),
    ],
    ids=["string", "dict", "empty list", "a lone part", "parts"],
)
async def test_spellings_of_messages(
    client: httpx.AsyncClient, service: ScriptedService, sent: object, received: list[Message]
) -> None:
    """Messages may be a list, one message or a string; content may be a string, a part or parts."""
    service.will(NOTHING)
    await add(client, {"messages": sent, "user_id": "alex"})
    assert list(service.request.messages) == received


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ({"a": "x", "b": "y"}, {"a": "x", "b": "y"}),
        ([{"a": "x"}, {"b": "y", "c": None}], {"a": "x", "b": "y", "c": ""}),
        ([], {}),
    ],
)
async def test_spellings_of_categories(
    client: httpx.AsyncClient, service: ScriptedService, sent: object, received: dict[str, str]
) -> None:
    """Categories may be an object or a list of objects with one or more keys."""
    service.will(NOTHING)
    await add(client, {"messages": MESSAGES, "user_id": "alex", "custom_categories": sent})
    assert dict(service.request.custom_categories) == received


async def test_project_in_the_query(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Organization and project may stand in the query, and in both places if they agree."""
    service.will(NOTHING)
    await add(
        client,
        {"messages": MESSAGES, "user_id": "a", "org_id": "o1"},
        params={"org_id": "o1", "project_id": "p1", "other": "x"},
    )
    assert (service.request.org_id, service.request.project_id) == ("o1", "p1")


async def test_two_projects_are_refused(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Body and query that name different projects are never reconciled by a guess."""
    service.will(NOTHING)
    body = {"messages": MESSAGES, "user_id": "a", "project_id": "p1"}
    answer = await add(client, body, params={"project_id": "p2"})
    assert violations(answer) == {"project_id": "project_id is given more than once, with different values"}
    assert service.request.validate_only


async def test_scope_text(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """An add without a scope carries the exact text that clients look for, in every place."""
    service.will(refusal(("user_id", NO_SCOPE)))
    answer = await add(client, {"messages": MESSAGES})
    body = answer.json()
    assert answer.status_code == 400
    assert (body["error"], body["detail"], body["details"]) == (NO_SCOPE, NO_SCOPE, {"message": NO_SCOPE})
    assert body["code"] == "INVALID_REQUEST"
    assert body["request_id"] == answer.headers["x-request-id"]


TYPE_FAULTS: list[tuple[str, object, str, str]] = [
    ("messages", 5, "messages", "messages must be a list, an object or a string, not an integer"),
    ("messages", ["hi"], "messages[0]", "messages[0] must be an object, not a string"),
    (
        "messages",
        {"role": 1, "content": "x"},
        "messages[0].role",
        "messages[0].role must be a string, not an integer",
    ),
    (
        "messages",
        [{"role": "user", "content": 1.5}],
        "messages[0].content",
        "messages[0].content must be a string, a part or a list of parts, not a decimal number",
    ),
    (
        "messages",
        [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "audio"}]}],
        "messages[0].content[1].type",
        "messages[0].content[1].type must be text or image_url",
    ),
    (
        "messages",
        [{"role": "user", "content": ["a"]}],
        "messages[0].content[0]",
        "messages[0].content[0] must be an object, not a string",
    ),
    (
        "messages",
        [{"role": "user", "content": [{"type": "text"}]}],
        "messages[0].content[0].text",
        "messages[0].content[0].text is required",
    ),
    (
        "messages",
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 5}}]}],
        "messages[0].content[0].image_url.url",
        "messages[0].content[0].image_url.url must be a string, not an integer",
    ),
    (
        "messages",
        [{"role": "user", "content": [{"type": "image_url", "image_url": []}]}],
        "messages[0].content[0].image_url",
        "messages[0].content[0].image_url must be a string, not a list",
    ),
    ("user_id", 7, "user_id", "user_id must be a string, not an integer"),
    ("infer", "yes", "infer", "infer must be a boolean, not a string"),
    ("infer", 1, "infer", "infer must be a boolean, not an integer"),
    ("metadata", [1], "metadata", "metadata must be an object, not a list"),
    ("metadata", '{"a": 1}', "metadata", "metadata must be an object, not a string"),
    ("timestamp", 1.0, "timestamp", "timestamp must be an integer, not a decimal number"),
    ("timestamp", True, "timestamp", "timestamp must be an integer, not a boolean"),
    ("timestamp", 2**63, "timestamp", "timestamp is out of range"),
    (
        "custom_categories",
        ["food"],
        "custom_categories[0]",
        'Expected a dictionary of items but got type "str"',
    ),
    ("custom_categories", "food", "custom_categories", 'Expected a dictionary of items but got type "str"'),
    ("custom_categories", [5], "custom_categories[0]", 'Expected a dictionary of items but got type "int"'),
    (
        "custom_categories",
        [2.5],
        "custom_categories[0]",
        'Expected a dictionary of items but got type "float"',
    ),
    (
        "custom_categories",
        {"a": 5},
        "custom_categories",
        "custom_categories has a description that is not a string",
    ),
    (
        "custom_categories",
        [{"a": "x"}, {"a": "y"}],
        "custom_categories[1]",
        "custom_categories[1] names a category a second time",
    ),
]


@pytest.mark.parametrize(("name", "value", "path", "description"), TYPE_FAULTS)
async def test_wrong_types(
    client: httpx.AsyncClient,
    service: ScriptedService,
    name: str,
    value: object,
    path: str,
    description: str,
) -> None:
    """A value of the wrong type is named with its path, and the rest is checked but not carried out."""
    service.will(NOTHING)
    answer = await add(client, {"messages": MESSAGES, "user_id": "alex", name: value})
    assert violations(answer) == {path: description}
    assert answer.json()["error"] == description
    assert service.request.validate_only


async def test_all_violations_at_once(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """One answer joins what the gateway and the service find, each thing once."""
    service.will(
        refusal(
            ("includes", "includes must not be empty"),
            ("messages[0].role", "unknown role"),
            ("messages[1].content", "content must not be empty"),
            ("messages[2].content", "content must not be empty"),
            ("messages", "too many messages"),
            ("infer", "the service cannot know"),
        )
    )
    answer = await add(
        client,
        {
            "messages": [
                {"role": 5, "content": "x"},
                {"role": "user", "content": [{"type": "audio"}]},
                {"role": "user", "content": ""},
            ],
            "user_id": "alex",
            "includes": "",
            "infer": "yes",
        },
    )
    assert violations(answer) == {
        "messages[0].role": "messages[0].role must be a string, not an integer",
        "messages[1].content[0].type": "messages[1].content[0].type must be text or image_url",
        "infer": "infer must be a boolean, not a string",
        "includes": "includes must not be empty",
        "messages[2].content": "content must not be empty",
        "messages": "too many messages",
    }
    assert answer.json()["error"] == "; ".join(each["description"] for each in answer.json()["violations"])


async def test_faulty_scope_is_not_also_missing(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """An id of the wrong type is one mistake: it does not also count as no id."""
    service.will(refusal(("agent_id", NO_SCOPE)))
    answer = await add(client, {"messages": MESSAGES, "user_id": 7})
    assert violations(answer) == {"user_id": "user_id must be a string, not an integer"}


async def test_faults_of_another_id_still_count(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """What the service finds in a well-typed id is reported beside an ill-typed one."""
    service.will(refusal(("agent_id", "agent_id is too long")))
    answer = await add(client, {"messages": MESSAGES, "user_id": 7, "agent_id": "a" * 300})
    assert set(violations(answer)) == {"user_id", "agent_id"}


@pytest.mark.parametrize(
    "fault",
    [
        {"messages": [5] * 5000},
        {"messages": {"role": "user", "content": [5] * 5000}},
        {"custom_categories": ["a"] * 5000},
    ],
)
async def test_many_violations_are_cut(
    client: httpx.AsyncClient, service: ScriptedService, fault: dict[str, object]
) -> None:
    """An answer names at most a hundred violations, however many a body holds."""
    service.will(NOTHING)
    answer = await add(client, {"messages": MESSAGES, "user_id": "a", **fault})
    assert len(answer.json()["violations"]) == 100


async def test_numbers_are_sent_exactly(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """Big integers, decimals, key order and Unicode in metadata reach the service unchanged."""
    service.will(NOTHING)
    metadata = '{"z":12345678901234567890123,"a":0.10000000000000000001,"é":["😀",{"n":null}],"e":1.50}'
    body = f'{{"messages":"hi","user_id":"a","metadata":{metadata}}}'
    await client.post("/v1/memories/", content=body.encode())
    assert service.request.metadata == metadata


async def test_any_content_type(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """The content type of a request is not looked at."""
    service.will(NOTHING)
    body = json.dumps({"messages": "hi", "user_id": "a"})
    answer = await client.post("/v1/memories/", content=body, headers={"content-type": "text/plain"})
    assert answer.status_code == 200
