"""Entities as the document shows them (contract section 5)."""

from __future__ import annotations

from gateway.openapi.schemas import PROJECT, Schema, page_of, query_parameters, record, ref

_STRING: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object", "additionalProperties": True, "nullable": True}
_TIME: Schema = {"type": "string", "format": "date-time"}
_COUNT: Schema = {"type": "integer"}
_TYPE: Schema = {"type": "string", "enum": ["user", "agent", "app", "run"]}

_ERASED = {
    "memories": "Memories that were current.",
    "versions": "Versions that were current no longer.",
    "changes": "Entries of the log of changes.",
    "requests": "Requests, with their messages.",
    "feedback": "Notes on memories.",
    "exports": "Exports that may have held some of it.",
    "previews": "Plans that were not committed.",
    "vectors": "Vectors in the index.",
}

DELETE_PARAMETERS = query_parameters(
    {
        "erase": {
            "type": "boolean",
            "default": False,
            "description": "Erase the memories and everything that is kept of them, for good.",
        }
    },
    PROJECT,
)

LIST_PARAMETERS = query_parameters(
    {
        "entity_type": {**_TYPE, "description": "Only entities of this type."},
        "page": {"type": "integer", "minimum": 1, "default": 1},
        "page_size": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 10_000},
    },
    PROJECT,
)

_TOTALS: dict[str, Schema] = {
    f"total_{name}": {**_COUNT, "description": f"How many {name} there are in the project."}
    for name in ("users", "agents", "apps", "runs")
}

_ENTITY = record(
    {
        "id": {**_STRING, "description": "The id that the client chose."},
        "name": {**_STRING, "description": "The same as `id`."},
        "type": _TYPE,
        "created_at": {**_TIME, "description": "When it was made, or its oldest memory was."},
        "updated_at": {**_TIME, "description": "When it or one of its memories changed last."},
        "total_memories": {**_COUNT, "description": "How many memories carry its id."},
        "owner": {**_STRING, "format": "uuid", "description": "The organization."},
        "metadata": {**_OBJECT, "description": "Exactly as it was sent."},
    },
    ("id", "name", "type", "created_at", "updated_at", "total_memories", "owner", "metadata"),
    "Somebody or something that memories are about.",
)

_PAGE = page_of("Entity")


def _creation(id_field: str) -> Schema:
    return record(
        {id_field: {**_STRING, "minLength": 1}, "metadata": _OBJECT, **PROJECT},
        (id_field,),
        "An entity to make, or to give other metadata.",
    )


SCHEMAS: dict[str, Schema] = {
    "Entity": _ENTITY,
    "Entities": {
        **_PAGE,
        "properties": {**_PAGE["properties"], **_TOTALS},
        "required": [*_PAGE["required"], *_TOTALS],
    },
    "CreateUser": _creation("user_id"),
    "CreateAgent": _creation("agent_id"),
    "CreateApp": _creation("app_id"),
    "CreateRun": _creation("run_id"),
    "EntityDeleted": record(
        {
            "message": _STRING,
            "count": {**_COUNT, "description": "How many memories were deleted."},
            "receipt": ref("ErasureReceipt"),
        },
        ("message", "count"),
        "The entity is gone.",
    ),
    "ErasureReceipt": record(
        {
            "id": {"type": "string", "format": "uuid", "description": "The erasure."},
            "erased_at": {"type": "string", "format": "date-time"},
            **{name: {**_COUNT, "description": said} for name, said in _ERASED.items()},
        },
        ("id", "erased_at", *_ERASED),
        "What was erased for good. Only with `erase`.",
    ),
    "EntityFilters": record(
        {
            "results": {
                "type": "array",
                "items": record(
                    {"type": _TYPE, "field": _STRING, "total": _COUNT},
                    ("type", "field", "total"),
                    "A filter.",
                ),
            }
        },
        ("results",),
        "By what memories can be filtered for an entity.",
    ),
    "Stats": record(
        {
            "total_memories": _COUNT,
            "total_add_events": _COUNT,
            "total_search_events": {**_COUNT, "description": "Always 0: searches are not recorded."},
            **_TOTALS,
        },
        ("total_memories", "total_add_events", "total_search_events", *_TOTALS),
        "What the project has.",
    ),
}
