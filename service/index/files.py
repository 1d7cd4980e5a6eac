"""The files of an embedded Chroma, where it leaves what it was told to delete."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

BUSY_SECONDS = 30.0


def wipe(directory: Path) -> None:
    """Overwrites free space in Chroma's database, and removes the files of collections that are gone.

    Raises:
        OSError: a file cannot be removed.
        sqlite3.Error: Chroma did not let go of its database in time.
    """
    with closing(sqlite3.connect(directory / "chroma.sqlite3", timeout=BUSY_SECONDS)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = {segment for (segment,) in connection.execute("SELECT id FROM segments")}
    for place in directory.iterdir():
        if place.is_dir() and place.name not in kept and _is_a_segment(place.name):
            shutil.rmtree(place)


def _is_a_segment(name: str) -> bool:
    """Chroma calls the directory of a segment by its id; others are none of our business."""
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
