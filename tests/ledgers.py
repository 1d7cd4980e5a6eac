"""Ledgers for tests: migrated, on either database, with projects and memories put in through the port."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert

from service.ledger.database import Database, sqlite_url
from service.ledger.ledger import SqlLedger
from service.ledger.schema import organizations, projects
from service.memory.model import AddRequest, Change, Event, Memory, Scope
from tests.databases import new_database, postgresql_server

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


@contextmanager
def _sqlite(directory: Path) -> Iterator[str]:
    yield sqlite_url(directory / "ledger.db")


@contextmanager
def _postgresql(directory: Path) -> Iterator[str]:  # noqa: ARG001 - the server has a directory of its own
    with postgresql_server() as administrator:
        yield new_database(administrator)


URLS: Mapping[str, Callable[[Path], AbstractContextManager[str]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}
"""A way to an empty database of each kind, which keeps its files in a directory."""


@contextmanager
def migrated(url: str) -> Iterator[Database]:
    """The database at the URL with today's schema."""
    database = Database(url)
    try:
        database.migrate()
        yield database
    finally:
        database.close()


async def new_project(database: Database) -> str:
    """The id of a fresh project in a fresh organization."""
    organization_id, project_id = str(uuid.uuid4()), str(uuid.uuid4())

    def create(connection: Connection) -> None:
        organization = {"id": organization_id, "name": organization_id, "created_at": 0}
        project = {"id": project_id, "organization_id": organization_id, "name": "test", "created_at": 0}
        connection.execute(insert(organizations).values(organization))
        connection.execute(insert(projects).values(project))

    await database.write(create)
    return project_id


async def add(database: Database, project_id: str, memories: Sequence[Memory]) -> None:
    """Adds memories in one commit."""
    await commit(database, project_id, [Change(Event.ADD, None, memory) for memory in memories])


async def commit(database: Database, project_id: str, changes: Sequence[Change], at: datetime = NOW) -> None:
    """Commits changes as those of one request."""
    ledger, scope = SqlLedger(database), Scope("somebody")
    event_id = await ledger.store_request(project_id, AddRequest((), scope), at)
    await ledger.commit(project_id, event_id, scope, None, changes, (), at)
