"""Looks into the ledger of a running memoryd, past all of its code."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]

WRITTEN_BY_ADDS = ("requests", "memories", "changes", "outbox", "subjects")


@dataclass(frozen=True)
class LedgerFile:
    """The SQLite file in a data directory."""

    data_dir: Path

    def rows(self, query: str, *values: object) -> list[Row]:
        """The rows that a query gives."""
        path = self.data_dir / "ledger.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    def memories(self, user_id: str) -> list[Row]:
        """The current memories of a user, oldest first."""
        return self.rows("SELECT * FROM memories WHERE user_id = ? ORDER BY sequence", user_id)

    def texts(self, user_id: str) -> list[str]:
        """What is remembered of a user, oldest first."""
        return [row["text"] for row in self.memories(user_id)]

    def requests(self, user_id: str) -> list[Row]:
        """The requests of a user, oldest first."""
        return self.rows("SELECT * FROM requests WHERE user_id = ? ORDER BY sequence", user_id)

    def changes(self, memory_id: str) -> list[Row]:
        """What happened to a memory, oldest first."""
        return self.rows("SELECT * FROM changes WHERE memory_id = ? ORDER BY sequence", memory_id)

    def counts(self) -> dict[str, int]:
        """How many rows each table has that an add may write."""
        return {
            table: self.rows(f"SELECT count(*) AS number FROM {table}")[0]["number"]
            for table in WRITTEN_BY_ADDS
            if table != "outbox"  # it empties by itself
        }

    def run(self, statement: str, *values: object) -> None:
        """Changes something behind memoryd's back."""
        with closing(sqlite3.connect(self.data_dir / "ledger.sqlite3", timeout=10)) as connection:
            connection.execute(statement, values)
            connection.commit()


def wait_until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits until something is so, and fails when it does not come to be."""
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, f"not so after {seconds} s"
        time.sleep(0.02)
