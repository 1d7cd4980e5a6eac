"""When values are equal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from service.memory.filters.values import canonical, folded
from tests.property.filter_strategies import json_values
from tests.property.reference_filter import same


@given(json_values, json_values)
def test_values_are_equal_exactly_when_their_canonical_texts_are(left: Any, right: Any) -> None:
    """Two JSON values share a canonical text if they are equal, and only then."""
    assert (canonical(left) == canonical(right)) == same(left, right)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, Decimal("1.000"), True),
        (100, Decimal("1E+2"), True),
        (0, Decimal("-0.00"), True),
        (10**40 + 1, Decimal(f"{10**40 + 1}.0"), True),
        (10**40 + 1, 10**40, False),
        (1, 10, False),
        (-1, 1, False),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        ("null", None, False),
        ({"a": 1, "b": [1]}, {"b": [Decimal("1.0")], "a": 1}, True),
        ([1, 2], [2, 1], False),
        ([], {}, False),
        ("é", "e\u0301", False),
        ('a","b', ["a", "b"], False),
    ],
)
def test_equality(left: Any, right: Any, equal: bool) -> None:
    """Numbers are equal by value whatever their size and form, objects in any order, texts by code points."""
    assert (canonical(left) == canonical(right)) is equal


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Straße", "STRASSE"),
        ("ΟΔΟΣ", "οδος"),
        ("ﬁne", "FINE"),
        ("é", "E\u0301"),
        ("K", "\u212a"),
        ("ǰ", "J\u030c"),
        ("Ⅷ", "viii"),
        ("ﾊﾟ", "パ"),
    ],
)
def test_folding(left: str, right: str) -> None:
    """Case and compatibility form do not matter, and what is folded stays as it is."""
    assert folded(left) == folded(right)
    assert folded(folded(left)) == folded(left)


def test_what_is_no_json_value_is_refused() -> None:
    """A float would be equal to what it is not, so that none may come this far."""
    with pytest.raises(TypeError, match="float is no JSON value"):
        canonical([0.1])
