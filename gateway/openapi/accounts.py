"""Organizations, projects, members and webhooks as the document shows them."""

from __future__ import annotations

from gateway.openapi.schemas import PROJECT, Schema, flag, page_of, record, ref, text

_STRING: Schema = {"type": "string"}
_UUID: Schema = {"type": "string", "format": "uuid"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_MESSAGE: Schema = {"type": "string", "description": "What was done, for people."}
_CATEGORIES: Schema = {
    "nullable": True,
    "description": "Category to description, for calls that name none of their own.",
    "oneOf": [
        {"type": "object", "additionalProperties": {"type": "string", "nullable": True}},
        {"type": "array", "items": {"type": "object", "additionalProperties": _STRING}},
    ],
}
_ROLE: Schema = {"type": "string", "description": "OWNER or READER, in any case."}
_EVENT_TYPES: Schema = {
    "type": "array",
    "nullable": True,
    "items": _STRING,
    "description": "Of memory_add, memory_update, memory_delete and memory_categorize.",
}

_MEMBER = {
    "username": {**_STRING, "description": "The address, or the id of a key without one."},
    "user_id": {**_STRING, "description": "The same."},
    "email": text("The address; null for a key without one."),
    "role": {"type": "string", "enum": ["OWNER", "READER"]},
    "created_at": _TIME,
}
_MEMBERS: Schema = {"type": "array", "items": ref("Member")}

_ORGANIZATION = {
    "id": _UUID,
    "org_id": {**_UUID, "description": "The same."},
    "name": _STRING,
    "description": text("Free text."),
    "created_at": _TIME,
    "updated_at": _TIME,
    "members": _MEMBERS,
}

_EFFECTIVE = {
    "custom_instructions": text("How to read messages, where a call does not say so itself."),
    "custom_categories": _CATEGORIES,
    "agent_custom_instructions": text("How to read messages for facts about an agent."),
    "inclusion_prompt": text("What to keep, where a call has no `includes`."),
    "exclusion_prompt": text("What never to keep, where a call has no `excludes`."),
}
_KEPT: dict[str, Schema] = {
    name: {"nullable": True, "description": "Kept as it was sent; it changes nothing."}
    for name in (
        "retrieval_criteria",
        "enable_graph",
        "version",
        "memory_depth",
        "usecase_setting",
        "multilingual",
        "decay",
    )
}
_PROJECT = {
    "id": _UUID,
    "project_id": {**_UUID, "description": "The same."},
    "org_id": _UUID,
    "name": _STRING,
    "description": text("Free text."),
    **_EFFECTIVE,
    **_KEPT,
    "created_at": _TIME,
    "updated_at": _TIME,
    "members": _MEMBERS,
}

_WEBHOOK = {
    "webhook_id": _UUID,
    "name": _STRING,
    "url": _STRING,
    "event_types": {"type": "array", "items": _STRING},
    "is_active": {"type": "boolean"},
    "project": {**_UUID, "description": "The project."},
    "project_id": {**_UUID, "description": "The same."},
    "created_at": _TIME,
    "updated_at": _TIME,
}
_SECRET = text("What deliveries are signed with (HMAC-SHA256). Shown when it is made, and never again.")
_STATES = ["PENDING", "DELIVERED", "DEAD"]
DELIVERY_QUERY: dict[str, Schema] = {
    "state": {"type": "string", "enum": _STATES},
    "page": {"type": "integer", "minimum": 1, "default": 1},
    "page_size": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    **PROJECT,
}
_DELIVERY = {
    "id": _UUID,
    "event_id": {**_UUID, "description": "The change: the header X-Memoryd-Event-Id of every attempt."},
    "event_type": _STRING,
    "memory_id": _UUID,
    "state": {"type": "string", "enum": _STATES},
    "attempts": {"type": "integer", "description": "How often it was sent."},
    "last_status": {
        "type": "integer",
        "nullable": True,
        "description": "The HTTP status of the last answer.",
    },
    "last_error": text("Why there was no good answer."),
    "created_at": _TIME,
    "next_attempt_at": {**_TIME, "nullable": True, "description": "While it is PENDING."},
    "completed_at": {**_TIME, "nullable": True},
}
_URL = text("Where the news go: http or https, without credentials.", maxLength=2048)
_NAMED = {"name": {**_STRING, "minLength": 1, "maxLength": 255}, "description": text("Free text.")}


def _every(properties: dict[str, Schema], description: str) -> Schema:
    return record(properties, tuple(properties), description)


def _list(name: str) -> Schema:
    return {"type": "array", "items": ref(name)}


SCHEMAS: dict[str, Schema] = {
    "Done": _every({"message": _MESSAGE}, "It is done."),
    "Member": _every(_MEMBER, "Who may use an organization or a project, and how."),
    "Members": _every({"members": _MEMBERS}, "Longest-standing first."),
    "MemberRequest": record({"email": _STRING, "role": _ROLE}, ("email",), "A member, and a role."),
    "MemberChanged": _every({"message": _MESSAGE, **_MEMBER}, "The member as it is now."),
    "Organization": _every(_ORGANIZATION, "A tenant."),
    "Organizations": _list("Organization"),
    "OrganizationRequest": record(_NAMED, ("name",), "A new organization."),
    "OrganizationMade": _every({"message": _MESSAGE, **_ORGANIZATION}, "The organization as it is now."),
    "Project": record(_PROJECT, (), "A project, or those of its fields that were asked for."),
    "Projects": _list("Project"),
    "ProjectRequest": record(_NAMED, ("name",), "A new project."),
    "ProjectUpdate": record(
        {"name": text("A new name."), "description": text("Free text."), **_EFFECTIVE, **_KEPT},
        (),
        "What to change. Null and empty values set back.",
    ),
    "ProjectMade": _every({"message": _MESSAGE, **_PROJECT}, "The project as it is now."),
    "Webhook": _every(_WEBHOOK, "Who is told when memories change."),
    "WebhookMade": _every({**_WEBHOOK, "secret": _SECRET}, "Who is told when memories change."),
    "Webhooks": _list("Webhook"),
    "WebhookDelivery": _every(_DELIVERY, "One change that a webhook is told."),
    "WebhookDeliveries": page_of("WebhookDelivery"),
    "WebhookRequest": record(
        {"name": text("What people call it."), "url": _URL, "event_types": _EVENT_TYPES},
        ("url",),
        "A new webhook.",
    ),
    "WebhookUpdate": record(
        {
            "name": text("A new name."),
            "url": _URL,
            "event_types": _EVENT_TYPES,
            "is_active": flag("Whether news are sent.", default=True),
            "rotate_secret": flag("Make a new secret.", default=False),
        },
        (),
        "What to change.",
    ),
    "WebhookChanged": record(
        {"message": _MESSAGE, **_WEBHOOK, "secret": _SECRET},
        ("message", *_WEBHOOK),
        "The webhook as it is now.",
    ),
}
