"""What routes read from their paths and queries, as the document shows it."""

from __future__ import annotations

from typing import Any

from gateway.openapi import schemas
from gateway.openapi.schemas import Schema

Extra = dict[str, Any]

EMAIL: dict[str, Schema] = {
    "email": {"type": "string", "description": "The member's address, or the `username` of one without."}
}
FIELDS: dict[str, Schema] = {
    "fields": {
        "type": "array",
        "items": {"type": "string"},
        "description": "The fields to answer with; all of them if none is named.",
    }
}
SELECTION = schemas.PROJECT


def path(*names: str, query: dict[str, Schema] | None = None) -> Extra:
    """The ids in a route's path, and what it reads from the query."""
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
        for name in names
    ]
    in_query = [
        {"name": name, "in": "query", "required": query is EMAIL, "schema": schema}
        for name, schema in (query or {}).items()
    ]
    return {"parameters": [*in_path, *in_query]}


def body_of(name: str, *names: str, query: dict[str, Schema] | None = None) -> Extra:
    """A body that follows a schema, and the ids in the route's path."""
    body = {"required": True, **schemas.content(schemas.ref(name))}
    return {"requestBody": body, **path(*names, query=query)}
