"""Exports and summaries as the document shows them (contract section 5)."""

from __future__ import annotations

from gateway.openapi.schemas import PROJECT, Schema, query_parameters, record, text

_STRING: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object", "additionalProperties": True}
_UUID: Schema = {"type": "string", "format": "uuid"}
_COUNT: Schema = {"type": "integer"}

_IDS: dict[str, Schema] = {
    "user_id": text("The user whom the memories belong to."),
    "agent_id": text("The agent."),
    "app_id": text("The application."),
    "run_id": text("The session or run."),
}
_FILTERS: dict[str, Schema] = {
    "filters": {**_OBJECT, "nullable": True, "description": "A filter with AND, OR, NOT, fields, operators."},
    **_IDS,
    **PROJECT,
}

GET_PARAMETERS = query_parameters(
    {
        "memory_export_id": {**_UUID, "description": "The export."},
        "filters": {**_STRING, "description": "The filters it was requested with, as JSON."},
        **_IDS,
    },
    PROJECT,
)

SCHEMAS: dict[str, Schema] = {
    "CreateExport": record(
        {
            "schema": {
                "oneOf": [_OBJECT, _STRING],
                "description": "A JSON Schema, or one as text. It may use no `pattern` and refer to nothing "
                "outside itself.",
            },
            "export_instructions": text("How to fill the schema, in free text. It needs a language model."),
            **_FILTERS,
        },
        ("schema",),
        "What to export. Without any filter: all memories of the project.",
    ),
    "ExportCreated": record({"message": _STRING, "id": _UUID}, ("message", "id"), "The request is stored."),
    "GetExport": record(
        {"memory_export_id": text("The export.", format="uuid"), **_FILTERS},
        (),
        "Which export: one by its id, or the newest of these filters, or the newest of all.",
    ),
    "Export": {
        "description": "The exported value; or, until there is one, an object with `id`, `status` (PENDING, "
        "RUNNING or FAILED) and `message` or `error`.",
    },
    "SummaryRequest": record(_FILTERS, (), "What to summarize."),
    "Summary": record(
        {
            "summary": {**_STRING, "description": "Empty when there are no memories."},
            "written_by": {
                **_STRING,
                "description": "A language model, or `rules`: then it lists the newest facts by category.",
            },
            "memories": {**_COUNT, "description": "How many were read, the newest ones."},
            "total": {**_COUNT, "description": "How many pass the filter."},
        },
        ("summary", "written_by", "memories", "total"),
        "Memories in short.",
    ),
}
