"""Times in filters: RFC 3339, YYYY-MM-DD, or seconds since the Unix epoch.

A time is an instant. A day is all of itself, in UTC: `eq` a day means at any time of it, `lte` a day includes
its last microsecond, `gt` a day begins with the next one. That is what people mean by "until the 31st"; read
as midnight, such a bound would lose the whole day without a word. A time without an offset is in UTC.

Expiration dates are days, and a memory is still valid on its own. A time among them stands for its day.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import assert_never

from service.memory.filters.grammar import (
    CompareExpiration,
    CompareTime,
    Comparison,
    Filter,
    TimeBetween,
    TimeField,
)

EXPECTED = "must be a time: RFC 3339, YYYY-MM-DD or Unix seconds"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_MICROSECONDS_A_DAY = 24 * 60 * 60 * 1_000_000


def moment(value: object) -> date | datetime | None:
    """The day or the instant (in UTC) that a JSON value names; None when it names none."""
    try:
        if isinstance(value, str):
            return _from_text(value)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return _EPOCH + timedelta(microseconds=math.floor(Fraction(value) * 1_000_000))
    except (ValueError, OverflowError):
        return None
    return None


def compare_time(field: TimeField, operator: Comparison, bound: date | datetime) -> Filter:
    """The condition that a field of times compares so with a bound."""
    start = _microseconds(bound)
    if isinstance(bound, datetime):
        return CompareTime(field, operator, start)
    end = start + _MICROSECONDS_A_DAY
    match operator:
        case "eq":
            return TimeBetween(field, start, end - 1)
        case "gt":
            return CompareTime(field, "gte", end)
        case "lte":
            return CompareTime(field, "lt", end)
        case "gte" | "lt":
            return CompareTime(field, operator, start)
        case _:
            assert_never(operator)


def compare_expiration(operator: Comparison, bound: date | datetime) -> Filter:
    """The condition that the expiration date compares so with a bound."""
    return CompareExpiration(operator, bound.date() if isinstance(bound, datetime) else bound)


def _from_text(text: str) -> date | datetime | None:
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    text = text.upper()
    if not _TIME.fullmatch(text):
        return None
    time = datetime.fromisoformat(text)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _microseconds(bound: date | datetime) -> int:
    if not isinstance(bound, datetime):
        bound = datetime(bound.year, bound.month, bound.day, tzinfo=UTC)
    return (bound - _EPOCH) // timedelta(microseconds=1)
