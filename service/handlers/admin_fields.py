"""Fields that requests about organizations, projects and webhooks share."""

from __future__ import annotations

from service.handlers.fields import LONGEST_ID, Fields
from service.memory.accounts import AccessRole, email_from
from service.memory.errors import InvalidRequest
from service.memory.members import Group

LONGEST_TEXT = 10_000


def uuid_of(fields: Fields, field: str, value: str) -> str:
    """An id that memoryd made; empty when it is none."""
    return fields.uuid(field, value) or ""


def group_of(fields: Fields, org_id: str, project_id: str | None = None) -> Group:
    """The organization or project whose members are meant."""
    return Group(
        uuid_of(fields, "org_id", org_id),
        None if project_id is None else uuid_of(fields, "project_id", project_id),
    )


def optional_text(fields: Fields, field: str, value: str, longest: int = LONGEST_TEXT) -> str:
    """Free text that may be empty."""
    return (fields.text(field, value, longest) or "") if value else ""


def address_of(fields: Fields, value: str) -> str:
    """The email address of a new member."""
    try:
        return email_from(value)
    except InvalidRequest as error:
        fields.violations.extend(error.violations)
        return ""


def member_of(fields: Fields, value: str) -> str:
    """The name of somebody who is a member: an address, or a key's id."""
    if not value:
        fields.wrong("email", "email must not be empty")
    elif len(value) > LONGEST_ID:
        fields.wrong("email", f"email must have at most {LONGEST_ID} characters")
    # Other letters than ASCII ones stay as they are: some of them turn into ASCII in lower case.
    return value.lower() if value.isascii() else value


def role_of(fields: Fields, value: str) -> AccessRole:
    """OWNER or READER, in any case."""
    if value.lower() in {"owner", "reader"}:
        return AccessRole(value.lower())
    fields.wrong("role", "role must be one of: OWNER, READER")
    return AccessRole.READER
