"""Copies of the embedded ledger."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from service.config import StartError

LEDGER = "ledger.sqlite3"
MANIFEST = "manifest.json"
FORMAT = 1


def save(ledger: Path, target: Path) -> int:
    """Copies a ledger as of one moment, whoever writes to it meanwhile, and says how many memories it has.

    Raises:
        StartError: there is no ledger, or something is in the way.
    """
    if not ledger.is_file():
        raise StartError(f"there is no ledger at {ledger}")
    _make_empty(target)
    copy = target / LEDGER
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    # Not read-only: to read a ledger that was not closed well, SQLite has to put its journal in order.
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(copy)) as made:
        source.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")
    memories = _verify(copy)
    manifest = {"format": FORMAT, "sha256": _digest(copy), "memories": memories}
    # Written last: a copy that was cut off has none.
    (target / MANIFEST).write_text(json.dumps(manifest) + "\n")
    return memories


def load(source: Path, data_dir: Path) -> Path:
    """Puts a copy into an empty data directory, and gives the ledger's path.

    Raises:
        StartError: it is not whole, or the directory is not empty. Nothing was put there then.
    """
    copy = source / LEDGER
    try:
        manifest = json.loads((source / MANIFEST).read_text())
    except (OSError, ValueError):
        raise StartError(f"{source} is no backup that was completed") from None
    if manifest.get("format") != FORMAT or not copy.is_file() or manifest["sha256"] != _digest(copy):
        raise StartError(f"the backup in {source} is damaged, or of another version of memoryd")
    _verify(copy)
    _make_empty(data_dir)
    arriving = data_dir / f"{LEDGER}.arriving"
    shutil.copyfile(copy, arriving)
    arriving.chmod(0o600)
    with arriving.open("rb") as file:
        os.fsync(file.fileno())
    return arriving.rename(data_dir / LEDGER)


def _make_empty(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise StartError(f"{directory} is not empty")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)


def _verify(ledger: Path) -> int:
    try:
        with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
            [memories] = connection.execute("SELECT count(*) FROM memories").fetchone()
    except sqlite3.DatabaseError:
        raise StartError(f"{ledger} is damaged") from None
    if not sound or dangling is not None:
        raise StartError(f"{ledger} is damaged")
    return int(memories)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
