"""What the OpenAPI document says of searches."""

from __future__ import annotations

from gateway.openapi.memories import CONDITIONS, FILTERS, IDS, MEMORY, SHOWN
from gateway.openapi.schemas import PROJECT, Schema, flag, record, ref, text

_SCORE = {
    "type": "number",
    "nullable": True,
    "minimum": 0,
    "maximum": 1,
    "description": "How well it answers, higher is better. Null when only the filters were looked at.",
}

_OPTIONS: dict[str, Schema] = {
    "query": {"type": "string", "minLength": 1, "description": "What is asked, in plain words."},
    "top_k": {
        "type": "integer",
        "nullable": True,
        "minimum": 1,
        "maximum": 1000,
        "description": "10 by default.",
    },
    "limit": {
        "type": "integer",
        "nullable": True,
        "minimum": 1,
        "maximum": 1000,
        "description": "Older name of `top_k`.",
    },
    "threshold": {
        "type": "number",
        "nullable": True,
        "minimum": 0,
        "maximum": 1,
        "description": "The lowest score.",
    },
    "rerank": flag("Score large scopes exactly: a better order for more time.", default=False),
    "keyword_search": flag("Give what holds a word of the query whatever its score.", default=False),
    "filter_memories": flag("Give only what scores at least half as well as the best.", default=False),
    "only_metadata_based_search": flag("Look at the filters only, newest first.", default=False),
    "output_format": text("v1.1 puts the answer of /v1/ into an envelope.", enum=["v1.0", "v1.1", None]),
    **{name: FILTERS[name] for name in ("metadata", "categories")},
    **SHOWN,
    **CONDITIONS,
    **PROJECT,
}

_FOUND = record({**MEMORY["properties"], "score": _SCORE}, ("score",), "A memory that was found.")

_ENVELOPE = {"results": ref("FoundMemories")}

SCHEMAS: dict[str, Schema] = {
    "SearchRequest": record({**IDS, **_OPTIONS}, ("query",), "A question. An id or a filter is required."),
    "FilteredSearchRequest": record(_OPTIONS, ("query", "filters"), "A question. Ids stand in `filters`."),
    "FoundMemory": _FOUND,
    "FoundMemories": {"type": "array", "items": ref("FoundMemory")},
    "SearchEnvelope": record(_ENVELOPE, ("results",), "What was found, best first."),
    "SearchResults": {
        "oneOf": [
            ref("FoundMemories"),
            record(
                {**_ENVELOPE, "relations": {"type": "array", "items": {}, "description": "Always empty."}},
                ("results", "relations"),
                "What was found, best first.",
            ),
        ]
    },
}
