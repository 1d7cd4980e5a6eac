"""What a filter means, in plain Python over plain values: written from contract section 5, not from the code.

It evaluates the JSON as the client sent it, one memory at a time, and knows nothing of SQL or of any tree.
"""

from __future__ import annotations

import operator
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from service.memory.model import Memory

ORDER = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le, "eq": operator.eq}
WORDS = {"eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "contains", "icontains"}
SCOPE = ("user_id", "agent_id", "app_id", "run_id")


def matches(filter_: dict[str, Any], memory: Memory) -> bool:
    """Whether a memory meets all entries of a filter."""
    return all(_entry(key, value, memory) for key, value in filter_.items())


def _entry(key: str, value: Any, memory: Memory) -> bool:
    if key == "AND":
        return all(matches(item, memory) for item in value)
    if key == "OR":
        return any(matches(item, memory) for item in value)
    if key == "NOT":
        excluded = value if isinstance(value, list) else [value]
        return not any(matches(item, memory) for item in excluded)
    if key == "metadata":
        return _metadata(value, memory.metadata)
    if isinstance(value, dict):
        return all(_clause(key, word, operand, memory) for word, operand in value.items())
    return _clause(key, "in" if isinstance(value, list) else "eq", value, memory)


def _clause(key: str, word: str, operand: Any, memory: Memory) -> bool:
    if word in {"ne", "nin"}:
        return not _clause(key, "eq" if word == "ne" else "in", operand, memory)
    if word == "in":
        return any(_clause(key, "eq", item, memory) for item in operand)
    if key == "categories":
        return _categories(word, operand, memory.categories)
    if key == "memory_ids":
        return bool(memory.id == operand.lower())
    if key in {"text", "keywords"}:
        return fold(operand) in fold(memory.text) if word == "icontains" else operand in memory.text
    return _compared(key, word, operand, memory)


def _compared(key: str, word: str, operand: Any, memory: Memory) -> bool:
    value = getattr(memory.scope, key) if key in SCOPE else _time(key, memory)
    if operand == "*" or operand is None:
        return (value is None) == (operand is None)
    if value is None:
        return False
    return bool(value == operand if key in SCOPE else _ordered(value, word, operand))


def _categories(word: str, operand: str | None, categories: tuple[str, ...]) -> bool:
    if word in {"contains", "icontains"}:
        return any(fold(str(operand)) in fold(category) for category in categories)
    if operand == "*" or operand is None:
        return bool(categories) == (operand == "*")
    return fold(operand) in {fold(category) for category in categories}


def _time(key: str, memory: Memory) -> datetime | date | None:
    if key == "expiration_date":
        return memory.expiration_date
    return memory.updated_at if key == "updated_at" else memory.created_at


def _ordered(value: datetime | date, word: str, operand: Any) -> bool:
    """A day is compared with the days of times, an instant with instants; expirations are days."""
    bound = _moment(operand)
    if not isinstance(bound, datetime) or not isinstance(value, datetime):
        value = value.date() if isinstance(value, datetime) else value
        bound = bound.date() if isinstance(bound, datetime) else bound
    return bool(ORDER[word](value, bound))


def _moment(operand: Any) -> datetime | date:
    if not isinstance(operand, str):
        microseconds = (Decimal(operand) * 1_000_000).to_integral_value(ROUND_FLOOR)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))
    if len(operand) == len("2024-01-31"):
        return date.fromisoformat(operand)
    time = datetime.fromisoformat(operand)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _metadata(value: Any, metadata: Any) -> bool:
    if value is None or value == "*":
        return (metadata is None) == (value is None)
    if not _all_words(value):
        return all(_key(key, wanted, metadata or {}) for key, wanted in value.items())
    results = []
    for word, pairs in value.items():
        check = "eq" if word == "ne" else word
        met = all(_value(check, (metadata or {}).get(key), wanted) for key, wanted in pairs.items())
        results.append(met != (word == "ne"))
    return all(results)


def _key(key: str, wanted: Any, metadata: Any) -> bool:
    value = metadata.get(key)
    if wanted == "*":
        return value is not None
    if _all_words(wanted):
        return all(_value(word, value, operand) for word, operand in wanted.items())
    return _value("eq", value, wanted)


def _value(word: str, value: Any, wanted: Any) -> bool:
    if word == "ne":
        return not same(value, wanted)
    if word == "eq":
        return same(value, wanted)
    if isinstance(value, list):
        return any(same(item, wanted) for item in value)
    return isinstance(value, str) and isinstance(wanted, str) and wanted in value


def _all_words(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and set(value) <= WORDS


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: numbers by value, booleans only to booleans."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def fold(text: str) -> str:
    """The text without case and compatibility form."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
