from __future__ import annotations

from typing import Any

import pytest
from starlette.datastructures import QueryParams

from gateway.codec import add


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"filters": {"user_id": "ann"}}, {"user_id": "ann"}),
        (
            {"filters": {"AND": [{"user_id": "ann"}, {"run_id": "trip"}]}},
            {"user_id": "ann", "run_id": "trip"},
        ),
        (
            {"user_id": "ann", "filters": {"user_id": "ann", "app_id": "web"}},
            {"user_id": "ann", "app_id": "web"},
        ),
        ({"user_id": "ann", "filters": None}, {"user_id": "ann"}),
    ],
)
def test_filters_may_name_who_is_meant(body: dict[str, Any], ids: dict[str, str]) -> None:
    """An add over v3 takes the ids from filters, beside those that stand alone."""
    decoded = add.decode_v3({"messages": "hi"} | body, QueryParams(""))
    assert not decoded.violations
    found = {name: getattr(decoded.request, name) for name in add.SCOPE_FIELDS}
    assert {name: value for name, value in found.items() if value} == ids


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"filters": "user_id"}, ["filters"]),
        ({"filters": {"OR": [{"user_id": "ann"}]}}, ["filters.OR"]),
        ({"filters": {"AND": [{"metadata": {"a": 1}}]}}, ["filters.AND[0].metadata"]),
        ({"user_id": "ann", "filters": {"user_id": "bob"}}, ["filters.user_id"]),
        ({"filters": {"user_id": {"in": ["ann"]}}}, ["user_id"]),
    ],
)
def test_filters_that_name_nobody_are_refused(body: dict[str, Any], fields: list[str]) -> None:
    """What an add cannot follow is not passed over in silence."""
    decoded = add.decode_v3({"messages": "hi"} | body, QueryParams(""))
    assert [violation.field for violation in decoded.violations] == fields
