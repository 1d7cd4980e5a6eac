"""Whose memories a filter is about, as far as its ids say it."""

from __future__ import annotations

from collections.abc import Iterator

from service.memory.filters.grammar import SCOPE_FIELDS, And, Filter, OneOf
from service.memory.model import Scope


def scope_of(filter_: Filter) -> Scope | None:
    """The scope that a filter picks, all of it and nothing else; None: it says something else, or more.

    Examples: `{"user_id": "u"}` and `{"AND": [{"user_id": "u"}, {"run_id": "r"}]}` are scopes.
    """
    conditions = list(_all_of(filter_))
    required = [named for condition in conditions if (named := _id(condition)) is not None]
    # More than one value of an id is nobody's.
    if not required or len(required) < len(conditions) or len(set(required)) > len(dict(required)):
        return None
    return Scope(**dict(required))


def required_ids(filter_: Filter) -> Scope:
    """The ids that every memory which meets the filter carries, as far as they can be read off it."""
    return Scope(**dict(named for condition in _all_of(filter_) if (named := _id(condition)) is not None))


def _all_of(filter_: Filter) -> Iterator[Filter]:
    """The conditions that have to be met, each of them."""
    if isinstance(filter_, And):
        for operand in filter_.operands:
            yield from _all_of(operand)
    else:
        yield filter_


def _id(condition: Filter) -> tuple[str, str] | None:
    """The field and the value of a condition that is one id."""
    if isinstance(condition, OneOf) and condition.field in SCOPE_FIELDS and len(condition.values) == 1:
        return condition.field, condition.values[0]
    return None
