"""The schema grows under data that is there."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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
from service.ledger.versions import SqlVersions
from service.memory.errors import Violation
from service.memory.filters import parse
from service.memory.filters.grammar import OneOf
from service.memory.model import Scope
from service.memory.versions import Past
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


@pytest.mark.parametrize("kind", sorted(URLS))
async def test_what_ended_before_there_were_versions_can_be_read(kind: str, tmp_path: Path) -> None:
    """After the migration, the log of changes has become versions, of memories that are gone too."""
    project_id, kept, gone, event = (str(uuid.uuid4()) for _ in range(4))
    with URLS[kind](tmp_path) as url:
        with _connection(url) as connection:
            command.upgrade(_config(connection), "0007")
            _write_log(connection, project_id, kept, gone, event)
        with migrated(url) as database:
            reader, user = SqlVersions(database), OneOf("user_id", ("u",))
            for second, expected in ((0, set()), (1, {"A", "X"}), (2, {"B", "X"}), (3, {"B"})):
                past = Past(datetime.fromtimestamp(second, UTC))
                page = await reader.versions(project_id, user, past, offset=0, limit=9, on=None)
                assert {version.memory.text for version in page.versions} == expected
            told = await reader.version(project_id, gone, Past(include_superseded=True))
            assert told is not None
            assert (told.memory.scope, told.memory.metadata) == (Scope("u", "a"), {"n": 1})


def _write_log(connection: Connection, project_id: str, kept: str, gone: str, event: str) -> None:
    connection.execute(
        text("INSERT INTO organizations (id, name, created_at) VALUES (:id, 'o', 0)"), {"id": project_id}
    )
    connection.execute(
        text("INSERT INTO projects (id, organization_id, name, created_at) VALUES (:id, :id, 'p', 0)"),
        {"id": project_id},
    )
    ids: dict[str, Any] = {"project": project_id, "event": event, "kept": kept}
    connection.execute(
        text(
            "INSERT INTO requests (id, project_id, subject_kind, subject_id, user_id, agent_id, payload,"
            " asynchronous, status, created_at) VALUES (:event, :project, 'user', 'u', 'u', 'a', '{}', false,"
            " 'SUCCEEDED', 0)"
        ),
        ids,
    )
    connection.execute(
        text(
            "INSERT INTO memories (id, project_id, subject_kind, subject_id, user_id, text, folded_text,"
            " categories, immutable, created_at, updated_at)"
            " VALUES (:kept, :project, 'user', 'u', 'u', 'B', 'b', '[]', false, 1000000, 2000000)"
        ),
        ids,
    )
    log: list[tuple[str, str, str | None, str | None, int]] = [
        (kept, "ADD", None, "A", 1),
        (gone, "ADD", None, "X", 1),
    ]
    log += [(kept, "UPDATE", "A", "B", 2), (gone, "DELETE", "X", None, 3)]
    connection.execute(
        text(
            "INSERT INTO changes (id, project_id, memory_id, request_id, event, old_text, new_text, metadata,"
            " categories, created_at)"
            " VALUES (:id, :project, :memory, :event, :what, :old, :new, :metadata, '[\"Food\"]', :at)"
        ),
        [
            ids
            | {
                "id": str(uuid.uuid4()),
                "metadata": '{"n":1}',
                "memory": memory_id,
                "what": what,
                "old": old,
                "new": new,
                "at": second * 1_000_000,
            }
            for memory_id, what, old, new, second in log
        ],
    )
