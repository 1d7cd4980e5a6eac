"""A query, read field by field: everything in it is text."""

from __future__ import annotations

import re

from starlette.datastructures import QueryParams

from gateway.codec.fields import INT32
from gateway.errors import Violation

_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")


def query_text(query: QueryParams, name: str) -> str | None:
    """A text. An empty one is the same as none: clients fill in what they do not know."""
    return query.get(name) or None


def query_integer(query: QueryParams, name: str, violations: list[Violation]) -> int | None:
    """An integer of 32 bits."""
    text = query_text(query, name)
    if text is None:
        return None
    if not _INTEGER.fullmatch(text) or int(text) not in INT32:
        violations.append(Violation(name, f"{name} must be an integer"))
        return None
    return int(text)
