"""Profiles as the document shows them."""

from __future__ import annotations

from typing import Any

from gateway.openapi.schemas import PROJECT, Schema, content, query_parameters, record, ref, text

_STRING: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object", "additionalProperties": True}
_UUID: Schema = {"type": "string", "format": "uuid"}
_COUNT: Schema = {"type": "integer"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_USER: Schema = {"type": "string", "enum": ["user"]}
_OPERATION: Schema = {"type": "string", "enum": ["trigger", "sample"]}
_JOB_STATUS: Schema = {"type": "string", "enum": ["pending", "running", "succeeded", "failed"]}

_ERROR: dict[str, Schema] = {
    "error_reason": text("Why the newest one could not be made, a stable name."),
    "error_message": text("The same for people."),
}

_FORM: dict[str, Schema] = {
    "schema": {
        **_OBJECT,
        "nullable": True,
        "description": "A JSON Schema of an object. It may use no `pattern` and refer to nothing outside "
        "itself. Null: the default one.",
    },
    "custom_instructions": text("How to fill it, in free text. It needs a language model."),
}


def _forms(required: tuple[str, ...]) -> Schema:
    user = record(_FORM, required, "How profiles of users are made.")
    return record({"user": user}, ("user",) if required else (), "How profiles are made.")


_KEY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Who sends the same request with the same key again gets the first answer.",
}

JOB_BODY: dict[str, Any] = {
    "requestBody": {"required": True, **content(ref("CreateProfileJob"))},
    "parameters": [*query_parameters(PROJECT)["parameters"], _KEY],
}

_CREATED: dict[str, Schema] = {
    "job_id": _UUID,
    "status": _JOB_STATUS,
    "status_url": {**_STRING, "description": "Where to ask how far it has come."},
    "operation": _OPERATION,
    "entity_type": _USER,
    "entity_count_reserved": {**_COUNT, "description": "How many profiles are made."},
    "event_id": {**_STRING, "nullable": True, "description": "Always null: profiles have no events."},
    "replayed": {"type": "boolean", "description": "Whether the idempotency key was used for it before."},
    "entity_ids": {"type": "array", "items": _STRING, "description": "Whose profiles are made."},
}

_JOB: dict[str, Schema] = {
    "id": _UUID,
    "status": {**_JOB_STATUS, "description": "failed: all is done, and at least one could not be made."},
    "operation": _OPERATION,
    "entity_type": _USER,
    "total": {**_COUNT, "description": "How many profiles were asked for."},
    "enumeration_complete": {"type": "boolean", "description": "Whether `total` is final: always true."},
    "completed": {**_COUNT, "description": "How many are done with, in whatever way."},
    "succeeded": _COUNT,
    "failed": _COUNT,
    "skipped": {**_COUNT, "description": "How many users have no memories."},
    "failures": {
        "type": "array",
        "items": record({"entity_id": _STRING, **_ERROR}, ("entity_id", *_ERROR), "What could not be made."),
    },
    "created_at": _TIME,
}

_PROFILE: dict[str, Schema] = {
    "profile": {**_OBJECT, "description": "What fits the schema it was made with; empty when there is none."},
    "status": {
        "type": "string",
        "enum": ["succeeded", "pending", "failed", "not_enabled", "insufficient_data"],
        "description": "Of the newest request. insufficient_data: none, or no memory to make it from.",
    },
    "entity_type": _USER,
    "entity_id": _STRING,
    "updated_at": {**_TIME, "nullable": True, "description": "When the profile was made."},
    "generation_count": {**_COUNT, "description": "How often one was made."},
    **_ERROR,
}

_CAPABILITIES: dict[str, Schema] = {
    "entity_types": {"type": "array", "items": _STRING},
    "operations": {"type": "array", "items": _STRING},
    "sample_limit": _COUNT,
    "default_schema": {**_OBJECT, "description": "The schema of a project that has none of its own."},
}

_SETTINGS: dict[str, Schema] = {
    "enabled": {"type": "boolean"},
    "entities": _forms(tuple(_FORM)),
    "capabilities": record(_CAPABILITIES, tuple(_CAPABILITIES), "What the service can do."),
}

SCHEMAS: dict[str, Schema] = {
    "Profile": record(_PROFILE, tuple(_PROFILE), "What is known of a user."),
    "CreateProfileJob": record(
        {
            "operation": {
                **_OPERATION,
                "description": "`trigger`: one user; `sample`: the users with most memories.",
            },
            "entity_type": {**_USER, "nullable": True, "default": "user"},
            "entity_id": text("The user, for `trigger`."),
            "limit": {
                "type": "integer",
                "nullable": True,
                "minimum": 1,
                "maximum": 10,
                "default": 3,
                "description": "How many users, for `sample`.",
            },
            "idempotency_key": text("The same as the header Idempotency-Key.", maxLength=255),
            **PROJECT,
        },
        ("operation",),
        "Which profiles to make.",
    ),
    "ProfileJobCreated": record(
        {**_CREATED, "sampled": {**_COUNT, "description": "How many users were chosen, for `sample`."}},
        tuple(_CREATED),
        "The request is stored.",
    ),
    "ProfileJobState": record(
        {"job": record(_JOB, tuple(_JOB), "A request for profiles.")}, ("job",), "How far a request has come."
    ),
    "ProfileSettings": record(_SETTINGS, tuple(_SETTINGS), "How profiles are made."),
    "UpdateProfileSettings": record(
        {
            "enabled": {"type": "boolean", "nullable": True, "description": "Whether profiles are made."},
            "entities": _forms(()),
            **PROJECT,
        },
        (),
        "What to change.",
    ),
}
