"""The conditions on one field each: which operators it has, and what they mean.

    user_id agent_id app_id run_id                    eq ne in nin *
    created_at updated_at timestamp expiration_date   eq ne in nin gt gte lt lte *
    categories                                        eq ne in nin contains icontains *
    metadata                                          see `service.memory.filters.metadata`
    keywords text                                     contains icontains
    memory_ids                                        in nin

- A bare value means `eq`, a bare list `in`; several operators in one object must all be met.
- `*` is any value that is not null, wherever a value of `eq`, `ne` or `in` may stand. null is no value: `eq`
  null means that there is none.
- `nin` is `in` negated, wherever there is `in`.
- `timestamp` is `created_at`: the time that a request gives becomes the creation time of its memories.
- `keywords` is another name of `text`: both look into the memory's text.
- Categories have no order and no case: `eq` and `in` ask whether some category is named so, `contains` and
  `icontains` whether part of some category's name is.
- An empty list in `in` is met by nothing. An empty text in `contains` is refused: it would be met by all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, cast

from service.memory.filters import moments
from service.memory.filters.grammar import (
    NOTHING,
    CategoryContains,
    CategoryOneOf,
    Comparison,
    Filter,
    IdField,
    Not,
    OneOf,
    Present,
    TextContains,
    TimeField,
    all_of,
    one_of,
)
from service.memory.filters.metadata import METADATA_OPERATORS, read_metadata
from service.memory.filters.reader import Reader, member
from service.memory.filters.values import folded

ID_OPERATORS = ("eq", "ne", "in", "nin")
TIME_OPERATORS = (*ID_OPERATORS, "gt", "gte", "lt", "lte")
CATEGORY_OPERATORS = (*ID_OPERATORS, "contains", "icontains")
TEXT_OPERATORS = ("contains", "icontains")

OPERATORS: Mapping[str, tuple[str, ...]] = {
    "user_id": ID_OPERATORS,
    "agent_id": ID_OPERATORS,
    "app_id": ID_OPERATORS,
    "run_id": ID_OPERATORS,
    "created_at": TIME_OPERATORS,
    "updated_at": TIME_OPERATORS,
    "timestamp": TIME_OPERATORS,
    "expiration_date": TIME_OPERATORS,
    "categories": CATEGORY_OPERATORS,
    "metadata": METADATA_OPERATORS,
    "keywords": TEXT_OPERATORS,
    "text": TEXT_OPERATORS,
    "memory_ids": ("in", "nin"),
}
"""The operators of each field, apart from `*`."""

Condition: TypeAlias = Callable[[Reader, str, str, str, object], Filter]
"""Reads one condition: (reader, path, field, operator, operand), the operator neither `ne` nor `nin`."""


def read_field(reader: Reader, path: str, field: str, value: object) -> Filter:
    """The conditions on a field that `OPERATORS` has."""
    if field == "metadata":
        return read_metadata(reader, path, value)
    if not isinstance(value, dict):
        return _bare(reader, path, field, value)
    if not value:
        return reader.wrong(path, "must name an operator")
    return all_of(
        tuple(
            read_condition(reader, member(path, operator), field, operator, operand)
            for operator, operand in value.items()
        )
    )


def _bare(reader: Reader, path: str, field: str, value: object) -> Filter:
    operator = "in" if isinstance(value, list) else "eq"
    allowed = OPERATORS[field]
    if operator in allowed:
        return read_condition(reader, path, field, operator, value)
    if "in" in allowed:
        return reader.wrong(path, "must be a list")
    return reader.wrong(path, f"must name an operator: {', '.join(allowed)}")


def read_condition(reader: Reader, path: str, field: str, operator: str, operand: object) -> Filter:
    """One condition on a field that `OPERATORS` has, metadata aside."""
    if reader.full:
        return NOTHING
    allowed = OPERATORS[field]
    if operator not in allowed:
        names = (*allowed, "*") if "eq" in allowed else allowed
        return reader.wrong(path, f"is no operator of {field}; allowed: {', '.join(names)}")
    reader.count()
    read = _CONDITIONS[field]
    if operator in {"ne", "nin"}:
        return Not(read(reader, path, field, "eq" if operator == "ne" else "in", operand))
    return read(reader, path, field, operator, operand)


def _id(reader: Reader, path: str, field: str, operator: str, operand: object) -> Filter:
    name = cast("IdField", field)
    if operator == "eq":
        return _unvalued(name, operand) or _ids(reader, name, [(path, operand)])
    return _ids(reader, name, reader.items(path, operand))


def _ids(reader: Reader, field: IdField, operands: list[tuple[str, object]]) -> Filter:
    values = _texts(reader, operands)
    return Present(field) if "*" in values else OneOf(field, values)


def _memory_id(reader: Reader, path: str, _field: str, _operator: str, operand: object) -> Filter:
    # Ids of memories are UUIDs, whose case says nothing.
    return OneOf("id", tuple(value.lower() for value in _texts(reader, reader.items(path, operand))))


def _category(reader: Reader, path: str, _field: str, operator: str, operand: object) -> Filter:
    if operator in TEXT_OPERATORS:
        part = reader.text(path, operand)
        return NOTHING if part is None else CategoryContains(folded(part))
    if operator == "eq" and (unvalued := _unvalued("categories", operand)):
        return unvalued
    names = _texts(reader, [(path, operand)] if operator == "eq" else reader.items(path, operand))
    return Present("categories") if "*" in names else CategoryOneOf(tuple(folded(name) for name in names))


def _text(reader: Reader, path: str, _field: str, operator: str, operand: object) -> Filter:
    part = reader.text(path, operand)
    if part is None:
        return NOTHING
    return (
        TextContains(folded(part), fold=True) if operator == "icontains" else TextContains(part, fold=False)
    )


def _time(reader: Reader, path: str, field: str, operator: str, operand: object) -> Filter:
    expires = field == "expiration_date"
    name: TimeField = "updated_at" if field == "updated_at" else "created_at"

    def compared(path: str, comparison: Comparison, value: object) -> Filter:
        bound = moments.moment(value)
        if bound is None:
            return reader.wrong(path, moments.EXPECTED)
        if expires:
            return moments.compare_expiration(comparison, bound)
        return moments.compare_time(name, comparison, bound)

    if operator == "in":
        return one_of(tuple(_counted(reader, item, compared) for item in reader.items(path, operand)))
    if operator == "eq" and (unvalued := _unvalued("expiration_date" if expires else name, operand)):
        return unvalued
    return compared(path, cast("Comparison", operator), operand)


def _counted(
    reader: Reader, item: tuple[str, object], compared: Callable[[str, Comparison, object], Filter]
) -> Filter:
    """One value of a list of times. Each becomes a comparison of its own, so each counts as a condition."""
    if reader.full:
        return NOTHING
    reader.count()
    path, value = item
    return compared(path, "eq", value)


def _unvalued(
    field: IdField | TimeField | Literal["expiration_date", "categories"], operand: object
) -> Filter | None:
    """What `*` and null mean; None for any other operand."""
    if operand == "*":
        return Present(field)
    return Not(Present(field)) if operand is None else None


def _texts(reader: Reader, operands: list[tuple[str, object]]) -> tuple[str, ...]:
    read = (reader.text(path, value) for path, value in operands if not reader.full)
    return tuple(value for value in read if value is not None)


_CONDITIONS: Mapping[str, Condition] = {
    "user_id": _id,
    "agent_id": _id,
    "app_id": _id,
    "run_id": _id,
    "created_at": _time,
    "updated_at": _time,
    "timestamp": _time,
    "expiration_date": _time,
    "categories": _category,
    "keywords": _text,
    "text": _text,
    "memory_ids": _memory_id,
}
