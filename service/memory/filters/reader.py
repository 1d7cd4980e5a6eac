"""What the reading of one filter has found so far."""

from __future__ import annotations

from service.memory.errors import Violation
from service.memory.filters.grammar import NOTHING, Filter

MOST_CONDITIONS = 500
MOST_VALUES = 5000
"""How many values the lists of one filter may hold together. Databases bound the parameters of a query."""

LONGEST_NAME = 24


class Reader:
    """Collects violations and counts conditions, so that no filter costs more than it may.

    Args:
        violations: where to note what is wrong.
        root: the path of the whole filter.
    """

    def __init__(self, violations: list[Violation], root: str) -> None:
        self._violations = violations
        self._root = root
        self._conditions = 0
        self._values = 0

    @property
    def full(self) -> bool:
        """Whether there is too much of it to read on."""
        return self._conditions > MOST_CONDITIONS

    def wrong(self, path: str, description: str) -> Filter:
        """Notes a violation. Gives what stands in place of what was wrong."""
        self._violations.append(Violation(path, f"{path.rpartition('.')[2]} {description}"))
        self.count()
        return NOTHING

    def count(self) -> None:
        """Counts a condition, or a mistake in place of one."""
        self._conditions += 1
        if self._conditions == MOST_CONDITIONS + 1:
            self._violations.append(
                Violation(self._root, f"{self._root} must hold at most {MOST_CONDITIONS} conditions")
            )

    def text(self, path: str, value: object) -> str | None:
        """A text that is not empty and that any database can compare, or a violation and None."""
        if not isinstance(value, str):
            self.wrong(path, "must be text")
        elif not value:
            self.wrong(path, "must have at least 1 character")
        elif "\0" in value:
            self.wrong(path, "must not contain NUL")
        else:
            return value
        return None

    def items(self, path: str, value: object) -> list[tuple[str, object]]:
        """The items of a list with their paths; none, and a violation, when it is no list or a long one."""
        if not isinstance(value, list):
            self.wrong(path, "must be a list")
            return []
        self._values += len(value)
        if self._values > MOST_VALUES:
            self.wrong(path, f"must leave the lists of all conditions with at most {MOST_VALUES} values")
            return []
        return [(f"{path}[{index}]", item) for index, item in enumerate(value)]


def member(path: str, name: str) -> str:
    """The path of a member of an object. A name is cut where it would make the path unreadable."""
    return f"{path}.{name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + '…'}"
