"""Rows of the ledger and values of the domain, each from the other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, cast

import numpy as np
from memoryd.exact_json import MAX_DEPTH, dumps, loads
from sqlalchemy import Row

from service.memory.filters.values import canonical, digest, folded
from service.memory.model import (
    AddRequest,
    Change,
    Event,
    Evidence,
    Memory,
    Message,
    Metadata,
    Rejection,
    Role,
    Scope,
    Vector,
)

Values = dict[str, object]
AnyRow = Row[Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(time: datetime) -> int:
    """Microseconds since the Unix epoch."""
    return (time - EPOCH) // timedelta(microseconds=1)


def time_from(value: int) -> datetime:
    """The time that many microseconds after the Unix epoch."""
    return EPOCH + timedelta(0, 0, value)


def scope_values(scope: Scope) -> Values:
    """The columns of the four ids."""
    return {
        "user_id": scope.user_id,
        "agent_id": scope.agent_id,
        "app_id": scope.app_id,
        "run_id": scope.run_id,
    }


def subject_values(scope: Scope) -> Values:
    """The columns of the subject."""
    return {"subject_kind": scope.subject.kind, "subject_id": scope.subject.id}


def scope_from(row: AnyRow) -> Scope:
    """The four ids of a row."""
    return _scope(row.user_id, row.agent_id, row.app_id, row.run_id)


# The rows of one answer mostly say the same of these two: reading them anew is most of what a row costs.
_scope = lru_cache(maxsize=1_024)(Scope)


def memory_values(memory: Memory) -> Values:
    """What an update of a memory may change."""
    return {
        "text": memory.text,
        "folded_text": folded(memory.text),
        "metadata": None if memory.metadata is None else dumps(memory.metadata),
        "categories": dumps(memory.categories),
        "immutable": memory.immutable,
        "expiration_date": memory.expiration_date and memory.expiration_date.isoformat(),
        "speaker": memory.speaker,
        "verbatim": memory.verbatim,
        "created_at": microseconds(memory.created_at),
        "updated_at": microseconds(memory.updated_at),
    }


def new_memory_values(project_id: str, memory: Memory) -> Values:
    """A whole row of `memories`."""
    return {
        "id": memory.id,
        "project_id": project_id,
        **subject_values(memory.scope),
        **scope_values(memory.scope),
        **memory_values(memory),
    }


READ = (
    *("id", "user_id", "agent_id", "app_id", "run_id", "text", "created_at", "updated_at", "metadata"),
    *("categories", "immutable", "expiration_date", "speaker", "verbatim"),
)
"""The columns that make a memory, for who reads many and wants no more than that."""

_ID, _TEXT = READ.index("id"), READ.index("text")


def texts_by_id(rows: Iterable[AnyRow]) -> list[tuple[str, str]]:
    """Id and text of rows of the columns `READ`: what can be said of memories before they are made."""
    return [(row[_ID], row[_TEXT]) for row in rows]


def memories_from(rows: Iterable[AnyRow]) -> list[Memory]:
    """The memories of rows of the columns `READ`, in that order.

    Looking up each value by its column's name takes several times as long.
    """
    return [_memory(*cast("tuple[Any, ...]", row)) for row in rows]


def memory_from(row: AnyRow) -> Memory:
    """The memory of a row that has these columns among others."""
    return _memory(*(getattr(row, name) for name in READ))


def _memory(
    memory_id: str,
    user_id: str | None,
    agent_id: str | None,
    app_id: str | None,
    run_id: str | None,
    text: str,
    created_at: int,
    updated_at: int,
    metadata: str | None,
    categories: str,
    immutable: bool,
    expiration_date: str | None,
    speaker: str | None,
    verbatim: bool,
) -> Memory:
    created = time_from(created_at)
    return Memory(
        memory_id,
        _scope(user_id, agent_id, app_id, run_id),
        text,
        created,
        created if updated_at == created_at else time_from(updated_at),
        metadata_from(metadata),
        categories_from(categories),
        immutable,
        None if expiration_date is None else date.fromisoformat(expiration_date),
        speaker,
        verbatim,
    )


def change_values(
    project_id: str, request_id: str, change_id: str, change: Change, actor: str | None, at: datetime
) -> Values:
    """A whole row of `changes`."""
    memory = change.memory
    return {
        "id": change_id,
        "project_id": project_id,
        "memory_id": memory.id,
        "request_id": request_id,
        "actor": actor,
        **scope_values(memory.scope),
        "event": change.event.value,
        "old_text": change.before and change.before.text,
        "new_text": change.after and change.after.text,
        "metadata": None if memory.metadata is None else dumps(memory.metadata),
        "categories": dumps(memory.categories),
        "evidence": change.evidence and evidence_text(change.evidence),
        "created_at": microseconds(at),
    }


def evidence_from(text: str | None) -> Evidence | None:
    """The evidence in a row of `changes`."""
    return None if text is None else Evidence(**cast("dict[str, Any]", loads(text)))


def metadata_from(text: str | None) -> Metadata | None:
    """Metadata, numbers kept exactly."""
    return None if text is None else cast("Metadata", loads(text))


@lru_cache(maxsize=1_024)
def categories_from(text: str) -> tuple[str, ...]:
    """Categories."""
    return tuple(cast("list[str]", loads(text)))


def outbox_values(project_id: str, change: Change) -> Values:
    """A whole row of `outbox`."""
    return {
        "project_id": project_id,
        "memory_id": change.memory.id,
        **scope_values(change.memory.scope),
        "vector": None if change.vector is None else vector_bytes(change.vector),
    }


def vector_bytes(vector: Vector) -> bytes:
    """A vector as float32, little endian."""
    return vector.astype("<f4").tobytes()


def vector_from(data: bytes) -> Vector:
    """A vector from float32, little endian."""
    return np.frombuffer(data, dtype="<f4")


def rejections_text(rejections: tuple[Rejection, ...]) -> str | None:
    """Rejections as JSON; None when there are none."""
    listed = [
        [rejection.event.value, rejection.reason, rejection.carried_out_as and rejection.carried_out_as.value]
        for rejection in rejections
    ]
    return dumps(listed) if listed else None


def payload_text(request: AddRequest) -> str:
    """A request as JSON, without its scope, which has columns of its own."""
    return dumps(_payload(request))


def payload_digest(request: AddRequest) -> str:
    """A digest that two requests share when they ask for the same, however their JSON was written."""
    # Through text, so that a number in it is what it will be when it is read again.
    payload = loads(payload_text(request), max_depth=MAX_DEPTH + 1)
    return digest(canonical({"scope": request.scope.ids, "payload": payload}))


def rejections_from(text: str | None) -> tuple[Rejection, ...]:
    """The rejections that `rejections_text` wrote."""
    listed = cast("list[tuple[str, str, str | None]]", [] if text is None else loads(text))
    return tuple(
        Rejection(Event(event), reason, None if instead is None else Event(instead))
        for event, reason, instead in listed
    )


def request_from(row: AnyRow) -> AddRequest:
    """The request that `payload_text` and the scope's columns hold."""
    # The payload holds the metadata, which may be as deep as a request may say, one level down.
    payload = cast("dict[str, Any]", loads(row.payload, max_depth=MAX_DEPTH + 1))
    return AddRequest(
        **payload
        | {
            "scope": scope_from(row),
            "messages": _messages(payload),
            "expiration_date": payload["expiration_date"] and date.fromisoformat(payload["expiration_date"]),
            "said_at": None if payload["said_at"] is None else time_from(payload["said_at"]),
        }
    )


def messages_from(text: str) -> tuple[Message, ...]:
    """The messages of a request that `payload_text` wrote."""
    return _messages(cast("dict[str, Any]", loads(text)))


def _payload(request: AddRequest) -> dict[str, object]:
    return {
        "messages": [[m.role.value, m.content, m.name] for m in request.messages],
        "metadata": request.metadata,
        "includes": request.includes,
        "excludes": request.excludes,
        "infer": request.infer,
        "custom_categories": dict(request.custom_categories),
        "custom_instructions": request.custom_instructions,
        "agent_custom_instructions": request.agent_custom_instructions,
        "immutable": request.immutable,
        "expiration_date": request.expiration_date and request.expiration_date.isoformat(),
        "said_at": None if request.said_at is None else microseconds(request.said_at),
        "async_mode": request.async_mode,
        "with_context": request.with_context,
    }


def _messages(payload: dict[str, Any]) -> tuple[Message, ...]:
    return tuple(Message(Role(role), content, name) for role, content, name in payload["messages"])


def evidence_text(evidence: Evidence) -> str:
    """Evidence as JSON."""
    return dumps(
        {
            "message_index": evidence.message_index,
            "start": evidence.start,
            "end": evidence.end,
            "speaker": evidence.speaker,
        }
    )
