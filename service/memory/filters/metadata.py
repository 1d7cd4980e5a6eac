"""Conditions on metadata: on its top-level keys and their values.

    {"key": value}                   eq
    {"key": {"ne": value}}           an operator: eq, ne, contains
    {"ne": {"key": value, ...}}      an operator on several keys; ne: not all of them equal
    {"key": "*"}, "*"                a value that is not null; metadata at all

- Values are equal as JSON values: 1 and 1.0, objects in any order of keys, texts by code points.
- `contains` asks whether the value is a list with that element, or a text with that part; case matters.
- null is no value: eq null means that the key is missing or null.
- An object whose keys are all operators is read as operators. Where a key or a value really looks like
  that, say eq: {"eq": {"in": 1}} is the key `in`, {"key": {"eq": {"in": 1}}} the object {"in": 1}, and
  {"key": {"eq": "*"}} the text "*".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from service.memory.filters.grammar import (
    NOTHING,
    Filter,
    MetadataContains,
    MetadataEquals,
    MetadataPresent,
    Not,
    Present,
    all_of,
)
from service.memory.filters.reader import Reader, member

METADATA_OPERATORS = ("eq", "ne", "contains")
ALL_OPERATORS = frozenset({"eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "contains", "icontains"})


def read_metadata(reader: Reader, path: str, value: object) -> Filter:
    """The conditions on the metadata."""
    if value is None or value == "*":
        reader.count()
        return Present("metadata") if value else Not(Present("metadata"))
    if not isinstance(value, dict):
        return reader.wrong(path, "must be an object of keys and values")
    if not value:
        return reader.wrong(path, "must name at least one key")
    if _is_operators(value):
        return all_of(
            tuple(
                _on_keys(reader, member(path, operator), operator, pairs) for operator, pairs in value.items()
            )
        )
    return all_of(tuple(_key(reader, member(path, key), key, wanted) for key, wanted in value.items()))


def _on_keys(reader: Reader, path: str, operator: str, pairs: object) -> Filter:
    """One operator on several keys."""
    if operator not in METADATA_OPERATORS:
        return _no_operator(reader, path)
    if not isinstance(pairs, dict) or not pairs:
        return reader.wrong(path, "must be an object of keys and values")
    positive = "eq" if operator == "ne" else operator
    conditions = all_of(
        tuple(_condition(reader, member(path, key), key, positive, wanted) for key, wanted in pairs.items())
    )
    return Not(conditions) if operator == "ne" else conditions


def _key(reader: Reader, path: str, key: str, wanted: object) -> Filter:
    """The conditions on one key."""
    if wanted == "*":
        reader.count()
        return MetadataPresent(key)
    if not _is_operators(wanted):
        return _condition(reader, path, key, "eq", wanted)
    return all_of(
        tuple(
            _condition(reader, member(path, operator), key, operator, operand)
            for operator, operand in wanted.items()
        )
    )


def _condition(reader: Reader, path: str, key: str, operator: str, operand: object) -> Filter:
    if reader.full:
        return NOTHING
    reader.count()
    match operator:
        case "eq":
            return Not(MetadataPresent(key)) if operand is None else MetadataEquals(key, operand)
        case "ne":
            return MetadataPresent(key) if operand is None else Not(MetadataEquals(key, operand))
        case "contains":
            if isinstance(operand, str) and reader.text(path, operand) is None:
                return NOTHING
            return MetadataContains(key, operand)
        case _:
            return _no_operator(reader, path)


def _no_operator(reader: Reader, path: str) -> Filter:
    return reader.wrong(path, f"is no operator of metadata; allowed: {', '.join((*METADATA_OPERATORS, '*'))}")


def _is_operators(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict) and bool(value) and ALL_OPERATORS.issuperset(value)
