"""Filters that say nothing but whose memories are wanted."""

from __future__ import annotations

from collections.abc import Iterator

from service.memory.filters.grammar import SCOPE_FIELDS, And, Filter, OneOf
from service.memory.model import Scope


def scope_of(filter_: Filter) -> Scope | None:
    """The scope that a filter picks, all of it and nothing else; None: it says something else, or more.

    Examples: `{"user_id": "u"}` and `{"AND": [{"user_id": "u"}, {"run_id": "r"}]}` are scopes.
    """
    ids: dict[str, str] = {}
    for condition in _conditions(filter_):
        if not (
            isinstance(condition, OneOf) and condition.field in SCOPE_FIELDS and len(condition.values) == 1
        ):
            return None
        [value] = condition.values
        if ids.setdefault(condition.field, value) != value:
            return None
    return Scope(**ids) if ids else None


def _conditions(filter_: Filter) -> Iterator[Filter]:
    if isinstance(filter_, And):
        for operand in filter_.operands:
            yield from _conditions(operand)
    else:
        yield filter_
