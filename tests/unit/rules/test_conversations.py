"""Whole conversations, one message a request, each against what the earlier ones left behind."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from service.inference.rules import RulesReasoner
from service.memory.model import Event, Message, Operation, Role
from tests.unit.rules.planning import plan

GRACE = (
    "My name is Grace, I'm 34 and I live in Nairobi.",
    "I drive to work every day.",
    "My oldest son, Brian, is 10 and my daughter Faith is 7.",
    "Is it true that cinnamon lowers blood sugar?",
    "I'm planning to start a catering business next year.",
    "My sister Joy is getting married in December!",
    "Brian just turned 11!",
    "I no longer drive to work, I take the bus.",
    "I don't want to start the catering business any more.",
    "We've moved to Mombasa.",
)
KENJI = (
    "hi im kenji, 27, software engineer from osaka but living in vancouver rn",
    ("What languages do you speak?", "Japanese and English, and I'm learning French"),
    "I drive a Civic. Thinking of getting a Tesla someday",
    ("Do you have any pets?", "yes, a dog"),
    ("What's your dog's name?", "Churro 😄"),
    "my phone number is 604-555-0142",
    "Sorry, that's my old one. The new number is 604-555-0177.",
    "My roommate Dev is vegan and he plays the drums at 2am lol",
    "I bought a Tesla, sold the Civic",
    "If I were rich I'd live in Hawaii",
    "i moved out, I live alone now in Burnaby",
    "please forget my age",
)
TOLD = {
    GRACE: {
        "Name is Grace",
        "Is 34 years old",
        "Lives in Mombasa",
        "Oldest son Brian is 11 years old",
        "Daughter Faith is 7 years old",
        "Sister Joy is getting married in December",
        "Takes the bus",
    },
    KENJI: {
        "Name is Kenji",
        "Is software engineer from Osaka",
        "Speaks Japanese",
        "Speaks English",
        "Is learning French",
        "Has a dog",
        "Dog's name is Churro",
        "Phone number is 604-555-0177",
        "Roommate Dev is vegan",
        "Roommate Dev plays the drums at 2am",
        "Bought a Tesla",
        "Moved out",
        "Lives alone in Burnaby",
    },
}


@pytest.mark.parametrize("said", TOLD, ids=["grace", "kenji"])
async def test_a_conversation_leaves_what_is_so_at_its_end(
    reasoner: RulesReasoner, said: Sequence[str | tuple[str, str]]
) -> None:
    """Facts told, corrected and taken back over many requests leave what a reader would believe."""
    known: list[str] = []
    for turn in said:
        asked, answer = turn if isinstance(turn, tuple) else ("", turn)
        question = [Message(Role.ASSISTANT, asked)] if asked else []
        for operation in await plan(reasoner, [*question, Message(Role.USER, answer)], known):
            known = _after(operation, known)
        known = [text for text in known if text]
    assert TOLD[tuple(said)] == set(known)


def _after(operation: Operation, known: Sequence[str]) -> list[str]:
    """What is known after an operation; a gap stays where a memory was deleted, for the numbers count on."""
    if operation.target is None:
        return [*known, operation.text]
    place = int(operation.target.removeprefix("m")) - 1
    text = "" if operation.event is Event.DELETE else operation.text
    return [*known[:place], text, *known[place + 1 :]]
