"""Transactions off the event loop, on SQLite or PostgreSQL.

A transaction is a plain function of a connection that runs in a thread from its first statement to its
commit. A caller that goes away therefore never leaves one half done.
"""

from __future__ import annotations

import asyncio
import contextvars
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service.memory.errors import LEDGER_UNAVAILABLE, Unavailable

Result = TypeVar("Result")

_OUR_FAULTS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
"""What a database that answers finds wrong with a statement or its values. Trying again would not help."""

START_LOCK = 0x6D656D6F7279
"""What replicas of memoryd lock on PostgreSQL while they set up the database."""

EMBEDDING_MODEL = "embedding_model"
"""The execution option of a writing connection that says whose vectors it commits."""

READERS = 4
BUSY_SECONDS = 10.0
"""How long a SQLite connection waits for another process's write to end."""


class Database:
    """Runs transactions: `read` side by side, `write` one after another where the database has one writer."""

    def __init__(self, url: str) -> None:
        self._reader, self._writer = _engines(url)
        embedded = self._writer.dialect.name == "sqlite"
        self._read_threads = ThreadPoolExecutor(READERS, thread_name_prefix="ledger-read")
        self._write_threads = ThreadPoolExecutor(
            1 if embedded else READERS, thread_name_prefix="ledger-write"
        )

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    def migrate(self) -> None:
        """Brings the schema to what this code expects. Call it once, before anything else.

        Raises:
            Unavailable: the database does not answer.
        """
        config = Config()
        config.set_main_option("script_location", "service.ledger:migrations")
        config.set_main_option("path_separator", "os")
        try:
            with _loose(self._writer), self._writer.begin() as connection:
                config.attributes["connection"] = connection
                alone(connection)
                command.upgrade(config, "head")
                _check_references(connection)
        except (DBAPIError, PoolTimeoutError) as error:
            raise _unavailable() from error

    def expect(self, embedding_model: str) -> None:
        """Lets commits fail from now on when the index is switched to another embedding model."""
        self._writer = self._writer.execution_options(**{EMBEDDING_MODEL: embedding_model})

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Runs a transaction that changes nothing.

        Raises:
            Unavailable: the database does not answer.
        """
        return await self._run(self._read_threads, self._reader, work)

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """Runs a transaction; when this returns, its changes survive a crash.

        Raises:
            Unavailable: the database does not answer. The changes are not there.
            IntegrityError: somebody else was there first.
        """
        return await self._run(self._write_threads, self._writer, work)

    async def wipe(self) -> None:
        """Overwrites what deleted rows have left in the files, where the files are ours: those of SQLite.

        Writers wait, about a second for 100 MB. PostgreSQL frees its rows by its own VACUUM.

        Raises:
            Unavailable: somebody reads for too long, and the log cannot be emptied.
        """
        if self.dialect != "sqlite":
            return
        await asyncio.get_running_loop().run_in_executor(self._write_threads, self._wipe)

    def _wipe(self) -> None:
        connection = self._writer.raw_connection()
        try:
            connection.cursor().execute("VACUUM")
            # What was deleted still stands in the write-ahead log.
            busy = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise _unavailable() from error
        finally:
            connection.close()
        if busy:
            raise _unavailable()

    def close(self) -> None:
        """Waits for transactions under way and closes all connections."""
        for threads in (self._read_threads, self._write_threads):
            threads.shutdown()
        for engine in {self._reader, self._writer}:
            engine.dispose()

    @staticmethod
    async def _run(threads: Executor, engine: Engine, work: Callable[[Connection], Result]) -> Result:
        def transaction() -> Result:
            try:
                with engine.begin() as connection:
                    return work(connection)
            except _OUR_FAULTS:
                raise
            except (DBAPIError, PoolTimeoutError) as error:
                raise _unavailable() from error

        # Whoever listens in the thread, to log or to count, knows whose call it is.
        inside = contextvars.copy_context().run
        return await asyncio.get_running_loop().run_in_executor(threads, inside, transaction)


@contextmanager
def _loose(engine: Engine) -> Iterator[None]:
    """Lets SQLite replace tables that others refer to: it changes them by making them anew."""
    if engine.dialect.name != "sqlite":
        yield
        return
    _set_foreign_keys(engine, "OFF")
    try:
        yield
    finally:
        _set_foreign_keys(engine, "ON")


def _set_foreign_keys(engine: Engine, state: str) -> None:
    # Within a transaction the statement does nothing, so SQLAlchemy must not begin one.
    connection = engine.raw_connection()
    try:
        connection.cursor().execute(f"PRAGMA foreign_keys={state}")
    finally:
        connection.close()


def alone(connection: Connection) -> None:
    """Lets replicas that start together migrate one after the other, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(START_LOCK)))


def _check_references(connection: Connection) -> None:
    """Ends a migration that left a reference to nowhere. Other databases check by themselves."""
    if connection.dialect.name != "sqlite":
        return
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise RuntimeError("a migration broke a reference between tables")


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return f"sqlite:///{path}"


def _engines(url: str) -> tuple[Engine, Engine]:
    """A reading and a writing engine, which share connections where the database orders writers by itself."""
    # Statements hold memory texts, so they must never stand in an error or a log.
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        if parsed.drivername in {"postgres", "postgresql"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True, pool_size=2 * READERS)
        # A read of several statements sees one moment.
        return engine.execution_options(isolation_level="REPEATABLE READ"), engine
    engines = []
    for begin, size in (("BEGIN", READERS), ("BEGIN IMMEDIATE", 1)):
        engine = create_engine(
            url, hide_parameters=True, pool_size=size, max_overflow=0, connect_args={"timeout": BUSY_SECONDS}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_with(begin))
        engines.append(engine)
    return engines[0], engines[1]


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
    # The driver would begin transactions on its own and too late; SQLAlchemy's `begin` event does it instead.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # PostgreSQL has it built in.
    connection.create_function("gen_random_uuid", 0, lambda: str(uuid.uuid4()))


def _begin_with(statement: str) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin


def _unavailable() -> Unavailable:
    return Unavailable("The ledger does not answer.", reason=LEDGER_UNAVAILABLE)
