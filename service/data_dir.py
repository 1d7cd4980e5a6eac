"""The directory of the embedded stores, which bear one process at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from service.config import StartError

LOCK_FILE = "lock"


@contextmanager
def sole_owner(directory: Path) -> Iterator[None]:
    """Keeps every other memoryd out of the directory until the block or the process ends.

    Raises:
        StartError: another one is in it, or it cannot be made.
    """
    if sys.platform == "win32":
        make(directory)
        yield
        return
    import fcntl  # noqa: PLC0415 - not to be had everywhere

    make(directory)
    with _opened(directory / LOCK_FILE) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"{directory} is in use by another memoryd. End that one, or set another MEMORYD_DATA_DIR. "
                "Replicas share PostgreSQL and a Chroma server: MEMORYD_DATABASE_URL and MEMORYD_CHROMA_URL."
            ) from None
        yield


def make(directory: Path) -> None:
    """Makes the directory, if it is not there, for its owner alone: memories are nobody else's to read.

    Raises:
        StartError: that cannot be done.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(directory, error) from None


def _opened(file: Path) -> TextIO:
    try:
        return file.open("w")
    except OSError as error:
        raise _unusable(file.parent, error) from None


def _unusable(directory: Path, error: OSError) -> StartError:
    return StartError(f"MEMORYD_DATA_DIR {directory} cannot be used: {error.strerror}")
