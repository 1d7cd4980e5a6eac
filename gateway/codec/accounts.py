"""Organizations, projects and members as JSON, and requests about them as proto."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from google.protobuf.message import Message
from memoryd import exact_json
from memoryd.v1 import account_service_pb2 as pb
from starlette.datastructures import QueryParams

from gateway.codec.categories import FIELD, read_categories
from gateway.codec.fields import Fields
from gateway.codec.memory import rfc3339
from gateway.errors import Violation
from gateway.validation import Decoded

EFFECTIVE_TEXTS = ("agent_custom_instructions", "inclusion_prompt", "exclusion_prompt")
KEPT_SETTINGS = (
    "retrieval_criteria",
    "enable_graph",
    "version",
    "memory_depth",
    "usecase_setting",
    "multilingual",
    "decay",
)
"""They come back as they were sent."""

Q = TypeVar("Q", bound=Message)


def addressed(
    kind: type[Q], path: Mapping[str, Any], query: QueryParams, body: Mapping[str, object] | None = None
) -> Decoded[Q]:
    """A request that its path says everything about.

    Clients repeat the path's ids in the query or the body; there they may not say anything else.
    """
    violations: list[Violation] = []
    for name in ("org_id", "project_id"):
        in_body = (body or {}).get(name)
        repeated = [*query.getlist(name), *([] if in_body is None else [in_body])]
        if name in path and any(str(value).lower() != path[name].lower() for value in repeated):
            violations.append(Violation(name, f"{name} is given more than once, with different values"))
    return Decoded(kind(**path), violations)


def decode_creation(
    kind: type[Q], path: Mapping[str, Any], query: QueryParams, body: Mapping[str, object]
) -> Decoded[Q]:
    """A new organization or project: `name` and `description`."""
    return _with_texts(addressed(kind, path, query, body), body, ("name", "description"))


def decode_member(
    kind: type[Q], path: Mapping[str, Any], query: QueryParams, body: Mapping[str, object]
) -> Decoded[Q]:
    """A member and a role: `email` and `role`."""
    return _with_texts(addressed(kind, path, query, body), body, ("email", "role"))


def decode_removal(kind: type[Q], path: Mapping[str, Any], query: QueryParams) -> Decoded[Q]:
    """Who leaves: `email` in the query."""
    email = {name: query[name] for name in ("email",) if name in query}
    return addressed(kind, {**path, **email}, query)


def decode_project_update(
    path: Mapping[str, Any], query: QueryParams, body: Mapping[str, object]
) -> Decoded[pb.UpdateProjectRequest]:
    """PATCH of a project. Null sets a field back, as an empty value does."""
    decoded = addressed(pb.UpdateProjectRequest, path, query, body)
    request, violations = decoded.request, list(decoded.violations)
    fields = Fields(body, "", violations)
    if (name := fields.text("name")) is not None:
        request.name = name
    for text in ("description", *EFFECTIVE_TEXTS):
        if text in body:
            setattr(request, text, fields.text(text) or "")
    if "custom_instructions" in body:
        request.custom_instructions = _lines(fields, "custom_instructions")
    if FIELD in body:
        request.custom_categories.SetInParent()
        for name, description in read_categories(body[FIELD], violations).items():
            request.custom_categories.categories.add(name=name, description=description)
    if kept := {name: body[name] for name in KEPT_SETTINGS if name in body}:
        request.settings = exact_json.dumps(kept)
    return Decoded(request, violations)


def organization_object(organization: pb.Organization) -> dict[str, object]:
    """An organization."""
    return {
        "id": organization.org_id,
        "org_id": organization.org_id,
        "name": organization.name,
        "description": organization.description or None,
        "created_at": rfc3339(organization.created_at),
        "updated_at": rfc3339(organization.updated_at),
        "members": [member_object(member) for member in organization.members],
    }


def project_object(project: pb.Project, fields: Collection[str] = ()) -> dict[str, object]:
    """A project; only those of its fields that are named, if any are."""
    kept: Any = exact_json.loads(project.settings or "{}")
    whole: dict[str, object] = {
        "id": project.project_id,
        "project_id": project.project_id,
        "org_id": project.org_id,
        "name": project.name,
        "description": project.description or None,
        "custom_instructions": project.custom_instructions or None,
        "custom_categories": [{each.name: each.description} for each in project.custom_categories] or None,
        **{name: getattr(project, name) or None for name in EFFECTIVE_TEXTS},
        **{name: kept.get(name) for name in KEPT_SETTINGS},
        "created_at": rfc3339(project.created_at),
        "updated_at": rfc3339(project.updated_at),
        "members": [member_object(member) for member in project.members],
    }
    return {name: value for name, value in whole.items() if not fields or name in fields}


def member_object(member: pb.Member) -> dict[str, object]:
    """A member."""
    return {
        "username": member.username,
        "user_id": member.username,
        "email": member.email or None,
        "role": pb.MemberRole.Name(member.role).removeprefix("MEMBER_ROLE_"),
        "created_at": rfc3339(member.created_at),
    }


def fields_asked(query: QueryParams) -> frozenset[str]:
    """`fields` of a query: repeated, separated by commas, or both."""
    return frozenset(name for text in query.getlist("fields") for name in text.split(",") if name)


def _with_texts(decoded: Decoded[Q], body: Mapping[str, object], names: tuple[str, ...]) -> Decoded[Q]:
    violations = list(decoded.violations)
    fields = Fields(body, "", violations)
    for name in names:
        if (value := fields.text(name)) is not None:
            setattr(decoded.request, name, value)
    return Decoded(decoded.request, violations)


def _lines(fields: Fields, name: str) -> str:
    """A text, or a list of texts, one a line."""
    value = fields.values.get(name)
    if isinstance(value, list):
        if all(isinstance(line, str) for line in value):
            return "\n".join(str(line) for line in value)
        fields.fault(name, "must be a string or a list of strings")
        return ""
    return fields.text(name) or ""
