"""What is refused, and what a caller is told about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.memory.errors import Violation
from service.memory.filters import NOTHING, QueryFilter, from_query, parse_text

FIELDS = (
    "AND, OR, NOT, user_id, agent_id, app_id, run_id, created_at, updated_at, timestamp, expiration_date, "
    "categories, metadata, keywords, text, memory_ids"
)
TIME = "must be a time: RFC 3339, YYYY-MM-DD or Unix seconds"
ON_ID = "is no operator of user_id; allowed: eq, ne, in, nin, *"
ON_METADATA = "is no operator of metadata; allowed: eq, ne, contains, *"
ON_TIME = "is no operator of created_at; allowed: eq, ne, in, nin, gt, gte, lt, lte, *"
EMPTY = "Filters are required and cannot be empty."

BAD: list[tuple[Any, dict[str, str]]] = [
    (None, {"filters": EMPTY}),
    ({}, {"filters": EMPTY}),
    ([], {"filters": "filters must be an object"}),
    ("user_id", {"filters": "filters must be an object"}),
    ({"colour": "x"}, {"filters.colour": f"colour is no field; allowed: {FIELDS}"}),
    ({"and": [{"user_id": "u"}]}, {"filters.and": f"and is no field; allowed: {FIELDS}"}),
    ({"AND": {"user_id": "u"}}, {"filters.AND": "AND must be a list of conditions"}),
    ({"AND": []}, {"filters.AND": "AND must hold at least one condition"}),
    ({"NOT": []}, {"filters.NOT": "NOT must hold at least one condition"}),
    ({"NOT": {}}, {"filters.NOT": "NOT must hold at least one condition"}),
    ({"OR": ["u"]}, {"filters.OR[0]": "OR[0] must be an object"}),
    ({"user_id": {}}, {"filters.user_id": "user_id must name an operator"}),
    ({"user_id": {"gte": "u"}}, {"filters.user_id.gte": f"gte {ON_ID}"}),
    ({"user_id": {">=": "u"}}, {"filters.user_id.>=": f">= {ON_ID}"}),
    ({"user_id": 7}, {"filters.user_id": "user_id must be text"}),
    ({"user_id": True}, {"filters.user_id": "user_id must be text"}),
    ({"user_id": ""}, {"filters.user_id": "user_id must have at least 1 character"}),
    ({"user_id": "a\0b"}, {"filters.user_id": "user_id must not contain NUL"}),
    ({"user_id": {"in": "u"}}, {"filters.user_id.in": "in must be a list"}),
    ({"user_id": {"in": ["u", None]}}, {"filters.user_id.in[1]": "in[1] must be text"}),
    ({"created_at": {"contains": "x"}}, {"filters.created_at.contains": f"contains {ON_TIME}"}),
    ({"created_at": {"gte": "yesterday"}}, {"filters.created_at.gte": f"gte {TIME}"}),
    ({"created_at": {"gte": None}}, {"filters.created_at.gte": f"gte {TIME}"}),
    ({"created_at": {"lt": "2024-02-30"}}, {"filters.created_at.lt": f"lt {TIME}"}),
    ({"created_at": {"lt": "20240131"}}, {"filters.created_at.lt": f"lt {TIME}"}),
    ({"created_at": {"lt": "2024-01-31T24:61:00Z"}}, {"filters.created_at.lt": f"lt {TIME}"}),
    ({"created_at": {"lt": "0001-01-01T00:00:00+01:00"}}, {"filters.created_at.lt": f"lt {TIME}"}),
    ({"created_at": {"lt": "٢٠٢٤-٠١-٣١"}}, {"filters.created_at.lt": f"lt {TIME}"}),
    ({"created_at": {"lt": 10**400}}, {"filters.created_at.lt": f"lt {TIME}"}),
    ({"updated_at": True}, {"filters.updated_at": f"updated_at {TIME}"}),
    ({"timestamp": ["2024-01-31", "x"]}, {"filters.timestamp[1]": f"timestamp[1] {TIME}"}),
    (
        {"categories": {"contains": ""}},
        {"filters.categories.contains": "contains must have at least 1 character"},
    ),
    ({"keywords": "tea"}, {"filters.keywords": "keywords must name an operator: contains, icontains"}),
    ({"text": {"icontains": ""}}, {"filters.text.icontains": "icontains must have at least 1 character"}),
    ({"text": {"contains": ["a"]}}, {"filters.text.contains": "contains must be text"}),
    ({"memory_ids": "m1"}, {"filters.memory_ids": "memory_ids must be a list"}),
    ({"metadata": {}}, {"filters.metadata": "metadata must name at least one key"}),
    ({"metadata": "email"}, {"filters.metadata": "metadata must be an object of keys and values"}),
    ({"metadata": {"size": {"gt": 1}}}, {"filters.metadata.size.gt": f"gt {ON_METADATA}"}),
    ({"metadata": {"in": {"size": [1]}}}, {"filters.metadata.in": f"in {ON_METADATA}"}),
    ({"metadata": {"ne": "x"}}, {"filters.metadata.ne": "ne must be an object of keys and values"}),
    (
        {"metadata": {"tags": {"contains": ""}}},
        {"filters.metadata.tags.contains": "contains must have at least 1 character"},
    ),
    (
        {"AND": [{"user_id": "u"}, {"colour": 1, "user_id": {"gte": "a"}}], "created_at": "x", "OR": []},
        {
            "filters.AND[1].colour": f"colour is no field; allowed: {FIELDS}",
            "filters.AND[1].user_id.gte": f"gte {ON_ID}",
            "filters.created_at": f"created_at {TIME}",
            "filters.OR": "OR must hold at least one condition",
        },
    ),
]


@pytest.mark.parametrize(("filter_", "expected"), BAD, ids=[json.dumps(bad)[:60] for bad, _ in BAD])
def test_a_bad_filter_is_refused_with_all_that_is_wrong_and_matches_nothing(
    filter_: Any, expected: dict[str, str]
) -> None:
    """Every violation is named by its path, at once; what stands in place of the filter selects nothing."""
    violations: list[Violation] = []
    assert parse_text(json.dumps(filter_), violations) == NOTHING
    assert {violation.field: violation.description for violation in violations} == expected


@pytest.mark.parametrize(
    ("text", "description"),
    [
        ("", "filters: malformed JSON: Expecting value (line 1, column 1)"),
        ("{'user_id': 'u'}", "filters: malformed JSON: Expecting property name enclosed in double quotes"),
        ('{"user_id": "a", "user_id": "b"}', "filters: an object has the same key twice"),
        ('{"created_at": NaN}', "filters: NaN is not a JSON number"),
        ('{"NOT":' * 100 + "{}" + "}" * 100, "filters: nested more than 64 levels deep"),
    ],
)
def test_a_text_that_is_no_exact_json_is_no_filter(text: str, description: str) -> None:
    """Malformed text is a violation, never the absence of a filter."""
    violations: list[Violation] = []
    assert parse_text(text, violations) == NOTHING
    [violation] = violations
    assert violation.field == "filters"
    assert violation.description.startswith(description)


def test_nesting_is_bounded() -> None:
    """Twenty levels are read, the twenty-first is refused."""
    deep: dict[str, Any] = {"user_id": "u"}
    for _ in range(19):
        deep = {"NOT": deep}
    assert _violations(deep) == []
    [violation] = _violations({"AND": [deep]})
    assert violation.description == "NOT is nested more than 20 levels deep"


@pytest.mark.parametrize(
    "filter_",
    [
        {"OR": [{"user_id": "u"}] * 501},
        {"metadata": {f"key{number}": number for number in range(501)}},
        {"created_at": {"in": [1] * 500}},
        {"colour": 1, "AND": [{"shape": 1}] * 10_000},
        {"user_id": {"in": [1] * 5000}},
    ],
)
def test_the_number_of_conditions_is_bounded(filter_: dict[str, Any]) -> None:
    """A filter of more than 500 conditions is refused, and the reading of it ends there."""
    violations = _violations(filter_)
    assert Violation("filters", "filters must hold at most 500 conditions") in violations
    assert len(violations) <= 502


def test_the_number_of_values_is_bounded() -> None:
    """All lists together hold at most 5,000 values, for databases bound the parameters of a query."""
    assert _violations({"user_id": ["u"] * 2500, "memory_ids": ["m"] * 2500}) == []
    [violation] = _violations({"user_id": ["u"] * 2500, "memory_ids": ["m"] * 2501})
    assert violation.field == "filters.memory_ids"


def test_a_description_fits_what_the_transport_carries() -> None:
    """However long a client's own names are, the names that are allowed come through."""
    [violation] = _violations({"x" * 100_000: 1})
    assert len(violation.field) < 50
    assert len(violation.description) <= 200
    assert violation.description.endswith(FIELDS)


def test_a_bad_query_is_refused_with_all_that_is_wrong() -> None:
    """Violations of query parameters carry the parameters' names."""
    violations: list[Violation] = []
    query = QueryFilter(
        user_id="",
        metadata="{'a': 1}",
        categories=[""],
        keywords=["ok", ""],
        start_date="x",
        end_date="2024-13-01",
    )
    assert from_query(query, violations) == NOTHING
    assert [violation.field for violation in violations] == [
        "user_id",
        "metadata",
        "categories[0]",
        "keywords",
        "start_date",
        "end_date",
    ]


def _violations(filter_: Any) -> list[Violation]:
    violations: list[Violation] = []
    parse_text(json.dumps(filter_), violations)
    return violations
