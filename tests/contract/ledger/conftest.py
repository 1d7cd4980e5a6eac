"""A migrated ledger on each kind of database, with one project."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database
from service.ledger.rows import microseconds
from tests.ledgers import URLS

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

FIRST = microseconds(NOW)
"""The version of a subject after its first commit; then it is counted up."""


@dataclass(frozen=True)
class Project:
    """A project in a database."""

    database: Database
    id: str


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The default project."""
    with URLS[request.param](tmp_path_factory.mktemp("ledger")) as url:
        yield from _project(url)


def _project(url: str) -> Iterator[Project]:
    database = Database(url)
    database.migrate()
    project_id, _ = asyncio.run(SqlAccounts(database).ensure_default_project(NOW))
    yield Project(database, project_id)
    database.close()
