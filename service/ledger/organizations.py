"""Organizations on SQL."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from service.ledger.database import Database
from service.ledger.memberships import member_from, membership_values, organizations_of
from service.ledger.removal import remove_projects
from service.ledger.rows import AnyRow, microseconds, time_from
from service.ledger.schema import api_keys, organization_members, organizations, projects
from service.memory.access import NO_ORGANIZATION
from service.memory.accounts import AccessRole
from service.memory.errors import AlreadyExists, NotFound
from service.memory.members import Member
from service.memory.organizations import Organization


class SqlOrganizations:
    """Implements `service.memory.organizations.Organizations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, member: str) -> Sequence[Organization]:
        """See the port."""
        query = (
            select(organizations)
            .where(organizations_of(member))
            .order_by(organizations.c.created_at, organizations.c.id)
        )
        return await self._database.read(
            lambda connection: [_organization_from(row) for row in connection.execute(query)]
        )

    async def create(self, name: str, description: str, owner: str, at: datetime) -> Organization:
        """See the port."""
        made = Organization(
            str(uuid.uuid4()), name, description, at, at, (Member(owner, AccessRole.OWNER, at),)
        )
        known = select(organizations.c.id).where(organizations_of(owner), organizations.c.name == name)

        def create(connection: Connection) -> None:
            if connection.scalar(known.limit(1)) is not None:
                raise AlreadyExists("You have an organization of that name already.")
            connection.execute(
                insert(organizations).values(
                    id=made.id, name=name, description=description, created_at=microseconds(at)
                )
            )
            connection.execute(
                insert(organization_members).values(
                    organization_id=made.id, **membership_values(made.members[0])
                )
            )

        await self._database.write(create)
        return made

    async def get(self, organization_id: str) -> Organization:
        """See the port."""
        query = select(organizations).where(organizations.c.id == organization_id)
        who = select(organization_members).where(organization_members.c.organization_id == organization_id)
        who = who.order_by(organization_members.c.created_at, organization_members.c.member)

        def get(connection: Connection) -> Organization:
            row = connection.execute(query).one_or_none()
            if row is None:
                raise NotFound(NO_ORGANIZATION)
            members = tuple(member_from(each) for each in connection.execute(who))
            return replace(_organization_from(row), members=members)

        return await self._database.read(get)

    async def delete(self, organization_id: str) -> None:
        """See the port."""

        def remove(connection: Connection) -> None:
            remove_projects(
                connection, select(projects.c.id).where(projects.c.organization_id == organization_id)
            )
            for table in (api_keys, organization_members):
                connection.execute(delete(table).where(table.c.organization_id == organization_id))
            connection.execute(delete(organizations).where(organizations.c.id == organization_id))

        await self._database.write(remove)


def _organization_from(row: AnyRow) -> Organization:
    changed = row.created_at if row.updated_at is None else row.updated_at
    return Organization(row.id, row.name, row.description, time_from(row.created_at), time_from(changed))
