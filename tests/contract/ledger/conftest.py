"""A migrated ledger on each kind of database, with one project."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database, sqlite_url

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Project:
    """A project in a database."""

    database: Database
    id: str


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The default project."""
    directory: Path = tmp_path_factory.mktemp("ledger")
    if request.param == "sqlite":
        yield from _project(sqlite_url(directory / "ledger.db"))
        return
    with pytest.MonkeyPatch.context() as patch:
        # A library under the server warns when it is imported where no session set this.
        patch.setenv("XDG_RUNTIME_DIR", str(directory))
        from tests.databases import new_database, postgresql_server

        with postgresql_server(directory / "postgresql") as administrator:
            yield from _project(new_database(administrator))


def _project(url: str) -> Iterator[Project]:
    database = Database(url)
    database.migrate()
    project_id, _ = asyncio.run(SqlAccounts(database).ensure_default_project(NOW))
    yield Project(database, project_id)
    database.close()
