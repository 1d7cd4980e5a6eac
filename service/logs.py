"""Logging: structured lines on standard error. Memory texts and secrets are never among the values."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog

from service.config import LogFormat


class _Lenient:
    """A stream of which nobody learns that it cannot be written, on a full disk for example.

    A line that is lost must not take the call or the worker along that it tells of.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure_logs(level: str, form: LogFormat) -> None:
    """Sets how this process logs, our own lines and those of libraries."""
    renderer = (
        structlog.processors.JSONRenderer()
        if form is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        # Asked for at every line: whoever embeds or captures this process may replace the stream.
        logger_factory=lambda *_: structlog.WriteLogger(cast("TextIO", _Lenient(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    # Libraries log requests and bodies at their finer levels; only what is wrong is of interest.
    logging.basicConfig(level=max(logging.WARNING, logging.getLevelNamesMapping()[level]), stream=sys.stderr)
