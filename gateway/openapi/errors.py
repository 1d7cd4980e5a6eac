"""Errors as the document shows them."""

from __future__ import annotations

from typing import Any

from gateway.openapi.schemas import Schema, content, record, ref

_TEXT: Schema = {"type": "string"}

SCHEMAS: dict[str, Schema] = {
    "Violation": record(
        {
            "field": {**_TEXT, "description": "The path of the field, such as `messages[0].role`."},
            "description": {**_TEXT, "description": "What is wrong with it."},
        },
        ("field", "description"),
        "One broken rule.",
    ),
    "Error": record(
        {
            "error": {**_TEXT, "description": "What went wrong, for people."},
            "detail": {**_TEXT, "description": "The same text."},
            "details": record({"message": _TEXT}, ("message",), "The same text once more."),
            "code": {**_TEXT, "description": "A stable reason, for programs."},
            "request_id": {**_TEXT, "description": "The id to quote in a report; also in `X-Request-Id`."},
            "violations": {
                "type": "array",
                "items": ref("Violation"),
                "description": "Every broken rule. Only with status 400.",
            },
        },
        ("error", "detail", "details", "code", "request_id"),
        "What every error looks like, but for one.",
    ),
    "ScopeRequired": {
        "type": "array",
        "items": _TEXT,
        "minItems": 1,
        "maxItems": 1,
        "description": "What a list says that was not told whose memories: the text alone.",
    },
}

_DESCRIPTIONS = {
    400: "The request breaks rules; `violations` names all of them.",
    401: "No API key, or an invalid one.",
    403: "The key may not use that organization or project.",
    404: "Nothing there, or nothing of yours.",
    409: "The name is taken, or another change came first. Repeat the call in the second case; `code` tells.",
    413: "The body is larger than the limit.",
    429: "Too many requests; `Retry-After` says how many seconds to wait.",
    500: "A fault of memoryd.",
    503: "The store or the model does not answer. Nothing was changed; repeat the call.",
    504: "The call took too long.",
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"description": text, **content(ref("Error"))} for status, text in _DESCRIPTIONS.items()
}
"""What any route that needs a key may answer, beside its success."""
