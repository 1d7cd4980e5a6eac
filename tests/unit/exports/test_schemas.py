from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from service.inference.schema_fill import SchemaFill, Unfilled, text_nodes
from service.memory.json_schema import Checker, fault_in
from service.memory.model import Memory, Scope

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def memory(said: str, **more: Any) -> Memory:
    """A memory of Ann's."""
    return Memory(f"id of {said}", Scope(user_id="ann"), said, NOW, NOW, **more)


def filled(
    schema: Mapping[str, object], *memories: Memory, near: dict[str, list[Memory]] | None = None
) -> object:
    """What fills the schema."""
    return SchemaFill(schema, memories, near or {}).value()


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        ({}, None),
        ({"type": "object", "properties": {"pattern": {}, "patternProperties": {}, "$ref": {}}}, None),
        ({"$defs": {"pattern": {"type": "string"}}, "$ref": "#/$defs/pattern"}, None),
        ({"type": 1}, "is no JSON Schema: $.type breaks anyOf"),
        ({"items": {"properties": {"a": {"pattern": "x"}}}}, "must not use pattern"),
        ({"anyOf": [{"patternProperties": {}}]}, "must not use patternProperties"),
        ({"$defs": {"a": {"$ref": "file:///etc/passwd"}}}, "must not refer to other documents"),
    ],
)
def test_faults(schema: Mapping[str, object], fault: str | None) -> None:
    """Regular expressions, other documents and what is no schema are refused; names are no keywords."""
    found = fault_in(schema)
    assert found == fault if fault is None else found is not None and found.startswith(fault)


def test_a_mistake_names_the_place_and_not_the_value() -> None:
    """What a value says stays out of the error's text."""
    schema = {"properties": {"a": {"items": {"type": "integer"}}}}
    assert Checker(schema, 0).mistake_in({"a": [1, "secret"]}) == "$.a[1] breaks type"
    assert Checker(schema, 0).mistake_in({"a": [1]}) is None


def test_doubling_alternatives_have_an_end() -> None:
    """A schema that would take for ever is given up in a moment."""
    steps = {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    schema: Mapping[str, object] = {"$ref": "#/$defs/d0", "$defs": {**steps, "d40": {"type": "integer"}}}
    started = time.process_time()
    assert Checker(schema, 0).mistake_in("x") == "the schema cannot be followed to its end"
    assert text_nodes(schema) == []
    with pytest.raises(Unfilled):
        filled(schema)
    assert time.process_time() - started < 10


ROW = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "user_id": {"type": "string"},
        "category": {"anyOf": [{"enum": ["food", "music"]}, {"type": "null"}]},
        "metadata": {"type": ["object", "null"]},
        "score": {"type": "number", "default": 0.5},
        "note": {"type": "string"},
    },
    "required": ["text"],
}


def test_rows() -> None:
    """Known names are filled; others take their default or null, or are left out where they may be."""
    known = (
        memory("Likes tea", categories=("food", "music"), metadata={"n": 1}),
        memory("x", categories=("y",)),
    )
    assert filled({"type": "array", "items": ROW}, *known) == [
        {"text": "Likes tea", "user_id": "ann", "category": "food", "metadata": {"n": 1}, "score": 0.5},
        {"text": "x", "user_id": "ann", "category": None, "metadata": None, "score": 0.5},
    ]


def test_a_row_that_lacks_something_required_is_no_row() -> None:
    """What is required and not known is named."""
    schema = {"type": "array", "items": {**ROW, "required": ["text", "note"]}}
    with pytest.raises(Unfilled) as missing:
        filled(schema, memory("x"))
    assert missing.value.path == "$[].note"


def test_texts_and_choices() -> None:
    """A text is the nearest that fits; a choice is the value that the nearest name."""
    schema: dict[str, object] = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "maxLength": 10},
            "job": {"$ref": "#/$defs/Job"},
            "other": {"allOf": [{"$ref": "#/$defs/Job"}], "default": "part_time"},
            "fixed": {"const": 7},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["city", "job", "tags"],
        "$defs": {"Job": {"enum": ["full_time", "part_time"], "type": "string"}},
    }
    near = {
        "$.city": [memory("Lives in the city of Munich"), memory("In Munich")],
        "$.job": [memory("Has a job"), memory("Works part-time")],
    }
    assert filled(schema, near=near) == {
        "city": "In Munich",
        "job": "part_time",
        "other": "part_time",
        "fixed": 7,
        "tags": [],
    }


def test_what_is_looked_for() -> None:
    """Texts are looked for by name, title and description, lists of rows and of all facts are not."""
    schema: dict[str, object] = {
        "properties": {
            "favoriteFood": {"type": "string", "title": "Favorite Food", "description": "what they eat"},
            "goals": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
            "facts": {"type": "array", "items": {"type": "string"}},
            "rows": {"type": "array", "items": ROW},
            "age": {"type": "integer"},
            "self": {"$ref": "#"},
        }
    }
    found = {node.path: node.description for node in text_nodes(schema)}
    assert found["$.favoriteFood"].startswith("favorite food: ")
    assert "what they eat" in found["$.favoriteFood"]
    assert found["$.goals"] == "goals"
    assert not {"$.facts", "$.rows", "$.age"} & set(found)
