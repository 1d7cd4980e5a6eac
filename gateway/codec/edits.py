"""Changes by hand, their history and feedback, as JSON and as proto (contract section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd import exact_json
from memoryd.v1.memory_pb2 import Event, Feedback, HistoryEntry, Message
from memoryd.v1.memory_service_pb2 import (
    BatchDeleteMemoriesRequest,
    BatchUpdateMemoriesRequest,
    CreateFeedbackRequest,
    CreateFeedbackResponse,
    ListMemoryHistoryResponse,
    MemoryEdit,
    UpdateMemoryRequest,
)
from starlette.datastructures import QueryParams

from gateway.codec.add import evidence_object
from gateway.codec.fields import Fields, assign, kind_of
from gateway.codec.memory import raw_object, rfc3339
from gateway.codec.project import read_project
from gateway.errors import Violation
from gateway.validation import Decoded

E = TypeVar("E", UpdateMemoryRequest, MemoryEdit)


def decode_update(
    memory_id: str, body: dict[str, object], query: QueryParams
) -> Decoded[UpdateMemoryRequest]:
    """PUT /v1/memories/{memory_id}/."""
    violations: list[Violation] = []
    fields = Fields(body, "", violations)
    request = _edit(UpdateMemoryRequest(memory_id=memory_id), fields)
    assign(request, read_project(fields, query))
    return Decoded(request, violations, _unsaid(violations))


def decode_batch_update(body: dict[str, object], query: QueryParams) -> Decoded[BatchUpdateMemoriesRequest]:
    """PUT /v1/batch/."""
    violations: list[Violation] = []
    fields = Fields(body, "", violations)
    items = [_item(item, index, violations) for index, item in enumerate(fields.items("memories"))]
    request = BatchUpdateMemoriesRequest(memories=items)
    assign(request, read_project(fields, query))
    return Decoded(request, violations, _unsaid(violations))


def decode_batch_delete(body: dict[str, object], query: QueryParams) -> Decoded[BatchDeleteMemoriesRequest]:
    """DELETE /v1/batch/: a list of objects with a `memory_id`, or of ids."""
    violations: list[Violation] = []
    fields = Fields(body, "", violations)
    ids = [
        item if isinstance(item, str) else _required_id(item, index, violations)
        for index, item in enumerate(fields.items("memories"))
    ]
    request = BatchDeleteMemoriesRequest(memory_ids=ids)
    assign(request, read_project(fields, query))
    return Decoded(request, violations)


def decode_feedback(body: dict[str, object], query: QueryParams) -> Decoded[CreateFeedbackRequest]:
    """POST /v1/feedback/."""
    violations: list[Violation] = []
    fields = Fields(body, "", violations)
    request = CreateFeedbackRequest(
        memory_id=fields.text("memory_id") or "",
        feedback_reason=fields.text("feedback_reason"),
    )
    assign(request, read_project(fields, query))
    verdict = fields.text("feedback")
    if verdict is not None:
        try:
            request.feedback = Feedback.Value(f"FEEDBACK_{verdict.upper()}")
        except ValueError:
            fields.fault("feedback", "must be POSITIVE, NEGATIVE, VERY_NEGATIVE or null")
    return Decoded(request, violations)


def feedback_object(answer: CreateFeedbackResponse) -> dict[str, object]:
    """What was noted."""
    said = answer.feedback != Feedback.FEEDBACK_UNSPECIFIED
    return {
        "id": answer.id,
        "feedback": Feedback.Name(answer.feedback).removeprefix("FEEDBACK_") if said else None,
        "feedback_reason": answer.feedback_reason if answer.HasField("feedback_reason") else None,
    }


def encode_history(answer: ListMemoryHistoryResponse) -> bytes:
    """The changes of a memory, oldest first."""
    return exact_json.dumps([_entry(entry) for entry in answer.entries]).encode()


def _entry(entry: HistoryEntry) -> dict[str, object]:
    at = rfc3339(entry.created_at)
    evidence = {"evidence": evidence_object(entry.evidence)} if entry.HasField("evidence") else {}
    return {
        "id": entry.id,
        "memory_id": entry.memory_id,
        "input": [_message(said) for said in entry.input],
        "old_memory": entry.old_memory if entry.HasField("old_memory") else None,
        "new_memory": entry.new_memory if entry.HasField("new_memory") else None,
        "user_id": entry.user_id if entry.HasField("user_id") else None,
        "event": Event.Name(entry.event).removeprefix("EVENT_"),
        "metadata": raw_object(entry.metadata),
        "categories": list(entry.categories) or None,
        "created_at": at,
        "updated_at": at,
        "actor": entry.actor or None,
        "event_id": entry.request_id,
        **evidence,
    }


def _message(said: Message) -> dict[str, object]:
    message: dict[str, object] = {"role": said.role, "content": said.content}
    return {**message, "name": said.name} if said.name else message


def _edit(request: E, fields: Fields) -> E:
    """What to change. Clients of different ages call the text `text` or `memory`."""
    text, memory = fields.text("text"), fields.text("memory")
    if text is not None and memory is not None and text != memory:
        fields.fault("memory", "says something else than text")
    given: Mapping[str, object] = {
        "text": memory if text is None else text,
        "metadata": fields.object_text("metadata"),
        "expiration_date": _expiration(fields),
    }
    assign(request, given)
    timestamp = _moment(fields)
    if timestamp is not None:
        request.timestamp.CopyFrom(timestamp)
    return request


def _expiration(fields: Fields) -> str | None:
    """A null that is there says: no expiration any more. The proto says it with an empty string."""
    if "expiration_date" in fields.values and fields.values["expiration_date"] is None:
        return ""
    return fields.text("expiration_date")


def _moment(fields: Fields) -> Timestamp | None:
    """Unix seconds with or without a fraction, or ISO 8601, in UTC unless it says otherwise."""
    value = fields.values.get("timestamp")
    timestamp = Timestamp()
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            timestamp.FromDatetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            timestamp.FromMicroseconds(int(value * 1_000_000))
        elif value is not None:
            fields.fault("timestamp", f"must be a number or a string, not {kind_of(value)}")
            return None
    except (ValueError, OverflowError):
        fields.fault("timestamp", "must be a time in Unix seconds or ISO 8601")
        return None
    return None if value is None else timestamp


def _item(item: object, index: int, violations: list[Violation]) -> MemoryEdit:
    path = f"memories[{index}]"
    if not isinstance(item, dict):
        violations.append(Violation(path, f"{path} must be an object, not {kind_of(item)}"))
        return MemoryEdit()
    fields = Fields(item, path, violations)
    return _edit(MemoryEdit(memory_id=fields.text("memory_id") or ""), fields)


def _required_id(item: object, index: int, violations: list[Violation]) -> str:
    path = f"memories[{index}]"
    if not isinstance(item, dict):
        violations.append(Violation(path, f"{path} must be an object, not {kind_of(item)}"))
        return ""
    return Fields(item, path, violations).text("memory_id") or ""


def _unsaid(violations: list[Violation]) -> frozenset[str]:
    """The text of an edit with a faulty change: that there is no change is then no news."""
    return frozenset(f"{each.field.rpartition('.')[0]}.text".removeprefix(".") for each in violations)
