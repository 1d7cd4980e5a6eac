"""Puts the document together from the routes and the schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from memoryd import exact_json
from starlette.routing import BaseRoute

from gateway.openapi import (
    accounts,
    add,
    entities,
    errors,
    events,
    exports,
    memories,
    preview,
    profiles,
    schemas,
    search,
)

TITLE = "memoryd"
DESCRIPTION = (
    "A memory service for AI agents: messages go in, facts come out, each reconciled with what is already "
    "known. Every path is served with and without its trailing slash."
)
API_VERSION = "1"

OPEN: dict[str, Any] = {"security": []}
"""For routes that need no key."""

PROJECT_PARAMETERS = schemas.query_parameters(schemas.PROJECT)
"""The project may stand in the query of any call."""

GET_PARAMETERS = schemas.query_parameters(memories.QUERY_PAST, schemas.PROJECT)
FILTER_PARAMETERS = schemas.query_parameters(memories.QUERY_FILTERS, memories.QUERY_IDS, schemas.PROJECT)
LIST_PARAMETERS = schemas.query_parameters(memories.QUERY_FILTERS, memories.QUERY_LIST, schemas.PROJECT)
ADD_PARAMETERS = {"parameters": [*PROJECT_PARAMETERS["parameters"], *add.HEADERS]}
PAGE_PARAMETERS = schemas.query_parameters(memories.PAGE, schemas.PROJECT)

HEALTHY: dict[int | str, dict[str, Any]] = {
    200: {"description": "Alive.", **schemas.content(schemas.status("ok"))}
}
READY: dict[int | str, dict[str, Any]] = {
    200: {"description": "Ready.", **schemas.content(schemas.status("ready"))},
    503: {"description": "Not ready; `error` says why.", **schemas.content(schemas.ref("Error"))},
}

ENTITY_TYPES = ("user", "agent", "app", "run")

_COMPONENTS = {
    **add.SCHEMAS,
    **preview.SCHEMAS,
    **memories.SCHEMAS,
    **search.SCHEMAS,
    **events.SCHEMAS,
    **entities.SCHEMAS,
    **exports.SCHEMAS,
    **profiles.SCHEMAS,
    **accounts.SCHEMAS,
    **errors.SCHEMAS,
    "Ping": schemas.PING,
}


def request_body(name: str, parameters: dict[str, Any] = PROJECT_PARAMETERS) -> dict[str, Any]:
    """What a route whose body follows a schema adds to its operation."""
    return {"requestBody": {"required": True, **schemas.content(schemas.ref(name))}, **parameters}


def responses(name: str, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that needs a key: a schema on success, and every error."""
    return {status: {"description": "Success.", **schemas.content(schemas.ref(name))}, **errors.RESPONSES}


def stream_responses(name: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a route that tells one thing after another, each of which follows a schema."""
    told = {
        "text/event-stream": {"schema": {"type": "string", "description": f"Events; `data` is a {name}."}}
    }
    return {200: {"description": "Server-Sent Events.", "content": told}, **errors.RESPONSES}


def list_responses(name: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a list that must say whose memories it wants."""
    refused = errors.RESPONSES[400] | schemas.content(
        {"oneOf": [schemas.ref("Error"), schemas.ref("ScopeRequired")]}
    )
    return responses(name) | {400: refused}


def build(routes: Sequence[BaseRoute]) -> bytes:
    """The document, as JSON."""
    document = get_openapi(
        title=TITLE,
        version=API_VERSION,
        openapi_version="3.0.3",
        description=DESCRIPTION,
        routes=routes,
    )
    for operations in document["paths"].values():
        for operation in operations.values():
            # FastAPI promises it wherever the path has a parameter, but the service judges those: 400.
            operation["responses"].pop("422", None)
            for parameter in operation.get("parameters", ()):
                if (parameter["in"], parameter["name"]) == ("path", "entity_type"):
                    parameter["schema"]["enum"] = list(ENTITY_TYPES)
    document["components"] = {
        "schemas": _COMPONENTS,
        "securitySchemes": {
            "ApiKey": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "The word `Token`, a space and the key: `Token <key>`.",
            }
        },
    }
    document["security"] = [{"ApiKey": []}]
    return exact_json.dumps(document).encode()
