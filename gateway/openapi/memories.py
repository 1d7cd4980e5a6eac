"""Reads and writes by hand as the document shows them (contract section 5)."""

from __future__ import annotations

from gateway.openapi.schemas import PROJECT, Schema, flag, record, ref, text

_STRING: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object", "additionalProperties": True}
_TIME: Schema = {"type": "string", "format": "date-time"}
_UUID: Schema = {"type": "string", "format": "uuid"}
_STRINGS: Schema = {"type": "array", "items": _STRING}

MEMORY = record(
    {
        "id": {**_UUID, "description": "The memory's id."},
        "memory": {**_STRING, "description": "What it says."},
        "user_id": text("The user whom it belongs to."),
        "agent_id": text("The agent."),
        "app_id": text("The application."),
        "run_id": text("The session or run."),
        "session_id": text("The same as `run_id`."),
        "hash": {**_STRING, "description": "MD5 of the text. It protects nothing."},
        "metadata": {**_OBJECT, "nullable": True, "description": "Exactly as it was sent."},
        "categories": {**_STRINGS, "nullable": True, "description": "The categories it belongs to."},
        "immutable": {"type": "boolean", "description": "It can only be deleted."},
        "expiration_date": text("The last day on which it holds, in UTC.", format="date"),
        "created_at": {**_TIME, "description": "When it was said or first stored."},
        "updated_at": {**_TIME, "description": "When it last changed."},
        "valid_from": {
            **_TIME,
            "description": "When this version of it was committed. In answers about the past only.",
        },
        "valid_to": text("When it was superseded or deleted; null while it is current.", format="date-time"),
        "superseded": {"type": "boolean", "description": "It is current no longer."},
    },
    (),
    "A fact that is remembered. With `fields`, only those are there.",
)

_HISTORY_ENTRY = record(
    {
        "id": {**_UUID, "description": "The change's id."},
        "memory_id": _UUID,
        "input": {
            "type": "array",
            "items": record({"role": _STRING, "content": _STRING}, ("role", "content"), "A message."),
            "description": "The messages it was read from; none for a change by hand.",
        },
        "old_memory": text("What the memory said before; null on ADD."),
        "new_memory": text("What it said afterwards; null on DELETE."),
        "user_id": text("The user whom it belongs to."),
        "event": {"type": "string", "enum": ["ADD", "UPDATE", "DELETE"]},
        "metadata": {**_OBJECT, "nullable": True},
        "categories": {**_STRINGS, "nullable": True},
        "created_at": {**_TIME, "description": "When it happened."},
        "updated_at": {**_TIME, "description": "The same."},
        "actor": text("The id of the API key that asked for it."),
        "event_id": {**_UUID, "description": "The request that it was part of."},
        "evidence": ref("Evidence"),
    },
    ("id", "memory_id", "input", "old_memory", "new_memory", "event", "created_at"),
    "One change in the life of a memory.",
)

_EDIT: dict[str, Schema] = {
    "text": text("What the memory shall say."),
    "memory": text("The same as `text`, for clients that call it so."),
    "metadata": {
        **_OBJECT,
        "nullable": True,
        "description": "Merged key by key into the metadata that is there.",
    },
    "expiration_date": text(
        "The last day on which it holds, in UTC. A null lets it hold for good.", format="date"
    ),
    "timestamp": {
        "nullable": True,
        "description": "When it was said: Unix seconds or ISO 8601. It becomes the time of creation.",
        "oneOf": [{"type": "number"}, _STRING],
    },
}

FILTERS: dict[str, Schema] = {
    "metadata": {
        **_OBJECT,
        "nullable": True,
        "description": "Top-level keys that the metadata must hold with these values.",
    },
    "categories": {
        **_STRINGS,
        "nullable": True,
        "description": "Categories, of which the memory must have at least one.",
    },
    "keywords": {
        "nullable": True,
        "description": "Words or parts of words, of which the text must hold at least one.",
        "oneOf": [_STRING, _STRINGS],
    },
    "start_date": text("The first day or moment of creation, in ISO 8601."),
    "end_date": text("The last day or moment of creation, inclusive, in ISO 8601."),
}

IDS: dict[str, Schema] = {
    "user_id": text("The user; `*` for any."),
    "agent_id": text("The agent; `*` for any."),
    "app_id": text("The application; `*` for any."),
    "run_id": text("The session or run; `*` for any."),
}

_AS_OF = "Give what was current at this moment, by the time of commit: RFC 3339 or Unix seconds."
_SUPERSEDED = "Give every version, also those that are current no longer; with `as_of`, those up to then."

SHOWN: dict[str, Schema] = {
    "as_of": {"nullable": True, "description": _AS_OF, "oneOf": [{"type": "number"}, _STRING]},
    "include_superseded": flag(_SUPERSEDED, default=False),
    "fields": {**_STRINGS, "nullable": True, "description": "The fields of a memory to give; all if none."},
    "show_expired": flag("Give memories that have expired too.", default=False),
}

CONDITIONS: dict[str, Schema] = {
    "filters": {
        **_OBJECT,
        "nullable": True,
        "description": "AND, OR, NOT, fields and operators, nested. `*` is any value that is not null.",
    }
}

PAGE: dict[str, Schema] = {
    "page": {"type": "integer", "minimum": 1, "maximum": 999999999, "description": "Counted from 1."},
    "page_size": {"type": "integer", "minimum": 1, "description": "100 by default, 200 at most."},
}

QUERY_FILTERS: dict[str, Schema] = {
    **IDS,
    **{name: schema for name, schema in FILTERS.items() if name.endswith("_date")},
    "filters": {**_STRING, "description": "A filter as JSON."},
    "metadata": {**_STRING, "description": "Keys and values of the metadata, as a JSON object."},
    "categories": {**_STRINGS, "description": "Repeated or comma-separated; one is enough."},
    "keywords": {**_STRINGS, "description": "Parts of the text; one is enough."},
}

QUERY_IDS: dict[str, Schema] = {
    "memory_ids": {**_STRINGS, "description": "Ids of memories, repeated or comma-separated."}
}

QUERY_PAST: dict[str, Schema] = {
    "as_of": {**_STRING, "description": _AS_OF},
    "include_superseded": {"type": "boolean", "description": _SUPERSEDED},
}

QUERY_LIST: dict[str, Schema] = {
    **QUERY_PAST,
    **PAGE,
    "limit": {"type": "integer", "minimum": 1, "description": "The same as `page_size`, for an array."},
    "fields": {**_STRINGS, "description": "The fields of a memory to give, repeated or comma-separated."},
    "show_expired": {"type": "boolean", "description": "Give memories that have expired too."},
}

_ADDRESS = text("The address of the page; null when there is none.", format="uri")

_ITEM = {"memory_id": {**_UUID, "description": "The memory."}}

SCHEMAS: dict[str, Schema] = {
    "Memory": MEMORY,
    "MemoryArray": {"type": "array", "items": ref("Memory")},
    "MemoryPage": record(
        {
            "count": {"type": "integer", "description": "How many memories there are on all pages."},
            "next": _ADDRESS,
            "previous": _ADDRESS,
            "results": ref("MemoryArray"),
        },
        ("count", "next", "previous", "results"),
        "One page of memories, newest first.",
    ),
    "MemoryList": {"oneOf": [ref("MemoryArray"), ref("MemoryPage")]},
    "History": {"type": "array", "items": ref("HistoryEntry")},
    "HistoryEntry": _HISTORY_ENTRY,
    "UpdateRequest": record({**_EDIT, **PROJECT}, (), "What to change. At least one change is required."),
    "BatchUpdateRequest": record(
        {
            "memories": {
                "type": "array",
                "maxItems": 1000,
                "minItems": 1,
                "items": record({**_ITEM, **_EDIT}, ("memory_id",), "What to change in one memory."),
            },
            **PROJECT,
        },
        ("memories",),
        "Changes, at most one for each memory.",
    ),
    "BatchDeleteRequest": record(
        {
            "memories": {
                "type": "array",
                "maxItems": 1000,
                "minItems": 1,
                "items": {"oneOf": [record(_ITEM, ("memory_id",), "One memory."), _UUID]},
            },
            **PROJECT,
        },
        ("memories",),
        "Which memories.",
    ),
    "ListRequest": record(
        {**IDS, **CONDITIONS, **FILTERS, **SHOWN, **PROJECT}, (), "Which memories. An id is required."
    ),
    "PageRequest": record(
        {**CONDITIONS, **FILTERS, **SHOWN, **PROJECT},
        ("filters",),
        "Which memories. Ids stand in `filters`.",
    ),
    "FeedbackRequest": record(
        {
            **_ITEM,
            "feedback": text("How good it is.", enum=["POSITIVE", "NEGATIVE", "VERY_NEGATIVE", None]),
            "feedback_reason": text("Why."),
            **PROJECT,
        },
        ("memory_id",),
        "What somebody thinks of a memory.",
    ),
    "Feedback": record(
        {
            "id": {**_UUID, "description": "The note's id."},
            "feedback": text("How good it is.", enum=["POSITIVE", "NEGATIVE", "VERY_NEGATIVE", None]),
            "feedback_reason": text("Why."),
        },
        ("id", "feedback", "feedback_reason"),
        "What was noted.",
    ),
    "Done": record({"message": _STRING}, ("message",), "It is done."),
    "DoneCounted": record(
        {"message": _STRING, "count": {"type": "integer", "description": "How many memories."}},
        ("message", "count"),
        "It is done.",
    ),
}
