"""What a process says of itself."""

from __future__ import annotations

import io

import pytest
import structlog

from service.config import LogFormat
from service.logs import configure_logs


class Full(io.StringIO):
    """A stream to a disk that is full."""

    def write(self, text: str) -> int:
        """Fails."""
        raise OSError(28, "No space left on device", text)


def test_a_log_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who logs learns of it, and what is logged once there is room is written."""
    before = structlog.get_config()
    configure_logs("INFO", LogFormat.JSON)
    try:
        log = structlog.get_logger("test")
        monkeypatch.setattr("sys.stderr", Full())
        log.info("lost")
        there = io.StringIO()
        monkeypatch.setattr("sys.stderr", there)
        log.info("kept")
    finally:
        structlog.configure(**before)
    assert '"kept"' in there.getvalue()
