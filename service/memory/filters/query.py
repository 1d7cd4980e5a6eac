"""The filters of the first REST API, which stand in the query, as the same conditions as any other.

Every parameter that is given must be met. Of several categories or keywords, one is enough; a keyword is a
part of the text, whatever its case. `start_date` and `end_date` bound the creation time and count themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memoryd.exact_json import ExactJsonError, loads

from service.memory.errors import Violation
from service.memory.filters.conditions import read_condition, read_field
from service.memory.filters.grammar import NOTHING, SCOPE_FIELDS, Filter, all_of, one_of
from service.memory.filters.reader import Reader


@dataclass(frozen=True, slots=True)
class QueryFilter:
    """The parameters as they were sent; None or empty: not given."""

    user_id: str | None = None
    agent_id: str | None = None
    app_id: str | None = None
    run_id: str | None = None
    metadata: str | None = None
    """JSON object."""
    categories: Sequence[str] = ()
    keywords: Sequence[str] = ()
    start_date: str | None = None
    end_date: str | None = None


def from_query(query: QueryFilter, violations: list[Violation]) -> Filter:
    """The filter that the parameters make; `ALL` when none is given.

    What is wrong with them is added to `violations`, and then the result is `NOTHING`.
    """
    noted = len(violations)
    reader = Reader(violations, "filters")
    filter_ = all_of(tuple(_conditions(reader, query, violations)))
    return NOTHING if len(violations) > noted else filter_


def _conditions(reader: Reader, query: QueryFilter, violations: list[Violation]) -> list[Filter]:
    conditions = [
        read_field(reader, name, name, value)
        for name in SCOPE_FIELDS
        if (value := getattr(query, name)) is not None
    ]
    if query.metadata is not None:
        conditions.append(_metadata(reader, query.metadata, violations))
    if query.categories:
        conditions.append(read_condition(reader, "categories", "categories", "in", list(query.categories)))
    if query.keywords:
        words = (read_condition(reader, "keywords", "keywords", "icontains", word) for word in query.keywords)
        conditions.append(one_of(tuple(words)))
    bounds = (("start_date", "gte", query.start_date), ("end_date", "lte", query.end_date))
    return conditions + [
        read_condition(reader, name, "created_at", operator, bound)
        for name, operator, bound in bounds
        if bound is not None
    ]


def _metadata(reader: Reader, text: str, violations: list[Violation]) -> Filter:
    try:
        value = loads(text)
    except ExactJsonError as error:
        violations.append(Violation("metadata", f"metadata: {error}"))
        return NOTHING
    return read_field(reader, "metadata", "metadata", value)
