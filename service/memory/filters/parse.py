"""Reads a filter: AND, OR, NOT, and conditions on fields, nested (contract section 5).

- Keys beside each other must all be met, a sibling OR too.
- NOT of a list means: none of them. Mem0 documents a list under NOT without saying whether it excludes what
  meets any of them or only what meets them all. Who lists what to leave out means each; "not both" is
  NOT of an object with both, or of an AND.
- An empty AND, OR, NOT or object is refused. It would be met by all or by nothing, and whoever builds a
  filter from an empty list hardly means either.
"""

from __future__ import annotations

from memoryd.exact_json import ExactJsonError, loads

from service.memory.errors import Violation
from service.memory.filters.conditions import OPERATORS, read_field
from service.memory.filters.grammar import NOTHING, Filter, Not, all_of, one_of
from service.memory.filters.reader import Reader, member

MOST_NESTING = 20
LOGIC = ("AND", "OR", "NOT")
EMPTY = "Filters are required and cannot be empty."
"""To the letter: clients look for it (contract section 1)."""


def parse_text(text: str, violations: list[Violation], path: str = "filters") -> Filter:
    """The filter that a JSON text holds. See `parse`."""
    try:
        value = loads(text)
    except ExactJsonError as error:
        violations.append(Violation(path, f"{path}: {error}"))
        return NOTHING
    return parse(value, violations, path)


def parse(value: object, violations: list[Violation], path: str = "filters") -> Filter:
    """The filter that a JSON value (see `memoryd.exact_json.loads`) holds.

    What is wrong with it is added to `violations`, all of it at once, and then the result is `NOTHING`: a
    filter that is not understood is never read as "no filter".
    """
    noted = len(violations)
    if value is None or value == {}:
        violations.append(Violation(path, EMPTY))
    filter_ = NOTHING if len(violations) > noted else _conditions(Reader(violations, path), path, value, 1)
    return NOTHING if len(violations) > noted else filter_


def _conditions(reader: Reader, path: str, value: object, depth: int) -> Filter:
    if depth > MOST_NESTING:
        return reader.wrong(path, f"is nested more than {MOST_NESTING} levels deep")
    if not isinstance(value, dict):
        return reader.wrong(path, "must be an object")
    if not value:
        return reader.wrong(path, "must hold at least one condition")
    return all_of(
        tuple(_entry(reader, path, key, item, depth) for key, item in value.items() if not reader.full)
    )


def _entry(reader: Reader, path: str, key: str, value: object, depth: int) -> Filter:
    path = member(path, key)
    match key:
        case "AND":
            return all_of(_list(reader, path, value, depth))
        case "OR":
            return one_of(_list(reader, path, value, depth))
        case "NOT" if isinstance(value, list):
            return Not(one_of(_list(reader, path, value, depth)))
        case "NOT":
            return Not(_conditions(reader, path, value, depth + 1))
        case _ if key in OPERATORS:
            return read_field(reader, path, key, value)
        case _:
            return reader.wrong(path, f"is no field; allowed: {', '.join((*LOGIC, *OPERATORS))}")


def _list(reader: Reader, path: str, value: object, depth: int) -> tuple[Filter, ...]:
    if not isinstance(value, list):
        reader.wrong(path, "must be a list of conditions")
    elif not value:
        reader.wrong(path, "must hold at least one condition")
    else:
        return tuple(
            _conditions(reader, f"{path}[{index}]", item, depth + 1)
            for index, item in enumerate(value)
            if not reader.full
        )
    return ()
