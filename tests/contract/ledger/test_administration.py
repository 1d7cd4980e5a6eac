from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import numpy as np
import pytest
from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.dialects import sqlite

from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database
from service.ledger.leases import Holder
from service.ledger.ledger import SqlLedger
from service.ledger.members import SqlMembers
from service.ledger.memberships import organizations_of, usable_projects
from service.ledger.organizations import SqlOrganizations
from service.ledger.projects import SqlProjects
from service.ledger.schema import (
    api_keys,
    dropped_projects,
    metadata,
    organizations,
    profile_jobs,
    projects,
    webhooks,
)
from service.ledger.webhooks import SqlWebhooks
from service.memory.accounts import AccessRole, Principal, ProjectSelection, digest, new_secret
from service.memory.errors import AlreadyExists, InvalidRequest, NotFound
from service.memory.members import Group, Member
from service.memory.model import AddRequest, Change, Event, Memory, Message, Role, Scope
from service.memory.projects import Project, ProjectUpdate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SCOPE = Scope(user_id="alex")


HOLDER = Holder()


@dataclass(frozen=True)
class Stores:
    """Everything on one database."""

    database: Database

    @property
    def accounts(self) -> SqlAccounts:
        return SqlAccounts(self.database)

    @property
    def projects(self) -> SqlProjects:
        return SqlProjects(self.database)

    @property
    def organizations(self) -> SqlOrganizations:
        return SqlOrganizations(self.database)

    @property
    def members(self) -> SqlMembers:
        return SqlMembers(self.database)

    @property
    def ledger(self) -> SqlLedger:
        return SqlLedger(self.database, HOLDER)

    async def project(self, owner: str = "owner@example.com", organization_id: str | None = None) -> Project:
        """A fresh project, in a fresh organization if none is given."""
        if organization_id is None:
            organization_id = (await self.organizations.create(str(uuid.uuid4()), "", owner, NOW)).id
        return await self.projects.create(organization_id, str(uuid.uuid4()), "", owner, NOW)

    async def principal(self, project: Project, email: str = "") -> Principal:
        """Who has a fresh key of a project."""
        secret = new_secret()
        await self.accounts.create_key(secret, project.id, "", AccessRole.OWNER, NOW, email=email)
        found = await self.accounts.principal(digest(secret))
        assert found is not None
        return found

    async def fill(self, project: Project) -> None:
        """Puts a row into every table that may hold one of a project."""
        request = AddRequest((Message(Role.USER, "Hi"),), SCOPE)
        event_id = await self.ledger.store_request(project.id, request, NOW)
        memory = Memory(str(uuid.uuid4()), SCOPE, "Hi", NOW, NOW, {"a": 1}, ("misc",))
        change = Change(Event.ADD, None, memory, np.ones(3, dtype=np.float32))
        await self.ledger.commit(project.id, event_id, SCOPE, None, [change], [], NOW)
        event_id = await self.ledger.store_request(project.id, request, NOW)
        change = Change(Event.UPDATE, memory, replace(memory, text="Ho"))
        await self.ledger.commit(project.id, event_id, SCOPE, None, [change], [], NOW)
        empty = [name for name, rows in (await self.rows(project)).items() if not rows]

        def invent(connection: Connection) -> None:
            for table in metadata.sorted_tables:
                if table.name in empty and table not in (dropped_projects, api_keys):
                    connection.execute(insert(table).values(invented(table) | known(table, project)))

        await self.database.write(invent)

    async def rows(self, project: Project) -> dict[str, int]:
        """How many rows each table has of a project."""

        def count(connection: Connection) -> dict[str, int]:
            return {
                table.name: connection.scalar(
                    select(func.count()).select_from(table).where(table.c.project_id == project.id)
                )
                or 0
                for table in metadata.sorted_tables
                if "project_id" in table.c
            }

        return await self.database.read(count)


class Migrated(Protocol):
    """What the fixture `project` gives."""

    database: Database


def known(table: Table, project: Project) -> dict[str, object]:
    """Values that must be those of rows that are there."""
    referred = {"webhook_id": webhooks, "job_id": profile_jobs}
    ids = {
        name: select(other.c.id).where(other.c.project_id == project.id).limit(1).scalar_subquery()
        for name, other in referred.items()
        if name in table.c
    }
    return {"project_id": project.id, **ids}


def invented(table: Table) -> dict[str, object]:
    """A value for every column that needs one: no two rows are alike."""
    needed = [
        column
        for column in table.c
        if not column.nullable and not (column.name == "sequence" and column.primary_key)
    ]
    kinds: dict[type, Callable[[], object]] = {
        str: lambda: str(uuid.uuid4())[:8],
        int: lambda: 1,
        bool: lambda: True,
        bytes: lambda: b"x",
    }
    return {column.name: kinds[column.type.python_type]() for column in needed}


@pytest.fixture
def stores(project: Migrated) -> Stores:
    """The stores on each kind of database."""
    return Stores(project.database)


async def test_a_deleted_project_leaves_nothing(stores: Stores) -> None:
    """Every row of a project goes with it, and none of another; the index is told."""
    project = await stores.project()
    other = await stores.project(organization_id=project.organization_id)
    for each in (project, other):
        await stores.principal(each)
        await stores.fill(each)
    full = await stores.rows(other)
    assert {name for name, rows in full.items() if not rows} == {"dropped_projects"}
    await stores.projects.delete(project.id)
    left = await stores.rows(project)
    assert {name for name, rows in left.items() if rows} == {"dropped_projects"}
    assert await stores.rows(other) == full
    assert project.id in await stores.ledger.dropped_projects(1000)
    await stores.ledger.project_dropped(project.id)
    assert project.id not in await stores.ledger.dropped_projects(1000)


async def test_a_deleted_organization_leaves_nothing(stores: Stores) -> None:
    """An organization goes with all its projects and keys."""
    one = await stores.project()
    two = await stores.project(organization_id=one.organization_id)
    for each in (one, two):
        await stores.fill(each)
    await stores.principal(one)
    await stores.organizations.delete(one.organization_id)
    for each in (one, two):
        assert {name for name, rows in (await stores.rows(each)).items() if rows} == {"dropped_projects"}
    with pytest.raises(NotFound):
        await stores.organizations.get(one.organization_id)


async def test_numbers_of_the_outbox_are_used_once(stores: Stores) -> None:
    """What was read from the outbox before a project went is never taken for work that came later."""
    project, other = await stores.project(), await stores.project()
    await stores.fill(project)
    read = [item.sequence for item in await stores.ledger.outbox(1000)]
    await stores.projects.delete(project.id)
    await stores.fill(other)
    await stores.ledger.outbox_done(read)
    assert [item.project_id for item in await stores.ledger.outbox(1000)].count(other.id) == 1


async def test_requests_for_a_deleted_project(stores: Stores) -> None:
    """Who still works for a project that was deleted meanwhile is told so, and writes nothing."""
    project = await stores.project()
    await stores.projects.delete(project.id)
    request = AddRequest((Message(Role.USER, "Hi"),), SCOPE)
    with pytest.raises(NotFound):
        await stores.ledger.store_request(project.id, request, NOW)
    with pytest.raises(NotFound):
        await stores.ledger.project_settings(project.id)
    with pytest.raises(NotFound):
        await SqlWebhooks(stores.database).create(project.id, "", "https://example.com", [], "s", NOW)
    with pytest.raises(NotFound):
        await stores.members.add(
            Group(project.organization_id, project.id), Member("a@b.c", AccessRole.OWNER, NOW)
        )


async def test_of_two_same_names_one_is_made(stores: Stores) -> None:
    """Two projects of one name cannot be made at once, nor two memberships of one member."""
    project = await stores.project()
    group = Group(project.organization_id, project.id)
    made = await asyncio.gather(
        *(stores.projects.create(project.organization_id, "same", "", "a@b.c", NOW) for _ in range(4)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in made) == [*["AlreadyExists"] * 3, "Project"]
    await stores.members.add(group, Member("x@y.z", AccessRole.READER, NOW))
    with pytest.raises(AlreadyExists):
        await stores.members.add(group, Member("x@y.z", AccessRole.OWNER, NOW))


async def test_two_owners_cannot_leave_at_once(stores: Stores) -> None:
    """When two owners leave at the same moment, one of them has to stay."""
    project = await stores.project("one@example.com")
    for group in (Group(project.organization_id), Group(project.organization_id, project.id)):
        await stores.members.add(group, Member("two@example.com", AccessRole.OWNER, NOW))
    group = Group(project.organization_id, project.id)
    left = await asyncio.gather(
        *(stores.members.remove(group, name) for name in ("one@example.com", "two@example.com")),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in left) == ["InvalidRequest", "NoneType"]
    [owner] = await stores.members.list(group)
    with pytest.raises(InvalidRequest):
        await stores.members.change_role(group, owner.name, AccessRole.READER)


async def test_settings(stores: Stores) -> None:
    """Settings are merged key by key, and each can be taken away."""
    project = await stores.project()
    first = ProjectUpdate(inclusion_prompt="food", kept={"version": "v2", "decay": True})
    await stores.projects.update(project.id, first, NOW)
    second = ProjectUpdate(exclusion_prompt="names", kept={"decay": None})
    changed = await stores.projects.update(project.id, second, NOW)
    assert (changed.settings.includes, changed.settings.excludes) == ("food", "names")
    assert changed.kept == {"version": "v2"}
    assert await stores.ledger.project_settings(project.id) == changed.settings


async def test_the_same_names_in_two_organizations(stores: Stores) -> None:
    """A name that fits several projects selects none of them; with its organization's id it selects one."""
    email, one, two = f"{uuid.uuid4()}@example.com", await stores.project(), await stores.project()
    for project in (one, two):
        await stores.projects.update(project.id, ProjectUpdate(name="twin"), NOW)
    person = await stores.principal(one, email)
    await stores.members.add(Group(two.organization_id, two.id), Member(email, AccessRole.READER, NOW))
    assert await stores.accounts.project_access(person, ProjectSelection(project_name="twin")) is None
    found = await stores.accounts.project_access(
        person, ProjectSelection(org_id=two.organization_id, project_name="twin")
    )
    assert found is not None
    assert (found.project_id, found.role) == (two.id, AccessRole.READER)


async def test_access_is_read_off_indexes(stores: Stores) -> None:
    """Finding what a caller may use scans no table, however many there are."""
    person = await stores.principal(await stores.project(), "a@example.com")
    if await stores.database.read(lambda connection: connection.dialect.name) != "sqlite":
        pytest.skip("PostgreSQL reads small tables whole, whatever indexes they have")
    usable = partial(usable_projects, person.member, organization_wide=person.organization_wide)
    for query in (
        usable(projects.c.id).where(projects.c.id == "x"),
        usable(projects.c.id).where(projects.c.organization_id == "x"),
        select(organizations.c.id).where(organizations_of(person.member)),
    ):
        text = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))

        def plan(connection: Connection, text: str = text) -> Sequence[str]:
            return [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]

        details = await stores.database.read(plan)
        assert not [detail for detail in details if detail.startswith("SCAN")], details
