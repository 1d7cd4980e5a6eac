"""The directory of the embedded stores, which bear one process at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.config import StartError

LOCK_FILE = "lock"


@contextmanager
def sole_owner(directory: Path) -> Iterator[None]:
    """Keeps every other memoryd out of the directory until the block or the process ends.

    Raises:
        StartError: another one is in it.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415 - not to be had everywhere

    directory.mkdir(parents=True, exist_ok=True)
    with (directory / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(
                f"{directory} is in use by another memoryd. End that one, or set another MEMORYD_DATA_DIR. "
                "Replicas share PostgreSQL and a Chroma server: MEMORYD_DATABASE_URL and MEMORYD_CHROMA_URL."
            ) from None
        yield
