"""Two memoryds on one PostgreSQL and one Chroma server, all of them real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

from service.index.connect import Connection, server
from tests.chroma_front import Authority, Front
from tests.contract.index.chroma_server import free_port, running_chroma
from tests.ledgers import URLS
from tests.running import Memoryd

LEASE_SECONDS = "8"
"""What a dead replica had is soon another's, and a busy machine is not taken for a dead one."""

Row = Mapping[str, Any]


class ChromaServer:
    """A Chroma server behind TLS and a token, that goes and comes back with its data.

    Args:
        directory: where its data are.
    """

    def __init__(self, directory: Path) -> None:
        self._directory, self._port = directory, free_port()
        self._authority = Authority(directory / "authority")
        self._running, self._listening = ExitStack(), ExitStack()
        self.front = Front(f"http://127.0.0.1:{self._port}", self._authority, free_port())

    def start(self) -> None:
        """Starts it."""
        self._running.enter_context(running_chroma(self._directory / "data", self._port))
        self._listening.enter_context(self.front.listening())

    def stop(self) -> None:
        """Ends it."""
        self._listening.close()
        self._running.close()

    def connect(self) -> Connection:
        """Opens a connection to it."""
        return server(f"http://127.0.0.1:{self._port}")()

    @contextmanager
    def impersonated(self) -> Iterator[None]:
        """Until the block ends, whoever answers in its place is vouched for by somebody else."""
        self._listening.close()
        with self.front.listening(Authority(self._directory / "stranger")):
            yield
        self._listening.enter_context(self.front.listening())


@dataclass(frozen=True)
class Replicas:
    """What they share."""

    all: Sequence[Memoryd]
    database_url: str
    chroma: ChromaServer

    @contextmanager
    def without_ledger(self) -> Iterator[None]:
        """The database takes nobody in until the block ends, and puts out who is there."""
        url = make_url(self.database_url)
        engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false"))
            put_out = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            connection.execute(text(put_out), {"name": url.database})
            yield
            connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true"))
        engine.dispose()

    def rows(self, query: str, **values: object) -> list[Row]:
        """What a query finds in the ledger."""
        engine = create_engine(self.database_url)
        try:
            with engine.connect() as connection:
                return [row._asdict() for row in connection.execute(text(query), values)]
        finally:
            engine.dispose()

    def texts(self, user: str) -> list[str]:
        """What is remembered of a user, oldest first."""
        query = "SELECT text FROM memories WHERE user_id = :user ORDER BY sequence"
        return [row["text"] for row in self.rows(query, user=user)]

    def requests(self, user: str) -> list[Row]:
        """The requests of a user, oldest first."""
        return self.rows("SELECT * FROM requests WHERE user_id = :user ORDER BY sequence", user=user)


@contextmanager
def running_replicas(directory: Path, settings: Mapping[str, str], count: int = 2) -> Iterator[Replicas]:
    """Replicas that are ready, until the block ends."""
    with ExitStack() as stack:
        database_url = stack.enter_context(URLS["postgresql"](directory))
        chroma = ChromaServer(directory / "chroma")
        stack.callback(chroma.stop)
        chroma.start()
        shared = {"MEMORYD_DATABASE_URL": database_url, "MEMORYD_LEASE_SECONDS": LEASE_SECONDS}
        template = Memoryd(directory, shared | dict(chroma.front.settings()) | dict(settings))
        replicas = [
            replace(template, data_dir=directory / str(number), grpc_port=free_port(), http_port=free_port())
            for number in range(count)
        ]
        for replica in replicas:
            stack.callback(replica.kill)
            replica.launch()
        # They set up the database at the same time.
        for replica in replicas:
            replica.wait()
        yield Replicas(replicas, database_url, chroma)
