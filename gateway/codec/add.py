"""POST /v1/memories/ as JSON, and AddMemories as proto (contract section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from memoryd import exact_json
from memoryd.v1.memory_pb2 import Event, EventStatus, Evidence, MemoryEvent, RejectedOperation
from memoryd.v1.memory_service_pb2 import (
    AddMemoriesRequest,
    AddMemoriesResponse,
    CommitPreviewResponse,
    PreviewMemoriesRequest,
)
from simplejson import RawJSON
from starlette.datastructures import Headers, QueryParams

from gateway.codec.add_scope import with_scope
from gateway.codec.categories import read_categories
from gateway.codec.fields import Fields
from gateway.codec.messages import read_messages
from gateway.codec.project import read_project
from gateway.errors import Violation
from gateway.validation import Decoded

SCOPE_FIELDS = ("user_id", "agent_id", "app_id", "run_id")
TEXT_FIELDS = (
    *SCOPE_FIELDS,
    "includes",
    "excludes",
    "output_format",
    "custom_instructions",
    "agent_custom_instructions",
    "expiration_date",
    "version",
)
FLAG_FIELDS = ("infer", "immutable", "async_mode", "enable_graph")
OBJECT_FIELDS = ("metadata", "structured_data_schema")

KEY_HEADER = "idempotency-key"

R = TypeVar("R", AddMemoriesRequest, PreviewMemoriesRequest)

QUEUED = "Memory processing has been queued for background execution"
"""The text of a queued request; clients compare it."""

ADDED = "Memories added successfully"


def decode(body: dict[str, object], query: QueryParams) -> Decoded[AddMemoriesRequest]:
    """The request that a body and a query make, and what is of the wrong type in them."""
    return _decode(AddMemoriesRequest, body, query, [])


def decode_preview(body: dict[str, object], query: QueryParams) -> Decoded[PreviewMemoriesRequest]:
    """The same for POST /v1/memories/preview/."""
    return _decode(PreviewMemoriesRequest, body, query, [])


def _decode(
    kind: type[R], body: dict[str, object], query: QueryParams, violations: list[Violation]
) -> Decoded[R]:
    fields = Fields(body, "", violations)
    request = kind(
        messages=read_messages(body.get("messages"), violations),
        custom_categories=read_categories(body.get("custom_categories"), violations),
        timestamp=fields.integer("timestamp", bits=64),
    )
    given: dict[str, object] = {
        **{name: fields.text(name) for name in TEXT_FIELDS},
        **{name: fields.flag(name) for name in FLAG_FIELDS},
        **{name: fields.object_text(name) for name in OBJECT_FIELDS},
        **read_project(fields, query),
    }
    for name, value in given.items():
        if value is not None:
            setattr(request, name, value)
    return Decoded(request, violations, _unsaid(given, violations))


def decode_v3(body: dict[str, object], query: QueryParams) -> Decoded[AddMemoriesRequest]:
    """The same for POST /v3/memories/add/, which is asynchronous unless told otherwise.

    What is stored as it is needs no model and is therefore stored at once. The ids may stand in `filters`.
    """
    violations: list[Violation] = []
    decoded = _decode(AddMemoriesRequest, with_scope(body, SCOPE_FIELDS, violations), query, violations)
    request = decoded.request
    verbatim = request.HasField("infer") and not request.infer
    request.async_mode = not verbatim and body.get("async_mode") is not False
    return decoded


def with_key(decoded: Decoded[AddMemoriesRequest], headers: Headers) -> Decoded[AddMemoriesRequest]:
    """The same request under the name that the header Idempotency-Key gives it, which can be one only."""
    given = set(headers.getlist(KEY_HEADER))
    if len(given) > 1:
        text = "Idempotency-Key is given more than once, with different values"
        return replace(decoded, violations=[*decoded.violations, Violation("request_id", text)])
    if given:
        decoded.request.request_id = given.pop()
    return decoded


def _unsaid(given: Mapping[str, object], violations: Sequence[Violation]) -> frozenset[str]:
    """The scope's fields, if the only ids in it were faulty: that it is empty is then no news."""
    faulty = any(violation.field in SCOPE_FIELDS for violation in violations)
    if faulty and all(given[name] is None for name in SCOPE_FIELDS):
        return frozenset((*SCOPE_FIELDS, "scope", ""))
    return frozenset()


def encode(answer: AddMemoriesResponse, output_format: str) -> bytes:
    """The answer's JSON: an array (v1.0), or an envelope in which each item has its text flat too (v1.1)."""
    if answer.status == EventStatus.EVENT_STATUS_PENDING:
        items: list[dict[str, Any]] = [{"message": QUEUED, "status": "PENDING", "event_id": answer.event_id}]
    else:
        items = _results(answer)
    if output_format != "v1.1":
        return exact_json.dumps(items).encode()
    envelope: dict[str, object] = {"results": _flat(items), "relations": []}
    if answer.rejected:
        envelope["rejected"] = [rejection_object(operation) for operation in answer.rejected]
    return exact_json.dumps(envelope).encode()


def encode_v3(answer: AddMemoriesResponse | CommitPreviewResponse) -> dict[str, object]:
    """The answer of POST /v3/memories/add/: one object, with the results once there are any."""
    head = {"status": status_name(answer.status), "event_id": answer.event_id}
    if answer.status == EventStatus.EVENT_STATUS_PENDING:
        return {"message": QUEUED, **head}
    return {"message": ADDED, **head, "results": _flat(_results(answer))}


def status_name(status: EventStatus.ValueType) -> str:
    """How far a request has come, as JSON says it."""
    return EventStatus.Name(status).removeprefix("EVENT_STATUS_")


def _results(answer: AddMemoriesResponse | CommitPreviewResponse) -> list[dict[str, Any]]:
    return [change_object(result, answer.status, answer.event_id) for result in answer.results]


def _flat(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**item, "memory": item["data"]["memory"]} if "data" in item else item for item in items]


def change_object(result: MemoryEvent, status: EventStatus.ValueType, event_id: str) -> dict[str, Any]:
    """One change that a request made, ready for `memoryd.exact_json.dumps`."""
    item: dict[str, Any] = {
        "id": result.id,
        "event": event_name(result.event),
        "data": {"memory": result.data.memory},
        "status": status_name(status),
        "event_id": event_id,
        "categories": list(result.categories) or None,
        # Metadata is JSON text already, and must come back as it is.
        "metadata": RawJSON(result.metadata) if result.metadata else None,
    }
    if result.event == Event.EVENT_UPDATE:
        item["previous_memory"] = result.previous_memory
    if result.HasField("evidence"):
        item["evidence"] = evidence_object(result.evidence)
    return item


def evidence_object(evidence: Evidence) -> dict[str, object]:
    """The words that a fact was read from."""
    return {
        "message_index": evidence.message_index,
        "start": evidence.start,
        "end": evidence.end,
        "speaker": evidence.speaker,
    }


def rejection_object(operation: RejectedOperation) -> dict[str, Any]:
    """What the model proposed in vain."""
    kept = operation.carried_out_as != Event.EVENT_UNSPECIFIED
    return {
        "event": event_name(operation.event),
        "reason": operation.reason,
        "carried_out_as": event_name(operation.carried_out_as) if kept else None,
    }


def event_name(event: Event.ValueType) -> str:
    """What happened, as JSON says it."""
    return Event.Name(event).removeprefix("EVENT_")
