"""Which filters are scopes."""

from __future__ import annotations

from typing import Any

import pytest

from service.memory.errors import Violation
from service.memory.filters import ALL, NOTHING, parse
from service.memory.filters.scopes import scope_of
from service.memory.model import Scope


@pytest.mark.parametrize(
    ("filter_", "scope"),
    [
        ({"user_id": "u"}, Scope("u")),
        ({"AND": [{"user_id": "u"}, {"AND": [{"run_id": {"in": ["r"]}}]}]}, Scope("u", run_id="r")),
        ({"AND": [{"user_id": "u"}, {"user_id": "u"}]}, Scope("u")),
        ({"agent_id": "a", "app_id": "b"}, Scope(agent_id="a", app_id="b")),
        ({"AND": [{"user_id": "u"}, {"user_id": "v"}]}, None),
        ({"user_id": {"in": ["u", "v"]}}, None),
        ({"user_id": "*"}, None),
        ({"OR": [{"user_id": "u"}, {"agent_id": "a"}]}, None),
        ({"NOT": [{"user_id": "u"}]}, None),
        ({"user_id": "u", "categories": "food"}, None),
        ({"user_id": "u", "metadata": {"a": 1}}, None),
        ({"memory_ids": ["f3bb2d9e-6d5c-4b5c-9b7b-2f8f0f9d9a11"]}, None),
    ],
    ids=str,
)
def test_nothing_but_ids(filter_: dict[str, Any], scope: Scope | None) -> None:
    """One value for each id, and nothing else: then the filter is a scope, however it was written."""
    violations: list[Violation] = []
    assert scope_of(parse(filter_, violations)) == scope
    assert violations == []


def test_all_and_nothing() -> None:
    """Neither is a scope."""
    assert scope_of(ALL) is None
    assert scope_of(NOTHING) is None
