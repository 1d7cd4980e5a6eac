"""Two memoryds on one PostgreSQL and one Chroma server, all of them real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from tests.contract.index.chroma_server import free_port, running_chroma
from tests.ledgers import URLS
from tests.running import Memoryd

LEASE_SECONDS = "8"
"""What a dead replica had is soon another's, and a busy machine is not taken for a dead one."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Replicas:
    """What they share."""

    all: Sequence[Memoryd]
    database_url: str

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
        chroma_url = stack.enter_context(running_chroma(directory / "chroma", free_port()))
        shared = {
            "MEMORYD_DATABASE_URL": database_url,
            "MEMORYD_CHROMA_URL": chroma_url,
            "MEMORYD_LEASE_SECONDS": LEASE_SECONDS,
        }
        template = Memoryd(directory, shared | dict(settings))
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
        yield Replicas(replicas, database_url)
