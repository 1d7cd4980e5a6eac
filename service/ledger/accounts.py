"""Organizations, projects and keys on SQL."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger.database import Database, alone
from service.ledger.memberships import (
    ensure_member,
    role_in_organization,
    roles_in_projects,
    usable_projects,
)
from service.ledger.rows import AnyRow, microseconds, time_from
from service.ledger.schema import (
    Name,
    api_keys,
    embedding_space,
    organization_members,
    organizations,
    project_members,
    projects,
)
from service.ledger.shared_reads import SharedReads
from service.memory.accounts import (
    AccessRole,
    ApiKey,
    OrganizationAccess,
    Principal,
    ProjectAccess,
    ProjectSelection,
    digest,
    email_from,
)
from service.memory.errors import PermissionDenied
from service.memory.members import Member

# Built once: every call asks both, and putting a statement together costs more than the database's answer.
_VALID_KEY = select(api_keys).where(
    api_keys.c.digest == bindparam("of_digest"), api_keys.c.revoked_at.is_(None)
)

_SELECTORS: Mapping[str, ColumnElement[str]] = {
    "org_id": organizations.c.id,
    "org_name": organizations.c.name,
    "project_id": projects.c.id,
    "project_name": projects.c.name,
}


@lru_cache
def _selected_project(given: tuple[str, ...], *, organization_wide: bool) -> Select[Any]:
    """The project of `of_member` that these of the selectors name.

    Two rows where organizations of the same name have projects of the same name: then none is the one.
    """
    usable = usable_projects(
        bindparam("of_member", type_=Name),
        projects.c.id,
        projects.c.organization_id,
        organization_wide=organization_wide,
    )
    joined = usable.join(organizations, projects.c.organization_id == organizations.c.id)
    return joined.where(*(_SELECTORS[name] == bindparam(name) for name in given)).limit(2)


def _principal(connection: Connection, digest: str) -> Principal | None:
    row = connection.execute(_VALID_KEY, {"of_digest": digest}).one_or_none()
    if row is None or not hmac.compare_digest(row.digest, digest):
        return None
    principal = Principal(
        row.id,
        row.organization_id,
        row.project_id,
        AccessRole(row.role),
        row.email,
        row.organization_wide or row.email != "",
    )
    if row.project_id is None:
        return principal
    # Nearly every call is for this project: read in the same moment it costs no turn of its own.
    return replace(principal, own=_access(connection, principal, {"project_id": row.project_id}))


def _access(connection: Connection, principal: Principal, given: Mapping[str, str]) -> ProjectAccess | None:
    query = _selected_project(tuple(given), organization_wide=principal.organization_wide)
    found = connection.execute(query, {**given, "of_member": principal.member}).all()
    if len(found) != 1:
        return None
    (row,) = found
    return ProjectAccess(row.organization_id, row.id, AccessRole(row.role))


DEFAULT_NAME = "default"
"""What the first organization and the first project are called."""


class SqlAccounts:
    """Implements `service.memory.accounts.Accounts`, and what the command line needs beside it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._principals = SharedReads(self._read_principal)

    async def principal(self, digest: str) -> Principal | None:
        """See the port."""
        return await self._principals(digest)

    async def _read_principal(self, digest: str) -> Principal | None:
        return await self._database.read(lambda connection: _principal(connection, digest))

    async def project_access(self, principal: Principal, selection: ProjectSelection) -> ProjectAccess | None:
        """See the port."""
        asked = {
            "org_id": selection.org_id and selection.org_id.lower(),
            "org_name": selection.org_name,
            "project_id": selection.project_id and selection.project_id.lower(),
            "project_name": selection.project_name,
        }
        given = {name: value for name, value in asked.items() if value is not None}
        return await self._database.read(lambda connection: _access(connection, principal, given))

    async def organization_access(
        self, principal: Principal, organization_id: str
    ) -> OrganizationAccess | None:
        """See the port."""
        itself = role_in_organization(principal.member, organization_id)
        through = roles_in_projects(principal.member, organization_id)

        def read(connection: Connection) -> OrganizationAccess | None:
            role, roles = connection.scalar(itself), connection.scalars(through).all()
            if role is None and not roles:
                return None
            return OrganizationAccess(
                organization_id, None if role is None else AccessRole(role), AccessRole.OWNER.value in roles
            )

        return await self._database.read(read)

    async def ensure_default_project(self, at: datetime) -> tuple[str, bool]:
        """The default project's id, and whether it was made just now."""

        def ensure(connection: Connection) -> tuple[str, bool]:
            alone(connection)
            existing = connection.scalar(
                select(projects.c.id).order_by(projects.c.created_at, projects.c.id).limit(1)
            )
            if existing is not None:
                return existing, False
            organization_id, project_id = str(uuid.uuid4()), str(uuid.uuid4())
            common = {"name": DEFAULT_NAME, "created_at": microseconds(at)}
            connection.execute(insert(organizations).values(id=organization_id, **common))
            connection.execute(
                insert(projects).values(id=project_id, organization_id=organization_id, **common)
            )
            return project_id, True

        return await self._database.write(ensure)

    async def ensure_key(self, secret: str, project_id: str, name: str, at: datetime) -> bool:
        """Makes a given secret a valid owner's key of the project; False when it already was one.

        It is an owner of the organization too: there has to be one. Of its projects it may use those that
        it made, and this one.

        Raises:
            PermissionDenied: the key was revoked, which is for ever.
        """
        if await self.principal(digest(secret)):
            return False
        try:
            await self.create_key(secret, project_id, name, AccessRole.OWNER, at, administers=True)
        except IntegrityError:
            if await self.principal(digest(secret)):
                return False  # another process was first
            raise PermissionDenied("The API key was revoked.", reason="KEY_REVOKED") from None
        return True

    async def create_key(
        self,
        secret: str,
        project_id: str,
        name: str,
        role: AccessRole,
        at: datetime,
        *,
        organization_wide: bool = False,
        administers: bool = False,
        email: str = "",
    ) -> ApiKey:
        """Stores a new key, of which only the digest is kept, and makes its owner a member.

        Who is a member already keeps that role, and the key can do no more than it.

        Args:
            secret: the key.
            project_id: the project of calls that select none.
            name: what the key is for.
            role: the most that it may do.
            at: now.
            organization_wide: it may use every project of the organization.
            administers: it belongs to the organization, but opens those projects only of which it is a
                member itself.
            email: whose key it is; empty for a machine's.

        Raises:
            InvalidRequest: `email` is not empty and not an address.
        """
        key_id, address = str(uuid.uuid4()), email and email_from(email)
        member = Member(address or key_id, role, at)

        def create(connection: Connection) -> AnyRow:
            owner = select(projects.c.organization_id).where(projects.c.id == project_id)
            organization_id = connection.scalar(owner)
            connection.execute(
                insert(api_keys).values(
                    id=key_id,
                    digest=digest(secret),
                    hint=secret[-4:],
                    name=name,
                    organization_id=organization_id,
                    project_id=project_id,
                    role=role.value,
                    organization_wide=organization_wide,
                    email=address,
                    created_at=microseconds(at),
                )
            )
            ensure_member(connection, project_members, {"project_id": project_id}, member)
            if organization_wide or administers:
                ensure_member(connection, organization_members, {"organization_id": organization_id}, member)
            return connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one()

        return _key_from(await self._database.write(create))

    async def keys(self) -> Sequence[ApiKey]:
        """All keys, oldest first."""
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        return await self._database.read(
            lambda connection: [_key_from(row) for row in connection.execute(query)]
        )

    async def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Makes a key invalid from now on; False when there is no such valid key.

        A key that was a member by itself is none any more; people stay members.
        """
        valid = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))

        def revoke(connection: Connection) -> bool:
            if connection.execute(valid.values(revoked_at=microseconds(at))).rowcount != 1:
                return False
            for table in (project_members, organization_members):
                connection.execute(delete(table).where(table.c.member == key_id))
            return True

        return await self._database.write(revoke)

    async def project_named(self, name: str) -> Sequence[str]:
        """The ids of the projects that have this name or id."""
        query = select(projects.c.id).where((projects.c.name == name) | (projects.c.id == name))
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def embedding_space(self, model: str, dimensions: int) -> tuple[str, int]:
        """The model and size of the vectors in the index: the given ones when none were recorded yet."""

        def ensure(connection: Connection) -> tuple[str, int]:
            alone(connection)
            row = connection.execute(select(embedding_space)).one_or_none()
            if row is not None:
                return row.model, row.dimensions
            connection.execute(insert(embedding_space).values(id=1, model=model, dimensions=dimensions))
            return model, dimensions

        return await self._database.write(ensure)


def _key_from(row: AnyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        hint=row.hint,
        project_id=row.project_id,
        role=AccessRole(row.role),
        organization_wide=row.organization_wide,
        created_at=time_from(row.created_at),
        revoked_at=None if row.revoked_at is None else time_from(row.revoked_at),
    )
