"""Takes typed fields out of a query, however a client spells them, and remembers what cannot be read.

Lists come as repeated keys (Python) or comma-separated (TypeScript); objects as JSON or, from a Python
client that formats a dict into its query, as a Python literal.
"""

from __future__ import annotations

import ast
import re

from memoryd import exact_json
from starlette.datastructures import QueryParams

from gateway.errors import Violation

_INTEGER = re.compile(r"[+-]?[0-9]{1,9}")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class QueryFields:
    """A query, read field by field. Fields that nobody asks for are ignored.

    Args:
        query: the query.
        violations: the list to which faults are added.
    """

    def __init__(self, query: QueryParams, violations: list[Violation]) -> None:
        self.query = query
        self.violations = violations

    def text(self, name: str) -> str | None:
        """A text that is given at most once, or every time the same."""
        given = set(self.query.getlist(name))
        if len(given) > 1:
            self._fault(name, "is given more than once, with different values")
            return None
        return next(iter(given), None)

    def integer(self, name: str) -> int | None:
        """An integer of at most nine digits."""
        text = self.text(name)
        if text is None or _INTEGER.fullmatch(text):
            return None if text is None else int(text)
        self._fault(name, "must be an integer")
        return None

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        text = self.text(name)
        if text is None or text.lower() in _FLAGS:
            return None if text is None else _FLAGS[text.lower()]
        self._fault(name, "must be true or false")
        return None

    def texts(self, name: str) -> list[str]:
        """A list of texts without commas in them."""
        return [
            item.strip() for given in self.query.getlist(name) for item in given.split(",") if item.strip()
        ]

    def object_text(self, name: str) -> str | None:
        """An object, as JSON text. What is neither JSON nor a Python literal is a fault, never absent."""
        text = self.text(name)
        if text is None:
            return None
        found = _object(text)
        if found is None:
            self._fault(name, "must be a JSON object")
        return found

    def _fault(self, name: str, complaint: str) -> None:
        self.violations.append(Violation(name, f"{name} {complaint}"))


def _object(text: str) -> str | None:
    """The object as JSON text; None if it is not one that can be read without doubt."""
    try:
        value = exact_json.loads(text)
    except exact_json.ExactJsonError as error:
        # Python reads a key that stands twice without complaint, so it gets only what is no JSON at all.
        value = _python_literal(text) if str(error).startswith("malformed JSON") else None
    try:
        return exact_json.dumps(value) if isinstance(value, dict) else None
    except TypeError:
        return None


def _python_literal(text: str) -> object:
    try:
        tree = ast.parse(text, mode="eval")
        dicts = (node for node in ast.walk(tree) if isinstance(node, ast.Dict))
        keys = ([ast.dump(key) for key in node.keys if key] for node in dicts)
        return ast.literal_eval(tree) if all(len(set(each)) == len(each) for each in keys) else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
