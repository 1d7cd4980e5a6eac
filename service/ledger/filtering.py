"""From a filter to SQL that every database reads alike.

A comparison with what is missing is NULL in SQL and false in a filter (see `service.memory.filters.grammar`).
Without negations the two select the same, for AND and OR make no more of NULL than of false. So NULL is made
false only where something is negated, and everything else stays plain enough for an index.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Table,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from service.ledger.filter_rows import ELEMENT, VALUE, key_digest, name_digest, value_digest
from service.ledger.schema import (
    memories,
    memory_categories,
    memory_metadata,
    memory_versions,
    version_categories,
    version_metadata,
)
from service.memory.filters.grammar import (
    And,
    CategoryContains,
    CategoryOneOf,
    CompareExpiration,
    CompareTime,
    Comparison,
    Filter,
    MetadataContains,
    MetadataEquals,
    MetadataPresent,
    Not,
    OneOf,
    Or,
    Present,
    TextContains,
    TimeBetween,
)

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Store:
    """Where memories are, and what filters look at beside them."""

    memories: Table
    metadata: Table
    categories: Table


PRESENT = Store(memories, memory_metadata, memory_categories)
PAST = Store(memory_versions, version_metadata, version_categories)


class Position(FunctionElement[int]):
    """Where a text has another first, from 1, by code points; 0: nowhere.

    LIKE is not used: it would read `%` and `_` in the part, and SQLite's ignores the case of ASCII letters.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(Position, "sqlite")
def _instr(element: Position, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(Position, "postgresql")
def _strpos(element: Position, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401
    return f"strpos({compiler.process(element.clauses, **options)})"


@singledispatch
def condition(filter_: Filter, store: Store = PRESENT) -> Condition:  # noqa: ARG001 - its kinds use it
    """What rows of a store of memories must meet. The project is not part of it."""
    raise TypeError(f"{type(filter_).__name__} is no filter")


@condition.register
def _and(filter_: And, store: Store = PRESENT) -> Condition:
    return and_(true(), *(condition(operand, store) for operand in filter_.operands))


@condition.register
def _or(filter_: Or, store: Store = PRESENT) -> Condition:
    return or_(false(), *(condition(operand, store) for operand in filter_.operands))


@condition.register
def _not(filter_: Not, store: Store = PRESENT) -> Condition:
    return not_(func.coalesce(condition(filter_.operand, store), false()))


@condition.register
def _one_of(filter_: OneOf, store: Store = PRESENT) -> Condition:
    column = store.memories.c[filter_.field]
    if not filter_.values:
        return false()
    # A lone value is compared by `=`: then the index on it gives the order of a page too.
    value, *others = filter_.values
    return column.in_(filter_.values) if others else column == value


@condition.register
def _present(filter_: Present, store: Store = PRESENT) -> Condition:
    if filter_.field == "categories":
        return _exists(store, store.categories)
    return store.memories.c[filter_.field].is_not(None)


@condition.register
def _compare_time(filter_: CompareTime, store: Store = PRESENT) -> Condition:
    return _compare(store.memories.c[filter_.field], filter_.operator, filter_.microseconds)


@condition.register
def _time_between(filter_: TimeBetween, store: Store = PRESENT) -> Condition:
    return store.memories.c[filter_.field].between(filter_.first, filter_.last)


@condition.register
def _compare_expiration(filter_: CompareExpiration, store: Store = PRESENT) -> Condition:
    return _compare(store.memories.c.expiration_date, filter_.operator, filter_.day.isoformat())


@condition.register
def _text_contains(filter_: TextContains, store: Store = PRESENT) -> Condition:
    return _contains(store.memories.c.folded_text if filter_.fold else store.memories.c.text, filter_.part)


@condition.register
def _category_one_of(filter_: CategoryOneOf, store: Store = PRESENT) -> Condition:
    names = [name_digest(name) for name in filter_.names]
    return _exists(store, store.categories, store.categories.c.name_digest.in_(names)) if names else false()


@condition.register
def _category_contains(filter_: CategoryContains, store: Store = PRESENT) -> Condition:
    return _exists(store, store.categories, _contains(store.categories.c.name_folded, filter_.part))


@condition.register
def _metadata_present(filter_: MetadataPresent, store: Store = PRESENT) -> Condition:
    return _exists(store, store.metadata, _of_key(store, filter_.key, VALUE))


@condition.register
def _metadata_equals(filter_: MetadataEquals, store: Store = PRESENT) -> Condition:
    same = store.metadata.c.value_digest == value_digest(filter_.value)
    return _exists(store, store.metadata, _of_key(store, filter_.key, VALUE), same)


@condition.register
def _metadata_contains(filter_: MetadataContains, store: Store = PRESENT) -> Condition:
    element = and_(
        _of_key(store, filter_.key, ELEMENT), store.metadata.c.value_digest == value_digest(filter_.value)
    )
    if not isinstance(filter_.value, str):
        return _exists(store, store.metadata, element)
    part = and_(_of_key(store, filter_.key, VALUE), _contains(store.metadata.c.text, filter_.value))
    return _exists(store, store.metadata, or_(element, part))


def _exists(store: Store, table: Table, *conditions: Condition) -> Condition:
    """Whether the memory has such a row, found by its id: so it costs as much as the scope is large."""
    of_the_memory = [
        table.c.memory_id == store.memories.c.id,
        table.c.project_id == store.memories.c.project_id,
    ]
    if store is PAST:
        of_the_memory.append(table.c.revision == store.memories.c.revision)
    return exists().where(*of_the_memory, *conditions).correlate(store.memories)


def _of_key(store: Store, key: str, kind: str) -> Condition:
    return and_(store.metadata.c.key_digest == key_digest(key), store.metadata.c.kind == kind)


def _contains(text: ColumnElement[str], part: str) -> Condition:
    return Position(text, literal(part)) > 0


def _compare(column: ColumnElement[Any], operator: Comparison, bound: int | str) -> Condition:
    return _OPERATORS[operator](column, bound)


_OPERATORS: Mapping[Comparison, Callable[[ColumnElement[Any], int | str], Condition]] = {
    "eq": operators.eq,
    "gt": operators.gt,
    "gte": operators.ge,
    "lt": operators.lt,
    "lte": operators.le,
}
