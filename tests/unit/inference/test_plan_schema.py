from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from service.inference.plan_schema import plan_schema, read_plan
from service.memory.model import Event
from tests.scripted_openai import add, delete, update
from tests.unit.inference.inferences import CATEGORIES

STRICT_KEYWORDS = {"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf"}

SCHEMAS = {
    "with candidates": plan_schema([f"m{number}" for number in range(1, 21)], list(CATEGORIES)),
    "without candidates": plan_schema([], list(CATEGORIES)),
    "without categories": plan_schema(["m1"], []),
    "with categories that no enum takes": plan_schema(["m1"], [f"category {n}" for n in range(500)]),
}


def assert_strict(schema: dict[str, Any]) -> None:
    """OpenAI's rules for strict schemas, as far as a plan needs them."""
    assert set(schema) <= STRICT_KEYWORDS
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
        for each in schema["properties"].values():
            assert_strict(each)
    if schema.get("type") == "array":
        assert_strict(schema["items"])
    if "enum" in schema:
        assert schema["type"] == "string"
        assert 0 < len(schema["enum"]) == len(set(schema["enum"]))
    for each in schema.get("anyOf", ()):
        assert_strict(each)
    assert "type" in schema or "anyOf" in schema


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_strict(schema: dict[str, Any]) -> None:
    """Every schema is one that strict mode takes."""
    assert schema["type"] == "object"
    assert_strict(schema)
    jsonschema.Draft202012Validator.check_schema(schema)


def test_schema_and_reader_agree() -> None:
    """What the schema allows is what the reader reads."""
    operations = [add("Has a dog", categories=["misc"]), update("m1", "Lives in Munich"), delete("m2")]
    schema = plan_schema(["m1", "m2"], ["misc"])
    jsonschema.validate({"operations": operations}, schema)
    plan = read_plan(str({"operations": operations}).replace("'", '"').replace("None", "null"), ["misc"])
    assert [operation.event for operation in plan.operations] == [Event.ADD, Event.UPDATE, Event.DELETE]


def test_without_candidates_only_add() -> None:
    """Where nothing is known nothing can be changed, and there is no target to name."""
    item: Any = plan_schema([], ["misc"])["properties"]
    properties = item["operations"]["items"]["properties"]
    assert properties["event"]["enum"] == ["ADD"]
    assert "target" not in properties


@pytest.mark.parametrize(
    "names", [["a" * 101], ['say "cheese"'], ["two\nlines"], [str(n) for n in range(101)]]
)
def test_categories_that_no_enum_takes(names: list[str]) -> None:
    """One project's odd categories must not make an endpoint refuse the schema for all."""
    schema: Any = plan_schema(["m1"], names)
    items = schema["properties"]["operations"]["items"]["properties"]["categories"]["items"]
    assert items == {"type": "string"}


def test_unknown_categories_are_left_out() -> None:
    """A model may invent a category; the fact is kept, and the names that the policy has, once each."""
    answer = (
        '{"operations": [{"message_index": 0, "quote": "dog", "event": "ADD", "text": " Has a dog ",'
        ' "categories": ["pets", "misc", "misc"]}]}'
    )
    [operation] = read_plan(answer, ["misc"]).operations
    assert operation.categories == ("misc",)
    assert operation.text == "Has a dog"
    assert operation.target is None
