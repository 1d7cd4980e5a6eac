from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.memory.model import (
    Candidate,
    Event,
    Inference,
    Memory,
    Message,
    Operation,
    Plan,
    Rejection,
    Role,
    Vector,
    fingerprint,
)
from service.memory.reconcile import LONGEST_TEXT, Draft, review, without_near_duplicates
from tests.unit.inference.inferences import inference, known

SAID = "I love tea and I have a dog"
TEA, DOG = known("m1", "Hates tea"), known("m2", "Has a cat")
BORN = replace(
    known("m3", "Born in 1990"), memory=replace(known("m3", "Born in 1990").memory, immutable=True)
)
UNSEEN = known("-", "Lives in Bonn").memory
KNOWN = [TEA.memory, DOG.memory, BORN.memory, UNSEEN]
ASKED = inference(Message(Role.ASSISTANT, "Visit Rome"), SAID, candidates=(TEA, DOG, BORN))


def op(event: Event, text: str = "", target: str | None = None, quote: str = SAID) -> Operation:
    """An operation on the words of the user."""
    return Operation(event, text, target, 1, quote)


ADD, UPDATE, DELETE = Event.ADD, Event.UPDATE, Event.DELETE

Outcome = tuple[Event, str, str | None]
"""An event, a text and the ref of what it changes."""


def decided(*operations: Operation) -> tuple[list[Outcome], list[Rejection]]:
    """What comes of a plan."""
    drafts, rejections = review(Plan(operations), ASKED, KNOWN)
    refs = {candidate.memory.id: candidate.ref for candidate in ASKED.candidates}
    told = [(draft.event, draft.text, refs[draft.target.id] if draft.target else None) for draft in drafts]
    return told, rejections


@pytest.mark.parametrize(
    ("operations", "drafts", "rejections"),
    [
        ([op(ADD, " Has a dog ")], [(ADD, "Has a dog", None)], []),
        ([op(UPDATE, "Loves tea", "m1")], [(UPDATE, "Loves tea", "m1")], []),
        ([op(DELETE, target="m1")], [(DELETE, "Hates tea", "m1")], []),
        ([op(UPDATE, "Loves tea", "m9")], [(ADD, "Loves tea", None)], [Rejection(UPDATE, "UNKNOWN_ID", ADD)]),
        ([op(UPDATE, "Loves tea")], [(ADD, "Loves tea", None)], [Rejection(UPDATE, "UNKNOWN_ID", ADD)]),
        ([op(DELETE, target="m9")], [], [Rejection(DELETE, "UNKNOWN_ID")]),
        ([op(ADD, "Is 5", quote="?")], [(ADD, "Is 5", None)], [Rejection(ADD, "QUOTE_NOT_FOUND", ADD)]),
        (
            [op(UPDATE, "Is 5", "m1", quote="?")],
            [(ADD, "Is 5", None)],
            [Rejection(UPDATE, "QUOTE_NOT_FOUND", ADD)],
        ),
        ([op(DELETE, target="m1", quote="?")], [], [Rejection(DELETE, "QUOTE_NOT_FOUND")]),
        ([op(ADD, "Likes Rome", quote="Visit Rome")], [], [Rejection(ADD, "WRONG_SPEAKER")]),
        (
            [op(UPDATE, "Born in 1991", "m3")],
            [(ADD, "Born in 1991", None)],
            [Rejection(UPDATE, "IMMUTABLE", ADD)],
        ),
        ([op(DELETE, target="m3")], [], [Rejection(DELETE, "IMMUTABLE")]),
        ([op(ADD, "hates TEA.")], [], [Rejection(ADD, "DUPLICATE")]),
        ([op(ADD, "Lives in Bonn")], [], [Rejection(ADD, "DUPLICATE")]),
        (
            [op(ADD, "Has a dog"), op(ADD, "has a dog!")],
            [(ADD, "Has a dog", None)],
            [Rejection(ADD, "DUPLICATE")],
        ),
        ([op(UPDATE, "Hates tea", "m1")], [], []),
        ([op(UPDATE, "hates tea", "m1")], [(UPDATE, "hates tea", "m1")], []),
        (
            [op(UPDATE, "Has a cat", "m1")],
            [(DELETE, "Hates tea", "m1")],
            [Rejection(UPDATE, "DUPLICATE", DELETE)],
        ),
        (
            [op(UPDATE, "Loves tea", "m1"), op(UPDATE, "Likes tea", "m1")],
            [(UPDATE, "Loves tea", "m1"), (ADD, "Likes tea", None)],
            [Rejection(UPDATE, "ALREADY_CHANGED", ADD)],
        ),
        (
            [op(DELETE, target="m1"), op(DELETE, target="m1")],
            [(DELETE, "Hates tea", "m1")],
            [Rejection(DELETE, "ALREADY_CHANGED")],
        ),
        ([op(ADD, " ")], [], [Rejection(ADD, "EMPTY_TEXT")]),
        ([op(ADD, "x" * (LONGEST_TEXT + 1))], [], [Rejection(ADD, "TEXT_TOO_LONG")]),
        ([op(ADD, "a\0b")], [], [Rejection(ADD, "TEXT_NOT_STORABLE")]),
        ([op(ADD, "\ud800")], [], [Rejection(ADD, "TEXT_NOT_STORABLE")]),
        ([], [], []),
    ],
)
def test_review(operations: list[Operation], drafts: list[Outcome], rejections: list[Rejection]) -> None:
    """Each operation is carried out, carried out more safely, or dropped and reported."""
    assert decided(*operations) == (drafts, rejections)


def test_a_fact_may_come_back_after_it_was_replaced() -> None:
    """What a plan has just removed is no duplicate any more."""
    drafts, rejections = decided(op(UPDATE, "Loves tea", "m1"), op(ADD, "Hates tea"))
    assert drafts == [(UPDATE, "Loves tea", "m1"), (ADD, "Hates tea", None)]
    assert rejections == []


REFS = ["m1", "m2", "m3", "m4", "m9", None]
TEXTS = [
    "Hates tea",
    "hates tea.",
    "Has a cat",
    "Born in 1990",
    "Lives in Bonn",
    "Loves tea",
    "Has a dog",
    "",
    "\0",
]
OPERATIONS = st.builds(
    Operation,
    event=st.sampled_from(Event),
    text=st.sampled_from(TEXTS),
    target=st.sampled_from(REFS),
    message_index=st.one_of(st.none(), st.integers(-2, 3)),
    quote=st.sampled_from([None, "", SAID, "i  LOVE tea", "Visit Rome", "nowhere"]),
    categories=st.lists(st.sampled_from(["food", "sports", "unheard of"]), max_size=3).map(tuple),
)


@given(st.lists(OPERATIONS, max_size=12).map(tuple))
def test_no_plan_can_do_harm(operations: tuple[Operation, ...]) -> None:
    """Only what was offered and is not immutable changes, each memory once, and no text doubles."""
    drafts, _ = review(Plan(operations), ASKED, KNOWN)
    changed = [draft.target for draft in drafts if draft.target]
    offered = {candidate.memory.id for candidate in ASKED.candidates}
    assert all(memory.id in offered and not memory.immutable for memory in changed)
    assert len({memory.id for memory in changed}) == len(changed)
    assert all(draft.evidence for draft in drafts if draft.event is not ADD)
    assert all(draft.target is None for draft in drafts if draft.event is ADD)
    assert all(
        set(draft.categories) <= ASKED.policy.categories.keys()
        for draft in drafts
        if draft.event is not DELETE
    )
    left = {memory.id: memory.text for memory in KNOWN}
    for number, draft in enumerate(drafts):
        if draft.event is DELETE:
            assert draft.target is not None
            del left[draft.target.id]
        else:
            left[draft.target.id if draft.target else f"new {number}"] = draft.text
    marks = [fingerprint(text) for text in left.values()]
    assert len(set(marks)) == len(marks)
    assert all(text.strip() and "\0" not in text for text in left.values())


@given(st.lists(OPERATIONS, max_size=12).map(tuple))
def test_nothing_is_lost_in_silence(operations: tuple[Operation, ...]) -> None:
    """Every operation is a draft, a rejection, or repeats what its memory says already."""
    drafts, rejections = review(Plan(operations), ASKED, KNOWN)
    dropped = [each for each in rejections if each.carried_out_as is None]
    refs = {candidate.ref: candidate.memory.text for candidate in ASKED.candidates}
    idle = [each for each in operations if each.event is UPDATE and refs.get(each.target or "") == each.text]
    repeated = [each for each in rejections if each.carried_out_as is ADD]
    assert len(operations) - len(idle) - len(repeated) <= len(drafts) + len(dropped) <= len(operations)


def unit(*numbers: float) -> Vector:
    """A vector of length 1."""
    vector = np.array(numbers, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def draft(text: str, event: Event = ADD) -> Draft:
    """An addition."""
    return Draft(event, text, None if event is ADD else TEA.memory)


def remembered(text: str) -> Memory:
    """A memory that the drafts do not change."""
    return replace(DOG.memory, text=text)


@pytest.mark.parametrize(
    ("text", "other", "cosine", "kept"),
    [
        ("Loves hiking", "Loves to hike", 0.97, False),
        ("Loves hiking", "Loves to hike", 0.90, True),
        ("Has 2 kids", "Has 3 kids", 0.99, True),
        ("Is allergic to nuts", "Is allergic to the nuts", 0.99, False),
        ("Likes tea", "Likes coffee", 0.99, True),
        ("Has nine cats", "Has nineteen cats", 0.99, True),
        ("Lives in Austria", "Lives in Australia", 0.99, True),
        ("Does not eat meat", "Does eat meat", 0.99, True),
    ],
)
def test_near_duplicates(text: str, other: str, cosine: float, kept: bool) -> None:
    """An addition goes when its vector and its words say the same as a memory; either alone is not enough."""
    mine, theirs = unit(1.0, 0.0), unit(cosine, float(np.sqrt(1 - cosine**2)))
    found, rejections = without_near_duplicates([draft(text)], [mine], [(remembered(other), theirs)])
    assert bool(found) is kept
    assert rejections == ([] if kept else [Rejection(ADD, "DUPLICATE")])


def test_near_duplicates_within_a_plan() -> None:
    """The first of two says it; an UPDATE is never left out."""
    vector = unit(1.0, 2.0)
    drafts = [draft("Loves hiking"), draft("Loves to hike"), draft("Loves to hike", UPDATE)]
    found, rejections = without_near_duplicates(drafts, [vector] * 3, [])
    assert [each for each, _ in found] == [drafts[0], drafts[2]]
    assert rejections == [Rejection(ADD, "DUPLICATE")]


def test_candidates_are_found_by_ref() -> None:
    """A ref that looks like another one's memory id is still unknown."""
    asked: Inference = replace(ASKED, candidates=(Candidate("m1", TEA.memory, 0.1),))
    _, rejections = review(Plan((op(DELETE, target=TEA.memory.id),)), asked, KNOWN)
    assert rejections == [Rejection(DELETE, "UNKNOWN_ID")]
