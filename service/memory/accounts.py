"""Who calls, which project the call is for, and what the caller may do there.

Access is membership. A key acts as the member that its email address names, or as itself where it has
none; what it may do in a project is the role of that membership, and never more than its own role.
"""

from __future__ import annotations

import enum
import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from service.memory.errors import InvalidRequest, PermissionDenied, Unauthenticated, Violation

KEY_PREFIX = "m0-"
"""Keys begin like those of the platform that legacy clients were written for."""


LONGEST_EMAIL = 255

# ASCII only: lower case is then one way of writing an address, and no two of them look alike.
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")


class AccessRole(enum.Enum):
    """What a key or a member may do."""

    OWNER = "owner"
    READER = "reader"

    def capped(self, most: AccessRole) -> AccessRole:
        """The smaller of two roles."""
        return self if most is AccessRole.OWNER else most


@dataclass(frozen=True, slots=True)
class ProjectAccess:
    """A project that a member may use, and how."""

    organization_id: str
    project_id: str
    role: AccessRole


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, as its API key says."""

    key_id: str
    organization_id: str
    project_id: str | None
    """The project of calls that select none. None: it was deleted."""
    role: AccessRole
    """The most that the key may do anywhere."""
    email: str
    """In lower case; empty for a machine's key."""
    organization_wide: bool
    """Membership of an organization opens all its projects to the key. So it is for people, always."""
    own: ProjectAccess | None = None
    """What the caller may do in the project of calls that select none, if it is known already."""

    @property
    def member(self) -> str:
        """The name under which organizations and projects know the caller."""
        return self.email or self.key_id


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
class OrganizationAccess:
    """An organization that a member belongs to, or has a project in."""

    organization_id: str
    role: AccessRole | None
    """The role in the organization itself; None for a member of some of its projects only."""
    owns_project: bool
    """Whether one of its projects is the member's own."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as people see it. The secret itself is nowhere stored."""

    id: str
    name: str
    hint: str
    """The last four characters of the secret."""
    project_id: str | None
    role: AccessRole
    organization_wide: bool
    created_at: datetime
    revoked_at: datetime | None


class Accounts(Protocol):
    """Organizations, projects and keys. Every method is one transaction."""

    async def principal(self, digest: str) -> Principal | None:
        """The owner of the valid key whose secret has that SHA-256 (hexadecimal), if there is one."""

    async def project_access(self, principal: Principal, selection: ProjectSelection) -> ProjectAccess | None:
        """The one project that fits the selection and that the caller may use, with the membership's role."""

    async def organization_access(
        self, principal: Principal, organization_id: str
    ) -> OrganizationAccess | None:
        """What the caller may do in an organization as its member; None when it has no part in it."""


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


def email_from(text: str) -> str:
    """An email address in the one form that is stored.

    Raises:
        InvalidRequest: it is none.
    """
    if len(text) > LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        raise InvalidRequest([Violation("email", "email must be an email address of ASCII characters")])
    return text.lower()


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


async def access_project(
    accounts: Accounts, principal: Principal, selection: ProjectSelection
) -> ProjectAccess:
    """The project that the call is for, and what the caller may do in it.

    Raises:
        InvalidRequest: an id is malformed.
        PermissionDenied: no such project, or one that the key may not use: the two cannot be told apart.
    """
    if violations := selection.violations():
        raise InvalidRequest(violations)
    access = principal.own if selection == ProjectSelection() else None
    if access is None:
        access = await accounts.project_access(principal, _completed(selection, principal))
    if access is None:
        raise PermissionDenied("This API key may not use that organization or project.")
    return replace(access, role=access.role.capped(principal.role))


async def select_project(accounts: Accounts, principal: Principal, selection: ProjectSelection) -> str:
    """The id of the project that the call is for.

    Raises:
        InvalidRequest: an id is malformed.
        PermissionDenied: no such project, or one that the key may not use.
    """
    return (await access_project(accounts, principal, selection)).project_id


def require_owner(role: AccessRole | None) -> None:
    """Ends the call of who may only read.

    Raises:
        PermissionDenied: it may only read.
    """
    if role is not AccessRole.OWNER:
        raise PermissionDenied("This API key may only read.", reason="READ_ONLY_KEY")


def _completed(selection: ProjectSelection, principal: Principal) -> ProjectSelection:
    """What is not said is the key's own: the project, or the organization of a project's name."""
    if selection.project_id is not None:
        return selection
    if selection.project_name is None:
        # An id that no project has stands for a project that was deleted.
        return replace(selection, project_id=principal.project_id or "")
    if selection.org_id is None and selection.org_name is None:
        return replace(selection, org_id=principal.organization_id)
    return selection
