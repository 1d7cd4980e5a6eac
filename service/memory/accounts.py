"""Who calls, and which project the call is for."""

from __future__ import annotations

import enum
import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.memory.errors import InvalidRequest, PermissionDenied, Unauthenticated, Violation

KEY_PREFIX = "m0-"
"""Keys begin like those of the platform that legacy clients were written for."""


class AccessRole(enum.Enum):
    """What a key may do with its project."""

    OWNER = "owner"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, as its API key says."""

    key_id: str
    organization_id: str
    project_id: str
    role: AccessRole
    organization_wide: bool
    """May select every project of its organization."""
    email: str


@dataclass(frozen=True, slots=True)
class ProjectSelection:
    """The project that a request asks for. All None: the key's own."""

    org_id: str | None = None
    org_name: str | None = None
    project_id: str | None = None
    project_name: str | None = None

    def violations(self) -> list[Violation]:
        """Ids that are not UUIDs."""
        ids = {"org_id": self.org_id, "project_id": self.project_id}
        return [
            Violation(name, f"{name} should be a valid UUID")
            for name, value in ids.items()
            if value is not None and not is_uuid(value)
        ]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as people see it. The secret itself is nowhere stored."""

    id: str
    name: str
    hint: str
    """The last four characters of the secret."""
    project_id: str
    role: AccessRole
    organization_wide: bool
    created_at: datetime
    revoked_at: datetime | None


class Accounts(Protocol):
    """Organizations, projects and keys. Every method is one transaction."""

    async def principal(self, digest: str) -> Principal | None:
        """The owner of the valid key whose secret has that SHA-256 (hexadecimal), if there is one."""

    async def project_in(self, organization_id: str, selection: ProjectSelection) -> str | None:
        """The id of the one project of that organization that fits the selection, if there is one."""


def is_uuid(text: str) -> bool:
    """Whether the text is a UUID in its canonical form of 36 characters."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def new_secret() -> str:
    """A fresh API key with 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 of a key, hexadecimal: the only form in which keys are stored.

    Keys are random, so a plain digest cannot be guessed back; people's passwords would need more.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


async def authenticate(accounts: Accounts, authorization: str | None) -> Principal:
    """The caller behind an Authorization header: `Token <key>` or `Bearer <key>`, scheme in any case.

    Raises:
        Unauthenticated: no header, another scheme, or not a valid key.
    """
    scheme, _, secret = (authorization or "").strip().partition(" ")
    if scheme.lower() not in {"token", "bearer"} or not secret.strip():
        raise Unauthenticated
    # The lookup is by digest, so its time says nothing about the secret.
    principal = await accounts.principal(digest(secret.strip()))
    if principal is None:
        raise Unauthenticated
    return principal


async def select_project(accounts: Accounts, principal: Principal, selection: ProjectSelection) -> str:
    """The id of the project that the call is for.

    Raises:
        InvalidRequest: an id is malformed.
        PermissionDenied: no such project, or one that the key may not use: the two cannot be told apart.
    """
    if violations := selection.violations():
        raise InvalidRequest(violations)
    if selection == ProjectSelection():
        return principal.project_id
    if selection.project_id is None and selection.project_name is None:
        selection = ProjectSelection(selection.org_id, selection.org_name, principal.project_id)
    project_id = await accounts.project_in(principal.organization_id, selection)
    if project_id is None or (project_id != principal.project_id and not principal.organization_wide):
        raise PermissionDenied("This API key may not use that organization or project.")
    return project_id


def require_writer(principal: Principal) -> None:
    """Ends the call of a key that may only read.

    Raises:
        PermissionDenied: it may only read.
    """
    if principal.role is not AccessRole.OWNER:
        raise PermissionDenied("This API key may only read.", reason="READ_ONLY_KEY")
