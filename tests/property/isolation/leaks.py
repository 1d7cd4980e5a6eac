"""Whose every id and text is, and what of another's stands in an answer."""

from __future__ import annotations

from collections.abc import Collection

from tests.property.isolation.answers import Answer


class Belongings:
    """Everything that only one project may ever read."""

    def __init__(self) -> None:
        self._owner: dict[str, str] = {}

    def note(self, value: str, project_id: str) -> None:
        """Something new is the project's. An id that two projects share would itself be a leak."""
        known = self._owner.setdefault(value, project_id)
        assert known == project_id, f"{value} is of two projects"

    def leaks(self, answer: Answer, readable: Collection[str], asked: Collection[str] = ()) -> list[str]:
        """What stands in an answer and is of a project that its caller may not read.

        Args:
            answer: the answer.
            readable: the ids of the projects that the call is for.
            asked: what the caller itself wrote into the request; hearing it again tells nothing.
        """
        said = "\n".join(answer.strings)
        known = "\n".join(asked)
        return [
            value
            for value, owner in self._owner.items()
            if owner not in readable and value in said and value not in known
        ]
