"""Organizations, projects and keys on SQL."""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger.database import Database
from service.ledger.rows import AnyRow, microseconds, time_from
from service.ledger.schema import api_keys, embedding_space, organizations, projects
from service.memory.accounts import AccessRole, ApiKey, Principal, ProjectSelection, digest
from service.memory.errors import PermissionDenied

DEFAULT_NAME = "default"
"""What the first organization and the first project are called."""


class SqlAccounts:
    """Implements `service.memory.accounts.Accounts`, and what the command line needs beside it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def principal(self, digest: str) -> Principal | None:
        """See the port."""
        query = select(api_keys).where(api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None))
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None or not hmac.compare_digest(row.digest, digest):
            return None
        return Principal(
            row.id,
            row.organization_id,
            row.project_id,
            AccessRole(row.role),
            row.organization_wide,
            row.email,
        )

    async def project_in(self, organization_id: str, selection: ProjectSelection) -> str | None:
        """See the port."""
        query = (
            select(projects.c.id)
            .join(organizations, projects.c.organization_id == organizations.c.id)
            .where(organizations.c.id == organization_id)
        )
        asked = (
            (organizations.c.id, selection.org_id and selection.org_id.lower()),
            (organizations.c.name, selection.org_name),
            (projects.c.id, selection.project_id and selection.project_id.lower()),
            (projects.c.name, selection.project_name),
        )
        for column, value in asked:
            if value is not None:
                query = query.where(column == value)
        return await self._database.read(lambda connection: connection.execute(query).scalar_one_or_none())

    async def ensure_default_project(self, at: datetime) -> tuple[str, bool]:
        """The default project's id, and whether it was made just now."""

        def ensure(connection: Connection) -> tuple[str, bool]:
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

        Raises:
            PermissionDenied: the key was revoked, which is for ever.
        """
        if await self.principal(digest(secret)):
            return False
        try:
            await self.create_key(secret, project_id, name, AccessRole.OWNER, at)
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
        email: str = "",
    ) -> ApiKey:
        """Stores a new key. Only its digest is kept."""
        key_id = str(uuid.uuid4())

        def create(connection: Connection) -> AnyRow:
            owner = select(projects.c.organization_id).where(projects.c.id == project_id)
            connection.execute(
                insert(api_keys).values(
                    id=key_id,
                    digest=digest(secret),
                    hint=secret[-4:],
                    name=name,
                    organization_id=connection.scalar(owner),
                    project_id=project_id,
                    role=role.value,
                    organization_wide=organization_wide,
                    email=email,
                    created_at=microseconds(at),
                )
            )
            return connection.execute(select(api_keys).where(api_keys.c.id == key_id)).one()

        return _key_from(await self._database.write(create))

    async def keys(self) -> Sequence[ApiKey]:
        """All keys, oldest first."""
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        return await self._database.read(
            lambda connection: [_key_from(row) for row in connection.execute(query)]
        )

    async def revoke_key(self, key_id: str, at: datetime) -> bool:
        """Makes a key invalid from now on; False when there is no such valid key."""
        valid = update(api_keys).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        revoked = valid.values(revoked_at=microseconds(at))
        return await self._database.write(lambda connection: connection.execute(revoked).rowcount == 1)

    async def project_named(self, name: str) -> Sequence[str]:
        """The ids of the projects that have this name or id."""
        query = select(projects.c.id).where((projects.c.name == name) | (projects.c.id == name))
        return await self._database.read(lambda connection: list(connection.scalars(query)))

    async def embedding_space(self, model: str, dimensions: int) -> tuple[str, int]:
        """The model and size of the vectors in the index: the given ones when none were recorded yet."""

        def ensure(connection: Connection) -> tuple[str, int]:
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
