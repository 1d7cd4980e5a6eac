from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import time

import pytest

from service.inference.rules import RulesReasoner
from service.memory.categories import DEFAULT_CATEGORIES
from service.memory.errors import DeadlineExceeded
from service.memory.model import Event, Message, Operation, Role
from tests.unit.rules.conftest import NotingEmbedder
from tests.unit.rules.planning import plan


def user(*contents: str) -> list[Message]:
    """What the user says."""
    return [Message(Role.USER, content) for content in contents]


def shown(operations: tuple[Operation, ...]) -> list[str]:
    """Events and texts."""
    return [f"{operation.event.value} {operation.text}".strip() for operation in operations]


async def test_an_assistant_is_only_context(reasoner: RulesReasoner) -> None:
    """What the assistant, a tool or the system says is no fact about the user."""
    others = [Message(role, "I love Rome and you are a nurse.") for role in Role if role is not Role.USER]
    assert await plan(reasoner, [*others, Message(Role.ASSISTANT, "You should visit Rome")]) == ()


async def test_an_agent_is_remembered_by_its_own_messages(reasoner: RulesReasoner) -> None:
    """With an agent alone the facts come from the assistant's messages."""
    messages = [
        Message(Role.ASSISTANT, "I am the support agent for ACME and I answer within an hour"),
        Message(Role.USER, "I love hiking"),
    ]
    operations = await plan(reasoner, messages, about=Role.ASSISTANT)
    assert shown(operations) == ["ADD Is the support agent for ACME", "ADD Answers within an hour"]


@pytest.mark.parametrize(
    ("question", "answer", "fact"),
    [
        ("Where do you live?", "Munich", "Lives in Munich"),
        ("Nice to meet you! What's your name?", "Alex", "Name is Alex"),
        ("How old are you?", "30", "Is 30 years old"),
        ("What is your favorite color?", "blue", "Favorite color is blue"),
        ("Do you have a dog?", "Yes", "Has a dog"),
        ("Are you vegetarian?", "yes!", "Is vegetarian"),
        ("Do you eat meat?", "no", "Does not eat meat"),
        ("What languages do you speak?", "French and German", "Speaks French"),
        ("Where do you work?", "At the moment? Nowhere", None),
        ("Do you need anything else?", "no thanks", None),
        ("Great.", "Munich", None),
    ],
)
async def test_a_bare_answer_states_what_was_asked(
    reasoner: RulesReasoner, question: str, answer: str, fact: str | None
) -> None:
    """An answer of a few words counts as the statement that the question asks for."""
    operations = await plan(reasoner, [Message(Role.ASSISTANT, question), Message(Role.USER, answer)])
    assert [operation.text for operation in operations][:1] == ([fact] if fact else [])
    assert all((operation.message_index, operation.quote) == (1, answer) for operation in operations)


@pytest.mark.parametrize("said", ["Where is your sister?", "Try the Adler hotel.", "Tell me of your garden"])
async def test_a_verb_after_another_speaker_goes_on_about_what_was_spoken_of(
    reasoner: RulesReasoner, said: str
) -> None:
    """A note without a subject is about the user only where nobody else spoke before it."""
    note = Message(Role.USER, "Lives in Munich")
    assert await plan(reasoner, [Message(Role.ASSISTANT, said), note]) == ()
    assert shown(await plan(reasoner, [*user("I love hiking"), note]))[1:] == ["ADD Lives in Munich"]


async def test_every_operation_carries_its_evidence(reasoner: RulesReasoner) -> None:
    """The quote is a sentence of the message that the operation names."""
    messages = user("Hello! I’m Alex — and I moved to Rome 😀.", "I love hiking. My phone is (555) 010-9999.")
    operations = await plan(reasoner, messages, ["Lives in Berlin"])
    assert [(operation.message_index, operation.quote) for operation in operations] == [
        (0, "I’m Alex — and I moved to Rome 😀."),
        (0, "I’m Alex — and I moved to Rome 😀."),
        (1, "I love hiking."),
        (1, "My phone is (555) 010-9999."),
    ]


async def test_excludes_keep_facts_out_by_meaning(reasoner: RulesReasoner) -> None:
    """What excludes names is not proposed, and a deletion still is."""
    messages = user("I'm allergic to nuts and I love hiking. I'm not diabetic any more.")
    operations = await plan(reasoner, messages, ["Is diabetic"], excludes="health information")
    assert shown(operations) == ["DELETE", "ADD Loves hiking"]


async def test_includes_keep_only_what_they_name(reasoner: RulesReasoner) -> None:
    """With includes only facts of that kind are proposed."""
    messages = user("I love Chinese food. I'm vegetarian. I work at Acme.")
    operations = await plan(reasoner, messages, includes="food preferences")
    assert shown(operations) == ["ADD Loves Chinese food", "ADD Is vegetarian"]


async def test_categories_come_with_the_facts(reasoner: RulesReasoner) -> None:
    """New facts carry their categories, by the policy's own list."""
    messages = user("I work at Acme and I'm allergic to nuts")
    defaults = await plan(reasoner, messages, categories=DEFAULT_CATEGORIES)
    assert [operation.categories for operation in defaults] == [("professional_details",), ("health",)]
    custom = await plan(reasoner, messages, categories={"jobs": "where somebody works, the employer"})
    assert [operation.categories for operation in custom] == [("jobs",), ()]


async def test_a_topic_is_embedded_once(reasoner: RulesReasoner, embedder: NotingEmbedder) -> None:
    """The vectors of categories are kept from one request to the next."""
    for _ in range(2):
        embedder.texts.clear()
        await plan(reasoner, user("I own a boat"), categories={"ships": "boats and ships"})
    assert embedder.texts == ["Owns a boat"]


async def test_a_passed_deadline_ends_the_reading(reasoner: RulesReasoner) -> None:
    """Nothing is proposed when the time is up."""
    with pytest.raises(DeadlineExceeded):
        await plan(reasoner, user("I love hiking"), seconds=0)


async def test_a_long_text_stops_at_the_deadline(reasoner: RulesReasoner) -> None:
    """A message too long to be read in time is given up in time."""
    started = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        await plan(reasoner, user("I love hiking in the long dark woods with my dog. " * 2_000), seconds=0.5)
    assert time.monotonic() - started < 5


async def test_the_event_loop_is_free_meanwhile(reasoner: RulesReasoner) -> None:
    """Others go on while a text is being read."""
    reading = asyncio.create_task(plan(reasoner, user("I love hiking in the woods. " * 40)))
    ticks = 0
    while not reading.done():
        await asyncio.sleep(0.001)
        ticks += 1
    assert ticks > 5
    assert shown(await reading) == ["ADD Loves hiking in the woods"]


async def test_a_short_message_is_read_quickly(reasoner: RulesReasoner) -> None:
    """A short message costs some milliseconds, known facts next to nothing once they were read."""
    known = [f"Likes dish number {number}" for number in range(64)]
    await plan(reasoner, user("Hello"), known)
    took = []
    for name in ("Anna", "Berta", "Carla", "Dora", "Emma"):
        started = time.process_time()
        await plan(reasoner, user(f"My name is {name} and I live in Berlin"), known)
        took.append(time.process_time() - started)
    assert min(took) < 0.1, "about 0.01 on an idle machine"


def test_without_spacy_the_import_says_what_to_install() -> None:
    """The optional extra is named when it is missing."""
    code = textwrap.dedent("""
        import sys
        sys.modules["spacy"] = None
        try:
            import service.inference.rules
        except ImportError as error:
            print(error)
    """)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'memoryd[rules]'" in ran.stdout


async def test_a_plan_says_nothing_of_what_does_not_change(reasoner: RulesReasoner) -> None:
    """A move there and back leaves no operation."""
    operations = await plan(reasoner, user("I moved to Rome", "I moved back to Berlin"), ["Lives in Berlin"])
    assert [operation for operation in operations if operation.event is not Event.ADD] == []
