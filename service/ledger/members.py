"""Members of organizations and projects on SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger.database import Database
from service.ledger.memberships import member_from, membership_values
from service.ledger.schema import organization_members, project_members, projects
from service.memory.accounts import AccessRole
from service.memory.errors import AlreadyExists, InvalidRequest, NotFound, Violation
from service.memory.members import LAST_OWNER, NO_MEMBER, Group, Member


class SqlMembers:
    """Implements `service.memory.members.Members`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, group: Group) -> Sequence[Member]:
        """See the port."""
        table = _table(group)
        query = select(table).where(_of(group)).order_by(table.c.created_at, table.c.member)
        return await self._database.read(
            lambda connection: [member_from(row) for row in connection.execute(query)]
        )

    async def add(self, group: Group, member: Member) -> None:
        """See the port."""
        where = (
            {"organization_id": group.organization_id}
            if group.project_id is None
            else {"project_id": group.project_id}
        )
        new = insert(_table(group)).values(**where, **membership_values(member))
        known = select(_table(group).c.member).where(_of(group), _table(group).c.member == member.name)

        def add(connection: Connection) -> None:
            if connection.scalar(known) is not None:
                raise AlreadyExists("This member is there already.")
            connection.execute(new)

        try:
            await self._database.write(add)
        except IntegrityError as error:
            raise NotFound("Organization or project not found") from error

    async def change_role(self, group: Group, name: str, role: AccessRole) -> Member:
        """See the port."""
        table = _table(group)

        def change(connection: Connection) -> Member:
            member = _member(connection, group, name)
            if role is not AccessRole.OWNER:
                _keep_an_owner(connection, group, name)
            one = update(table).where(_of(group), table.c.member == name)
            connection.execute(one.values(role=role.value))
            return Member(name, role, member.created_at)

        return await self._database.write(change)

    async def remove(self, group: Group, name: str) -> None:
        """See the port."""
        table = _table(group)
        theirs = select(projects.c.id).where(projects.c.organization_id == group.organization_id)

        def remove(connection: Connection) -> None:
            _member(connection, group, name)
            _keep_an_owner(connection, group, name)
            connection.execute(delete(table).where(_of(group), table.c.member == name))
            if group.project_id is None:
                connection.execute(
                    delete(project_members).where(
                        project_members.c.member == name, project_members.c.project_id.in_(theirs)
                    )
                )

        await self._database.write(remove)


def _table(group: Group) -> Table:
    return organization_members if group.project_id is None else project_members


def _of(group: Group) -> ColumnElement[bool]:
    if group.project_id is None:
        return organization_members.c.organization_id == group.organization_id
    return project_members.c.project_id == group.project_id


def _member(connection: Connection, group: Group, name: str) -> Member:
    table = _table(group)
    row = connection.execute(select(table).where(_of(group), table.c.member == name)).one_or_none()
    if row is None:
        raise NotFound(NO_MEMBER)
    return member_from(row)


def _keep_an_owner(connection: Connection, group: Group, name: str) -> None:
    """Ends the transaction when nobody but `name` owns the group."""
    table = _table(group)
    # Locked, so that two owners cannot leave at once, each counting on the other.
    owners = select(table.c.member).where(_of(group), table.c.role == AccessRole.OWNER.value)
    if set(connection.scalars(owners.with_for_update())) == {name}:
        raise InvalidRequest([Violation("email", LAST_OWNER)])
