from __future__ import annotations

from pathlib import Path

import pytest

from service.config import StartError
from service.data_dir import make, sole_owner


def test_what_is_made_is_private(tmp_path: Path) -> None:
    """Nobody but its owner may look into the directory, whatever the caller's umask."""
    make(tmp_path / "one" / "two")
    assert (tmp_path / "one" / "two").stat().st_mode & 0o777 == 0o700


def test_what_was_there_stays(tmp_path: Path) -> None:
    """A directory that somebody else made, as a volume is, keeps its permissions."""
    tmp_path.chmod(0o755)
    make(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_what_cannot_be_made(tmp_path: Path) -> None:
    """Below a file there is no directory: the error names the setting."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(StartError, match=r"MEMORYD_DATA_DIR .* cannot be used: Not a directory"),
        sole_owner(tmp_path / "file" / "data"),
    ):
        pass
