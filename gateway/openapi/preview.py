"""Previews as the document shows them."""

from __future__ import annotations

from gateway.openapi.schemas import PROJECT, Schema, record, ref, text

_UUID: Schema = {"type": "string", "format": "uuid"}
_STRINGS: Schema = {"type": "array", "items": {"type": "string"}}

SCHEMAS: dict[str, Schema] = {
    "Preview": record(
        {
            "plan_id": {**_UUID, "description": "By which it can be committed."},
            "expires_at": {"type": "string", "format": "date-time", "description": "Until when."},
            "operations": {"type": "array", "items": ref("PlannedOperation")},
            "rejected": {"type": "array", "items": ref("Rejected")},
            "candidates": {
                "type": "array",
                "items": ref("FoundMemory"),
                "description": "What the model was shown of what is known.",
            },
        },
        ("plan_id", "expires_at", "operations", "rejected", "candidates"),
        "What messages would change. Nothing was changed.",
    ),
    "PlannedOperation": record(
        {
            "id": {**_UUID, "description": "The memory; of a new one the id that it would have."},
            "event": {"type": "string", "enum": ["ADD", "UPDATE", "DELETE"]},
            "before": text("What the memory says now; null on ADD."),
            "after": text("What it would say; null on DELETE."),
            "categories": {**_STRINGS, "nullable": True},
            "metadata": {"type": "object", "additionalProperties": True, "nullable": True},
            "evidence": ref("Evidence"),
        },
        ("id", "event", "before", "after", "categories", "metadata"),
        "A change that would be made.",
    ),
    "CommitRequest": record(PROJECT, (), "Nothing but, at will, another project: `{}` will do."),
    "PreviewCommitted": record(
        {
            "message": {"type": "string"},
            "status": {"type": "string", "enum": ["SUCCEEDED"]},
            "event_id": {**_UUID, "description": "The request."},
            "results": {"type": "array", "items": ref("AddResult")},
            "rejected": {"type": "array", "items": ref("Rejected")},
        },
        ("message", "status", "event_id", "results", "rejected"),
        "What the plan changed.",
    ),
}
