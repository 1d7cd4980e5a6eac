"""Pieces that every schema is made of, and the schemas of the small answers."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def text(description: str, **more: object) -> Schema:
    """A string that may be null, which is the same as absent."""
    return {"type": "string", "nullable": True, "description": description, **more}


def flag(description: str, *, default: bool) -> Schema:
    """A boolean that may be null, which is the same as absent."""
    return {"type": "boolean", "nullable": True, "default": default, "description": description}


def record(properties: dict[str, Schema], required: tuple[str, ...], description: str) -> Schema:
    """An object with these fields and perhaps others."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        **({"required": list(required)} if required else {}),
    }


def ref(name: str) -> Schema:
    """A schema of the document, by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def content(schema: Schema) -> Schema:
    """A JSON body that follows a schema."""
    return {"content": {"application/json": {"schema": schema}}}


def status(value: str) -> Schema:
    """What a probe is told."""
    return record({"status": {"type": "string", "enum": [value]}}, ("status",), "The state of the gateway.")


def page_of(name: str) -> Schema:
    """One page of a list."""
    address = {"type": "string", "format": "uri", "nullable": True}
    return record(
        {
            "count": {"type": "integer", "description": "How many there are on all pages."},
            "next": {**address, "description": "The address of the next page."},
            "previous": {**address, "description": "The address of the previous page."},
            "results": {"type": "array", "items": ref(name)},
        },
        ("count", "next", "previous", "results"),
        "One page.",
    )


def query_parameters(*groups: dict[str, Schema]) -> dict[str, Any]:
    """What a route that reads these fields from the query adds to its operation."""
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for group in groups
            for name, schema in group.items()
        ]
    }


PROJECT: dict[str, Schema] = {
    "org_id": text("The organization, if not the key's own.", format="uuid"),
    "org_name": text("The organization by name. Use `org_id` instead.", deprecated=True),
    "project_id": text("The project, if not the key's own.", format="uuid"),
    "project_name": text("The project by name. Use `project_id` instead.", deprecated=True),
}

PING = record(
    {
        "status": {"type": "string", "enum": ["ok"], "description": "Always `ok`."},
        "org_id": {"type": "string", "format": "uuid", "description": "The key's organization."},
        "project_id": {"type": "string", "format": "uuid", "description": "The key's project."},
        "user_email": {"type": "string", "description": "The key's owner; empty for a machine."},
    },
    ("status", "org_id", "project_id", "user_email"),
    "Who is calling.",
)
