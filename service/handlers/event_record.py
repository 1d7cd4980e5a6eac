"""A request and what became of it, as proto."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.exact_json import dumps
from memoryd.v1 import event_service_pb2, memory_pb2, memory_service_pb2

from service.handlers.add_request import evidence_proto, rejection_proto
from service.memory.events import ADD, MadeChange, RequestRecord
from service.memory.feed import LoggedChange, cursor_of
from service.memory.model import AddRequest, Message


def record_proto(record: RequestRecord) -> event_service_pb2.EventRecord:
    """The event."""
    proto = event_service_pb2.EventRecord(
        id=record.event_id,
        event_type=ADD,
        status=memory_pb2.EventStatus.Value(f"EVENT_STATUS_{record.status.value}"),
        payload=dumps(_payload(record.request)),
        results=[result_proto(change) for change in record.changes],
        rejected=[rejection_proto(rejection) for rejection in record.rejections],
        created_at=timestamp(record.created_at),
        updated_at=timestamp(record.updated_at),
        started_at=None if record.started_at is None else timestamp(record.started_at),
        completed_at=None if record.completed_at is None else timestamp(record.completed_at),
    )
    for name, value in record.request.scope.ids.items():
        setattr(proto, name, value)
    if record.failure is not None:
        proto.error.reason, proto.error.message = record.failure.reason, record.failure.text
    if record.latency is not None:
        proto.latency = record.latency / timedelta(milliseconds=1)
    return proto


def change_proto(change: LoggedChange) -> event_service_pb2.MemoryChange:
    """A change, as followers are told of it."""
    text = change.old_text or "" if change.new_text is None else change.new_text
    proto = event_service_pb2.MemoryChange(
        id=change.id,
        cursor=cursor_of(change.sequence),
        event=memory_pb2.Event.Value(f"EVENT_{change.event.value}"),
        memory_id=change.memory_id,
        data=memory_pb2.MemoryData(memory=text),
        categories=change.categories,
        metadata="" if change.metadata is None else dumps(change.metadata),
        event_id=change.request_id,
        created_at=timestamp(change.at),
        **change.scope.ids,
    )
    if change.old_text is not None and change.new_text is not None:
        proto.previous_memory = change.old_text
    return proto


def stored_response(record: RequestRecord) -> memory_service_pb2.AddMemoriesResponse:
    """The answer to an add that has succeeded, as it was given the first time."""
    return memory_service_pb2.AddMemoriesResponse(
        event_id=record.event_id,
        status=memory_pb2.EventStatus.Value(f"EVENT_STATUS_{record.status.value}"),
        results=[result_proto(change) for change in record.changes],
        rejected=[rejection_proto(rejection) for rejection in record.rejections],
    )


def timestamp(time: datetime) -> Timestamp:
    """A time as proto."""
    proto = Timestamp()
    proto.FromDatetime(time)
    return proto


def result_proto(change: MadeChange) -> memory_pb2.MemoryEvent:
    """A change that a request made."""
    text = change.old_text or "" if change.new_text is None else change.new_text
    proto = memory_pb2.MemoryEvent(
        event=memory_pb2.Event.Value(f"EVENT_{change.event.value}"),
        id=change.memory_id,
        data=memory_pb2.MemoryData(memory=text),
        categories=change.categories,
        metadata="" if change.metadata is None else dumps(change.metadata),
        evidence=None if change.evidence is None else evidence_proto(change.evidence),
    )
    if change.old_text is not None and change.new_text is not None:
        proto.previous_memory = change.old_text
    return proto


def _payload(request: AddRequest) -> dict[str, Any]:
    """The request under the names of its REST fields, without what has its default."""
    whole = {
        "messages": [_message(message) for message in request.messages],
        **request.scope.ids,
        "metadata": request.metadata,
        "includes": request.includes,
        "excludes": request.excludes,
        "infer": None if request.infer else False,
        "custom_categories": dict(request.custom_categories) or None,
        "custom_instructions": request.custom_instructions,
        "agent_custom_instructions": request.agent_custom_instructions,
        "immutable": request.immutable or None,
        "expiration_date": request.expiration_date and request.expiration_date.isoformat(),
        "timestamp": None if request.said_at is None else int(request.said_at.timestamp()),
        "async_mode": request.async_mode or None,
        "version": "v2" if request.with_context else None,
    }
    return {name: value for name, value in whole.items() if value is not None}


def _message(message: Message) -> dict[str, str]:
    named = {} if message.name is None else {"name": message.name}
    return {"role": message.role.value, "content": message.content, **named}
