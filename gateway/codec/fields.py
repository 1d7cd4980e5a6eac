"""Takes typed fields out of a JSON object and remembers those that are of another type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from google.protobuf.message import Message
from memoryd import exact_json

from gateway.errors import MAX_VIOLATIONS, Violation

T = TypeVar("T")

KINDS: Mapping[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    Decimal: "a decimal number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}
"""What `memoryd.exact_json.loads` yields, in words."""


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    return KINDS[Decimal if isinstance(value, Decimal) else type(value)]


def until_full(values: list[object], violations: list[Violation]) -> Iterator[tuple[int, object]]:
    """The elements with their indexes, as long as there are fewer faults than an answer lists."""
    for index, value in enumerate(values):
        if len(violations) >= MAX_VIOLATIONS:
            return
        yield index, value


def assign(request: Message, given: Mapping[str, object]) -> None:
    """Sets the fields of a request that are given; None is absent."""
    for name, value in given.items():
        if value is not None:
            setattr(request, name, value)


class Fields:
    """A JSON object, read field by field. Null is the same as absent, and nothing is converted.

    Args:
        values: the object.
        path: where it stands in the body, for example `messages[0]`; empty for the body itself.
        violations: the list to which faults are added.
    """

    def __init__(self, values: Mapping[str, object], path: str, violations: list[Violation]) -> None:
        self.values = values
        self.path = path
        self.violations = violations

    def text(self, name: str) -> str | None:
        """A string."""
        return self._typed(name, str)

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        return self._typed(name, bool)

    def integer(self, name: str, bits: int = 32) -> int | None:
        """An integer that the proto's field can hold, written without a fraction."""
        value = self._typed(name, int)
        if value is not None and not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
            self.fault(name, "is out of range")
            return None
        return value

    def number(self, name: str) -> float | None:
        """A number, with a fraction or without."""
        value = self.values.get(name)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return float(value)
        if value is not None:
            self.fault(name, f"must be a number, not {kind_of(value)}")
        return None

    def moment_text(self, name: str) -> str | None:
        """A time: a string, or a number of Unix seconds as text, to the last digit."""
        value = self.values.get(name)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return str(value)
        return self.text(name)

    def object_text(self, name: str) -> str | None:
        """An object, as JSON text that says exactly the same."""
        value = self._typed(name, dict)
        return None if value is None else exact_json.dumps(value)

    def texts(self, name: str) -> list[str]:
        """A list of strings, or one string."""
        value = self.values.get(name)
        if isinstance(value, str):
            return [value]
        given = self.items(name)
        for index, item in enumerate(given):
            if not isinstance(item, str):
                self.fault(f"{name}[{index}]", f"must be a string, not {kind_of(item)}")
        return [item for item in given if isinstance(item, str)]

    def items(self, name: str) -> list[object]:
        """A list of anything; empty when it is absent."""
        return self._typed(name, list) or []

    def fault(self, name: str, complaint: str) -> None:
        """Remembers that something is wrong with a field."""
        path = f"{self.path}.{name}" if self.path else name
        self.violations.append(Violation(path, f"{path} {complaint}"))

    def _typed(self, name: str, kind: type[T]) -> T | None:
        value = self.values.get(name)
        # The exact type: True is an int to isinstance.
        if type(value) is kind:
            return value
        if value is not None:
            self.fault(name, f"must be {KINDS[kind]}, not {kind_of(value)}")
        return None
