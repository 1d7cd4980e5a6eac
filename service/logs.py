"""Logging: structured lines on standard error. Memory texts and secrets are never among the values."""

from __future__ import annotations

import logging
import sys

import structlog

from service.config import LogFormat


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
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries log requests and bodies at their finer levels; only what is wrong is of interest.
    logging.basicConfig(level=max(logging.WARNING, logging.getLevelNamesMapping()[level]), stream=sys.stderr)
