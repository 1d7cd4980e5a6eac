"""JSON Schemas that clients send: what of them is taken, and whether a value fits one.

A schema is a program that a stranger wrote. Regular expressions can run for ever and are refused; references
lead nowhere outside the schema, and following them has an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, cast

from jsonschema import validators
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import Draft202012Validator
from memoryd.exact_json import loads
from referencing.exceptions import Unresolvable
from referencing.jsonschema import EMPTY_REGISTRY

Schema: TypeAlias = Mapping[str, object]

REFUSED = ("pattern", "patternProperties")
MOST_REFERENCES = 20_000
REFERENCES_A_MEMORY = 20
"""How many references a checker follows in all: alternatives of alternatives double at every step."""


class TooCostly(Exception):
    """Checks that follow more references than honest schemas need."""


def fault_in(schema: Schema) -> str | None:
    """What is wrong with a schema, or None."""
    for keyword in REFUSED:
        if _uses(schema, keyword):
            return f"must not use {keyword}: memoryd runs no regular expressions that clients send"
    if not all(reference.startswith("#") for reference in _references(schema)):
        return "must not refer to other documents"
    kind = validators.validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        return f"is no JSON Schema: {error.json_path} breaks {error.validator}"
    except RecursionError:
        return "is nested too deeply"
    return None


def schema_from(text: str) -> Schema:
    """A schema as it was stored."""
    return cast("Schema", loads(text))


class Checker:
    """Says whether values fit a schema, or a part of one.

    Args:
        schema: one that `fault_in` finds nothing wrong with.
        memories: how many memories the values are made from.
    """

    def __init__(self, schema: Schema, memories: int) -> None:
        self._schema = schema
        self._allowed = MOST_REFERENCES + REFERENCES_A_MEMORY * memories
        kind: Any = validators.validator_for(schema, default=Draft202012Validator)
        self._kind: Any = validators.extend(kind, {"$ref": self._counted(kind.VALIDATORS["$ref"])})
        self._followed = 0
        # By identity, and with the part itself, so that no other one takes its place there.
        self._parts: dict[int, tuple[Schema, Any]] = {}

    def mistake_in(self, value: object) -> str | None:
        """The place and the keyword that a value breaks, without quoting the value; None when it fits."""
        try:
            error: ValidationError | None = next(
                self._kind(self._schema, registry=EMPTY_REGISTRY).iter_errors(value), None
            )
        except (Unresolvable, TooCostly, RecursionError):
            return "the schema cannot be followed to its end"
        return None if error is None else f"{error.json_path} breaks {error.validator}"

    def fits(self, value: object, part: Schema) -> bool:
        """Whether a value fits one part of the schema, whose references are those of the whole."""
        if id(part) not in self._parts:
            shared = {name: self._schema[name] for name in ("$defs", "definitions") if name in self._schema}
            self._parts[id(part)] = part, self._kind({**shared, **part}, registry=EMPTY_REGISTRY)
        try:
            return bool(self._parts[id(part)][1].is_valid(value))
        except (Unresolvable, TooCostly, RecursionError):
            return False

    def _counted(self, follow: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
        def followed(validator: Any, *arguments: Any) -> Iterator[ValidationError]:  # noqa: ANN401 - untyped there
            self._followed += 1
            if self._followed > self._allowed:
                raise TooCostly
            yield from follow(validator, *arguments) or ()

        return followed


def _uses(value: object, keyword: str) -> bool:
    """Whether a keyword stands anywhere in a schema, other than as the name of a property."""
    if isinstance(value, list):
        return any(_uses(item, keyword) for item in value)
    if not isinstance(value, Mapping):
        return False
    below = (
        inner for name, item in value.items() for inner in (item.values() if _names(name, item) else (item,))
    )
    return keyword in value or any(_uses(inner, keyword) for inner in below)


def _names(keyword: object, value: object) -> bool:
    """Whether the keys below a keyword are names that the client chose."""
    chosen = {"properties", "$defs", "definitions", "dependentSchemas"}
    return keyword in chosen and isinstance(value, Mapping)


def _references(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _references(item)
    elif isinstance(value, Mapping):
        for name, item in value.items():
            if name in {"$ref", "$dynamicRef", "$recursiveRef"} and isinstance(item, str):
                yield item
            else:
                yield from _references(item)
