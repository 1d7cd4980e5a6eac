"""Events as the document shows them (contract section 5)."""

from __future__ import annotations

from typing import Any

from gateway.openapi.schemas import PROJECT, Schema, page_of, query_parameters, record, ref

_STRING: Schema = {"type": "string"}
_TIME: Schema = {"type": "string", "format": "date-time"}

_STATUSES = ["PENDING", "RUNNING", "SUCCEEDED", "FAILED"]

LIST_PARAMETERS: dict[str, Any] = query_parameters(
    {
        "event_type": {"type": "string", "enum": ["ADD", "SEARCH"], "description": "memoryd keeps ADD only."},
        "status": {"type": "string", "enum": _STATUSES},
        "start_date": {"type": "string", "format": "date", "description": "The first day, in UTC."},
        "end_date": {"type": "string", "format": "date", "description": "The last day, in UTC."},
        "page": {"type": "integer", "minimum": 1, "default": 1},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
        **PROJECT,
    }
)

WATCH_PARAMETERS: dict[str, Any] = query_parameters(
    {
        "cursor": {
            "type": "string",
            "description": "Continue after it. The header Last-Event-ID says the same.",
        },
        "from_beginning": {
            "type": "boolean",
            "description": "Without a cursor: begin with the first change.",
        },
        "until_now": {"type": "boolean", "description": "End once everything is told that there is."},
        **{name: {"type": "string"} for name in ("user_id", "agent_id", "app_id", "run_id")},
        **PROJECT,
    }
)

_CHANGE = record(
    {
        "id": {"type": "string", "format": "uuid", "description": "The change's, however often it is told."},
        "event": {"type": "string", "enum": ["ADD", "UPDATE", "DELETE"]},
        "memory_id": {"type": "string", "format": "uuid"},
        "data": {"type": "object", "properties": {"memory": _STRING}},
        "previous_memory": {**_STRING, "nullable": True, "description": "The text before an UPDATE."},
        "categories": {"type": "array", "items": _STRING},
        "metadata": {"type": "object", "nullable": True, "additionalProperties": True},
        "event_id": {"type": "string", "format": "uuid", "description": "Of the request."},
        "created_at": _TIME,
        "cursor": {**_STRING, "description": "The same as the event's id."},
    },
    ("id", "event", "memory_id", "data", "created_at", "cursor"),
    "The `data` of one event: one change of one memory.",
)

_EVENT = record(
    {
        "id": {"type": "string", "format": "uuid", "description": "The `event_id` of the add."},
        "event_type": {"type": "string", "enum": ["ADD"]},
        "status": {"type": "string", "enum": _STATUSES},
        "payload": {"type": "object", "additionalProperties": True, "description": "The request."},
        "results": {"type": "array", "items": ref("AddResult"), "description": "What it changed."},
        "rejected": {"type": "array", "items": ref("Rejected")},
        "error": {
            **_STRING,
            "nullable": True,
            "description": "Why the last attempt failed: a stable reason and a text. "
            "While the event is PENDING, another attempt will follow.",
        },
        "created_at": _TIME,
        "updated_at": _TIME,
        "started_at": {**_TIME, "nullable": True},
        "completed_at": {**_TIME, "nullable": True},
        "latency": {"type": "number", "nullable": True, "description": "How long it took, in milliseconds."},
    },
    ("id", "event_type", "status", "payload", "results", "error", "created_at", "updated_at"),
    "A request, and what became of it.",
)

SCHEMAS: dict[str, Schema] = {"Event": _EVENT, "Events": page_of("Event"), "MemoryChange": _CHANGE}
