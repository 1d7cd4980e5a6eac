"""POST /v1/memories/ as the document shows it (contract section 3)."""

from __future__ import annotations

from gateway.openapi.schemas import PROJECT, Schema, flag, record, ref, text

_STRING: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object", "additionalProperties": True}

_IMAGE_URL: Schema = {
    "oneOf": [_STRING, record({"url": _STRING}, ("url",), "The address in an object.")],
    "description": "The address of an image. It is kept and not looked at.",
}

_PARTS: dict[str, Schema] = {
    "TextPart": record(
        {"type": {"type": "string", "enum": ["text"]}, "text": _STRING}, ("type", "text"), "Text."
    ),
    "ImagePart": record(
        {"type": {"type": "string", "enum": ["image_url"]}, "image_url": _IMAGE_URL},
        ("type", "image_url"),
        "An image.",
    ),
}

_MESSAGE = record(
    {
        "role": {
            "type": "string",
            "enum": ["user", "assistant", "system", "developer", "tool"],
            "description": "Who speaks.",
        },
        "content": {
            "description": "What is said: a string, a part, or parts whose texts are joined.",
            "oneOf": [
                _STRING,
                *(ref(name) for name in _PARTS),
                {"type": "array", "items": {"oneOf": [ref(name) for name in _PARTS]}},
            ],
        },
        "name": text("The speaker's name, where several share a role."),
    },
    ("role", "content"),
    "One utterance.",
)

_CATEGORY_MAP: Schema = {"type": "object", "additionalProperties": {"type": "string", "nullable": True}}

_REQUEST_FIELDS: dict[str, Schema] = {
    "messages": {
        "description": "The conversation, oldest message first: a list, one message, or the user's words.",
        "oneOf": [{"type": "array", "items": ref("Message"), "minItems": 1}, ref("Message"), _STRING],
    },
    "user_id": text("The user whom the messages are about. At least one of the four ids is required."),
    "agent_id": text("The agent that takes part. Alone, it makes the agent the one who is remembered."),
    "app_id": text("The application."),
    "run_id": text("The session or run."),
    "metadata": {
        **_OBJECT,
        "nullable": True,
        "description": "Any object. It goes on every memory that the call touches and comes back exactly.",
    },
    "includes": text('What to keep, in free text, such as "food preferences".', minLength=1),
    "excludes": text("What never to keep, in free text.", minLength=1),
    "infer": flag("Read facts from the messages, or store every message as it is.", default=True),
    "custom_categories": {
        "nullable": True,
        "description": "Category to description, for this call instead of the project's categories: "
        "an object, or a list of objects.",
        "oneOf": [_CATEGORY_MAP, {"type": "array", "items": _CATEGORY_MAP}],
    },
    **PROJECT,
    "output_format": text("The shape of the answer.", enum=["v1.0", "v1.1", None], default="v1.0"),
    "custom_instructions": text("How to read the messages, in free text."),
    "agent_custom_instructions": text("How to read the messages for facts about the agent."),
    "immutable": flag("The memories can never be changed afterwards, only deleted.", default=False),
    "expiration_date": text("The last day on which the memories hold, in UTC.", format="date"),
    "timestamp": {
        "type": "integer",
        "format": "int64",
        "nullable": True,
        "description": "When the messages were said, in Unix seconds. The default is now.",
    },
    "async_mode": flag("Answer as soon as the request is durable; work on it afterwards.", default=False),
    "version": text(
        "`v2` adds earlier messages of the scope as context.", enum=["v1", "v2", None], default="v1"
    ),
    "enable_graph": flag("Accepted for old clients; memoryd keeps no graph.", default=False),
    "structured_data_schema": {
        **_OBJECT,
        "nullable": True,
        "description": "Accepted for old clients.",
    },
}

_EVENT: Schema = {"type": "string", "enum": ["ADD", "UPDATE", "DELETE"], "description": "What happened."}

_EVIDENCE = record(
    {
        "message_index": {"type": "integer", "description": "Which message, counted from 0."},
        "start": {"type": "integer", "description": "Where the words begin, in code points."},
        "end": {"type": "integer", "description": "Where they end, exclusive."},
        "speaker": {"type": "string", "description": "Who said them."},
    },
    ("message_index", "start", "end", "speaker"),
    "The words that made it happen.",
)

_RESULT = record(
    {
        "id": {"type": "string", "format": "uuid", "description": "The memory."},
        "event": _EVENT,
        "memory": {"type": "string", "description": "What the memory says now. Only in format v1.1."},
        "data": record({"memory": _STRING}, ("memory",), "What the memory says now."),
        "previous_memory": {"type": "string", "description": "What it said before. Only on UPDATE."},
        "status": {"type": "string", "enum": ["SUCCEEDED"]},
        "event_id": {"type": "string", "format": "uuid", "description": "The request."},
        "categories": {"type": "array", "nullable": True, "items": _STRING},
        "metadata": {**_OBJECT, "nullable": True},
        "evidence": ref("Evidence"),
    },
    ("id", "event", "data", "status", "event_id", "categories", "metadata"),
    "One change to one memory.",
)

_QUEUED = record(
    {
        "message": _STRING,
        "status": {"type": "string", "enum": ["PENDING"]},
        "event_id": {"type": "string", "format": "uuid", "description": "The request."},
    },
    ("message", "status", "event_id"),
    "The answer to `async_mode`.",
)

_REJECTED = record(
    {
        "event": _EVENT,
        "reason": {"type": "string", "description": "A stable name, such as UNKNOWN_ID."},
        "carried_out_as": {"type": "string", "nullable": True, "enum": ["ADD", "UPDATE", "DELETE", None]},
    },
    ("event", "reason", "carried_out_as"),
    "A change that the model proposed and that was refused, or made in another way.",
)

_RESULTS: Schema = {"type": "array", "items": {"oneOf": [ref("AddResult"), ref("Queued")]}}

HEADERS: list[Schema] = [
    {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "maxLength": 255},
        "description": "A new name for every new request. The same request sent again under it has "
        "no second effect and is answered as the first time; another one is 409.",
    }
]

SCHEMAS: dict[str, Schema] = {
    **_PARTS,
    "Message": _MESSAGE,
    "AddRequest": record(_REQUEST_FIELDS, ("messages",), "Messages to remember, and how."),
    "AddRequestV3": record(
        _REQUEST_FIELDS
        | {
            "filters": {
                **_OBJECT,
                "nullable": True,
                "description": "Another place for the four ids: an object of them, or `AND` and a list.",
            }
        },
        ("messages",),
        "Messages to remember, and how.",
    ),
    "Evidence": _EVIDENCE,
    "AddResult": _RESULT,
    "Queued": _QUEUED,
    "Rejected": _REJECTED,
    "AddResultsV10": {**_RESULTS, "description": "Format v1.0: the changes, in the order they were made."},
    "AddResultsV11": record(
        {
            "results": _RESULTS,
            "relations": {"type": "array", "items": _OBJECT, "description": "Always empty."},
            "rejected": {"type": "array", "items": ref("Rejected")},
        },
        ("results", "relations"),
        "Format v1.1: an envelope.",
    ),
    "AddResultsV3": record(
        {
            "message": _STRING,
            "status": {"type": "string", "enum": ["PENDING", "SUCCEEDED"]},
            "event_id": {"type": "string", "format": "uuid", "description": "The request."},
            "results": {"type": "array", "items": ref("AddResult"), "description": "Once it has succeeded."},
        },
        ("message", "status", "event_id"),
        "The event to follow, with its results where they are there already.",
    ),
    "AddResults": {"oneOf": [ref("AddResultsV10"), ref("AddResultsV11")]},
}
