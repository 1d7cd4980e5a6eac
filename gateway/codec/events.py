"""Events as JSON (contract section 5)."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.v1.event_service_pb2 import (
    EventRecord,
    GetEventRequest,
    ListEventsRequest,
    MemoryChange,
    RetryEventRequest,
    WatchEventsRequest,
)
from memoryd.v1.memory_pb2 import Event
from simplejson import RawJSON
from starlette.datastructures import QueryParams

from gateway.codec.add import change_object, rejection_object, status_name
from gateway.codec.fields import Fields, assign
from gateway.codec.memory import SCOPE_FIELDS, raw_object, rfc3339
from gateway.codec.project import decode_selection, read_project
from gateway.codec.query import QueryFields
from gateway.errors import Violation
from gateway.validation import Decoded


def decode_list(query: QueryParams) -> Decoded[ListEventsRequest]:
    """Which events a query asks for."""
    violations: list[Violation] = []
    fields, request = QueryFields(query, violations), ListEventsRequest()
    assign(
        request,
        {
            **{name: fields.text(name) for name in ("event_type", "status", "start_date", "end_date")},
            **{name: fields.integer(name) for name in ("page", "page_size")},
            **read_project(Fields({}, "", violations), query),
        },
    )
    return Decoded(request, violations)


def decode_get(event_id: str, query: QueryParams) -> Decoded[GetEventRequest]:
    """Which event a path names."""
    return decode_selection(GetEventRequest(event_id=event_id), query)


def decode_watch(query: QueryParams, last_event_id: str | None) -> Decoded[WatchEventsRequest]:
    """Which changes to follow. Who comes back says in a header where it was cut off, and that counts."""
    violations: list[Violation] = []
    fields, request = QueryFields(query, violations), WatchEventsRequest()
    assign(
        request,
        {
            **{name: fields.text(name) for name in SCOPE_FIELDS},
            **{name: fields.flag(name) for name in ("from_beginning", "until_now")},
            "cursor": last_event_id or fields.text("cursor"),
            **read_project(Fields({}, "", violations), query),
        },
    )
    # Then it is read to be checked only.
    request.until_now |= bool(violations)
    return Decoded(request, violations)


def memory_change_object(change: MemoryChange) -> dict[str, object]:
    """One change of one memory, ready for `memoryd.exact_json.dumps`."""
    given = {field.name: value for field, value in change.ListFields()}
    return {
        "id": change.id,
        "event": Event.Name(change.event).removeprefix("EVENT_"),
        "memory_id": change.memory_id,
        "data": {"memory": change.data.memory},
        "previous_memory": given.get("previous_memory"),
        "categories": list(change.categories),
        "metadata": raw_object(change.metadata),
        "event_id": change.event_id,
        **{name: given[name] for name in SCOPE_FIELDS if name in given},
        "created_at": rfc3339(change.created_at),
        "cursor": change.cursor,
    }


def decode_retry(event_id: str, body: dict[str, object], query: QueryParams) -> Decoded[RetryEventRequest]:
    """Which event a path names, to be retried."""
    violations: list[Violation] = []
    request = RetryEventRequest(event_id=event_id)
    assign(request, read_project(Fields(body, "", violations), query))
    return Decoded(request, violations)


def event_object(event: EventRecord) -> dict[str, object]:
    """What stands for an event in an answer, ready for `memoryd.exact_json.dumps`."""
    given = {field.name: value for field, value in event.ListFields()}
    ids = {name: given[name] for name in SCOPE_FIELDS if name in given}
    return {
        "id": event.id,
        "event_type": event.event_type,
        "status": status_name(event.status),
        "payload": RawJSON(event.payload),
        "results": [
            {**change_object(change, event.status, event.id), "memory": change.data.memory, **ids}
            for change in event.results
        ],
        "rejected": [rejection_object(operation) for operation in event.rejected],
        "error": f"{event.error.reason}: {event.error.message}" if "error" in given else None,
        "created_at": rfc3339(event.created_at),
        "updated_at": rfc3339(event.updated_at),
        "started_at": _time(given.get("started_at")),
        "completed_at": _time(given.get("completed_at")),
        "latency": given.get("latency"),
    }


def _time(time: Timestamp | None) -> str | None:
    return None if time is None else rfc3339(time)
