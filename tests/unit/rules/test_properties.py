from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.inference.rules import RulesReasoner
from service.memory.model import Event, Message, Operation, Role
from tests.unit.rules.examples import THEMES
from tests.unit.rules.planning import plan

PHRASES = [
    sentence
    for examples in THEMES.values()
    for example in examples
    for sentence in ((example.said,) if isinstance(example.said, str) else example.said)
]
KNOWN = sorted({text for examples in THEMES.values() for example in examples for text in example.known})
WORDS = sorted({word for phrase in PHRASES for word in phrase.split()})

shuffled = st.lists(st.sampled_from([*WORDS, ".", ",", "?", "not", "and", "\n"]), max_size=14).map(" ".join)
sentences = st.lists(st.sampled_from(PHRASES), max_size=3).map(" ".join)
contents = st.one_of(st.text(max_size=80), shuffled, sentences)
known = st.lists(st.one_of(st.sampled_from(KNOWN), st.text(max_size=40)), max_size=5)


@pytest.fixture(scope="module")
def loop_of_its_own() -> Iterator[asyncio.Runner]:
    """An event loop for tests that Hypothesis calls many times over."""
    with asyncio.Runner() as runner:
        yield runner


@settings(max_examples=60, deadline=None)
@given(messages=st.lists(contents, min_size=1, max_size=3), offered=known)
def test_any_text_gives_a_sound_plan(
    reasoner: RulesReasoner, loop_of_its_own: asyncio.Runner, messages: list[str], offered: list[str]
) -> None:
    """The plan quotes to the letter, names offered memories only, and is the same again."""
    said = [Message(Role.USER, content) for content in messages]
    operations = loop_of_its_own.run(plan(reasoner, said, offered))
    for operation in operations:
        assert_sound(operation, messages, len(offered))
    assert len({operation.target for operation in operations if operation.target}) == sum(
        operation.target is not None for operation in operations
    )
    assert loop_of_its_own.run(plan(reasoner, said, offered)) == operations


def assert_sound(operation: Operation, messages: list[str], offered: int) -> None:
    """Checks what holds of every operation."""
    assert operation.message_index is not None
    assert operation.quote
    assert operation.quote in messages[operation.message_index]
    assert (operation.target is None) == (operation.event is Event.ADD)
    assert operation.target in {None, *(f"m{number}" for number in range(1, offered + 1))}
    assert bool(operation.text) == (operation.event is not Event.DELETE)
