from __future__ import annotations

import pytest

from service.inference.rules import RulesReasoner
from service.memory.model import Event, Message, Operation, Role
from tests.unit.rules.examples import THEMES, Example
from tests.unit.rules.planning import plan

CASES = [
    pytest.param(example, id=f"{theme}: {example.said!r} {list(example.known) or ''}"[:110])
    for theme, examples in THEMES.items()
    for example in examples
]


@pytest.mark.parametrize("example", CASES)
async def test_said_and_known_give_the_outcome(reasoner: RulesReasoner, example: Example) -> None:
    """What is said changes what is known as a reader of the conversation would expect."""
    said = (example.said,) if isinstance(example.said, str) else example.said
    operations = await plan(reasoner, [Message(Role.USER, text) for text in said], example.known)
    assert sorted(example.outcome) == sorted(_shown(operation, example.known) for operation in operations)


def _shown(operation: Operation, known: tuple[str, ...]) -> str:
    if operation.target is None:
        return f"+ {operation.text}"
    old = known[int(operation.target.removeprefix("m")) - 1]
    return f"- {old}" if operation.event is Event.DELETE else f"{old} => {operation.text}"
