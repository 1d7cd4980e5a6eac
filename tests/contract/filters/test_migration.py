"""The schema grows under data that is there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from memoryd.exact_json import dumps
from sqlalchemy import Connection, create_engine, text

from service.ledger.database import Database
from service.ledger.memories import SqlMemories
from service.ledger.schema import metadata
from service.memory.errors import Violation
from service.memory.filters import parse
from tests.ledgers import URLS, migrated


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "service.ledger:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@pytest.mark.parametrize("kind", sorted(URLS))
async def test_memories_of_the_first_schema_can_be_filtered(kind: str, tmp_path: Path) -> None:
    """After the migration, filters find memories that were written before it by all that they look at."""
    project_id, count = str(uuid.uuid4()), 1001
    with URLS[kind](tmp_path) as url:
        with _connection(url) as connection:
            command.upgrade(_config(connection), "0001")
            _write_memories(connection, project_id, count)
        with migrated(url) as database:
            for filter_, expected in (
                ({"text": {"icontains": "STRASSE 7"}}, 111),
                ({"metadata": {"number": 1000}}, 1),
                ({"metadata": {"tags": {"contains": "a"}}}, count),
                ({"categories": "FOOD"}, count),
            ):
                assert await _count(database, project_id, filter_) == expected


async def _count(database: Database, project_id: str, filter_: dict[str, Any]) -> int:
    violations: list[Violation] = []
    wanted = parse(filter_, violations)
    assert violations == []
    return await SqlMemories(database).count(project_id, wanted, on=None)


def _write_memories(connection: Connection, project_id: str, count: int) -> None:
    connection.execute(text("INSERT INTO organizations VALUES (:id, 'o', 0)"), {"id": project_id})
    connection.execute(
        text("INSERT INTO projects (id, organization_id, name, created_at) VALUES (:id, :id, 'p', 0)"),
        {"id": project_id},
    )
    connection.execute(
        text(
            "INSERT INTO memories (id, project_id, subject_kind, subject_id, user_id, text, metadata,"
            " categories, immutable, created_at, updated_at)"
            " VALUES (:id, :project_id, 'user', 'u', 'u', :text, :metadata, :categories, false, 0, 0)"
        ),
        [
            {
                "id": str(uuid.uuid4()),
                "project_id": project_id,
                "text": f"Lives in Straße {number}",
                "metadata": dumps({"number": number, "tags": ["a", "b"]}),
                "categories": dumps(["Food"]),
            }
            for number in range(count)
        ],
    )


@pytest.mark.parametrize("kind", sorted(URLS))
def test_the_migrations_make_the_schema_that_the_code_expects(kind: str, tmp_path: Path) -> None:
    """Nothing but comments is left to migrate after the last migration."""
    with URLS[kind](tmp_path) as url, migrated(url), _connection(url) as connection:
        left = compare_metadata(MigrationContext.configure(connection), metadata)
    changes = [change for one in left for change in (one if isinstance(one, list) else [one])]
    assert [change for change in changes if change[0] != "modify_comment"] == []


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
