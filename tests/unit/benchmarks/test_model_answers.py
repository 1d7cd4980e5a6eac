from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from service.inference.plan_schema import plan_schema, read_plan
from service.inference.prompt import system_text, user_text
from service.memory.model import Candidate
from service.memory.reconcile import review
from tests.benchmarks.model_answers import MEM0_1, MEM0_2, MEMORYD, UnknownRequest, answer
from tests.unit.inference.inferences import CATEGORIES, inference, known

SAID = "Likes tea. Lives in Kyoto. Has a cat."


def completion(*contents: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """A request with these messages."""
    form: dict[str, Any] = {"type": "json_object"}
    if schema is not None:
        form = {"type": "json_schema", "json_schema": {"name": "plan", "strict": True, "schema": schema}}
    return {"messages": [{"role": "user", "content": each} for each in contents], "response_format": form}


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ((), ["Likes tea", "Lives in Kyoto", "Has a cat"]),
        ((known("m1", "Lives in Kyoto"), known("m2", "Has a dog")), ["Likes tea", "Has a cat"]),
    ],
    ids=["nothing is known", "one fact is known"],
)
def test_memoryd(candidates: tuple[Candidate, ...], expected: list[str]) -> None:
    """A plan for memoryd is carried out as it is; prompt and schema are counted."""
    asked = inference(SAID, candidates=candidates)
    schema = plan_schema([each.ref for each in candidates], list(CATEGORIES))
    prompt = [system_text(asked.policy), user_text(asked)]
    answered = answer(completion(*prompt, schema=schema))
    jsonschema.validate(json.loads(answered.text), schema)
    drafts, rejections = review(read_plan(answered.text, CATEGORIES), asked, [])
    assert rejections == []
    assert [draft.text for draft in drafts] == expected
    assert answered.system == MEMORYD
    assert len("".join(prompt)) < answered.prompt_characters < len("".join(prompt)) + len(json.dumps(schema))


def test_mem0_1() -> None:
    """mem0ai 1.0.11 gets the facts, then all that it knows with NONE, and the new ones with ADD."""
    answered = answer(completion("Extract facts as json.", f"Input:\nuser: {SAID}\n"))
    assert json.loads(answered.text) == {"facts": ["Likes tea", "Lives in Kyoto", "Has a cat"]}
    old = [{"id": "0", "text": "Has a cat"}, {"id": "1", "text": "Isn't tall"}]
    ending = (
        "The new retrieved facts are mentioned in the triple backticks.\n"
        "```\n['Likes tea', 'Has a cat']\n```\n"
    )
    changed = answer(completion(f"This is my memory:\n```\n    {old}\n```\n{ending}"))
    assert json.loads(changed.text)["memory"] == [
        {"id": "0", "text": "Has a cat", "event": "NONE"},
        {"id": "1", "text": "Isn't tall", "event": "NONE"},
        {"id": "2", "text": "Likes tea", "event": "ADD"},
    ]
    first = answer(completion(f"Current memory is empty.\n{ending}"))
    assert [each["event"] for each in json.loads(first.text)["memory"]] == ["ADD", "ADD"]
    assert {answered.system, changed.system, first.system} == {MEM0_1}


def test_mem0_2() -> None:
    """mem0ai 2.2.1 gets what is new."""
    asked = (
        '## Summary\n\n\n## Existing Memories\n[{"id": "0", "text": "Has a cat"}]\n\n'
        f"## New Messages\nuser: {SAID}\n\n\n## Observation Date\n2026-01-01\n\n# Output:"
    )
    answered = answer(completion("Extract.", asked))
    assert json.loads(answered.text)["memory"] == [
        {"id": "0", "text": "Likes tea", "attributed_to": "user"},
        {"id": "1", "text": "Lives in Kyoto", "attributed_to": "user"},
    ]
    assert answered.system == MEM0_2
    assert answered.prompt_characters == len("Extract.") + len(asked)


def test_nobody() -> None:
    """What none of the systems asks is an error and no answer."""
    with pytest.raises(UnknownRequest):
        answer(completion("Hello"))
