"""Two organizations, three projects, and keys of every kind: fresh ones for every example."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, insert

from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database
from service.ledger.rows import microseconds
from service.ledger.schema import organizations, projects
from service.memory.accounts import AccessRole, new_secret


@dataclass(frozen=True)
class Project:
    """A project, and the organization that it belongs to."""

    id: str
    name: str
    organization_id: str
    organization_name: str


@dataclass(frozen=True)
class Key:
    """A key, and the projects it may use."""

    secret: str
    home: Project
    writes: bool
    reach: tuple[Project, ...]


@dataclass(frozen=True)
class Tenants:
    """Projects 0 and 1 belong to one organization, project 2 to another."""

    projects: tuple[Project, ...]
    keys: tuple[Key, ...]
    """The first three are owners' keys of the three projects."""


def settle(database: Database, at: datetime) -> Tenants:
    """Makes tenants that nobody else is. Projects of the two organizations share a name."""
    homes = _projects()
    asyncio.run(database.write(lambda connection: _insert(connection, homes, microseconds(at))))
    first, second, other = homes
    owner, reader = AccessRole.OWNER, AccessRole.READER
    wanted = (
        (first, owner, (first,)),
        (second, owner, (second,)),
        (other, owner, (other,)),
        (first, reader, (first,)),
        (other, reader, (other,)),
        (first, owner, (first, second)),
        (second, reader, (first, second)),
    )
    return Tenants(homes, tuple(_key(database, *each, at=at) for each in wanted))


def _projects() -> tuple[Project, Project, Project]:
    name = uuid.uuid4().hex
    near, far = (str(uuid.uuid4()), f"acme-{name}"), (str(uuid.uuid4()), f"Acme-{name}")
    return (
        Project(str(uuid.uuid4()), "home", *near),
        Project(str(uuid.uuid4()), "Home", *near),
        Project(str(uuid.uuid4()), "home", *far),
    )


def _insert(connection: Connection, homes: tuple[Project, ...], at: int) -> None:
    names = {project.organization_id: project.organization_name for project in homes}
    for organization_id, name in names.items():
        _insert_row(connection, organizations, {"id": organization_id, "name": name, "at": at})
    for project in homes:
        values = {"id": project.id, "name": project.name, "at": at}
        _insert_row(connection, projects, values | {"organization_id": project.organization_id})


def _insert_row(connection: Connection, table: Table, values: Mapping[str, object]) -> None:
    times = {name: values["at"] for name in ("created_at", "updated_at") if name in table.c}
    row = {name: value for name, value in values.items() if name != "at"}
    connection.execute(insert(table).values(**row, **times))


def _key(
    database: Database, home: Project, role: AccessRole, reach: tuple[Project, ...], *, at: datetime
) -> Key:
    secret = new_secret()
    wide = len(reach) > 1
    asyncio.run(SqlAccounts(database).create_key(secret, home.id, "test", role, at, organization_wide=wide))
    return Key(secret, home, role is AccessRole.OWNER, reach)
