"""Checks what a reasoner proposed against what is known (design: "An add", step 4).

A model's plan is input like any other. Each operation is carried out as proposed, carried out more safely
than proposed, or dropped; the last two are reported as rejections, so that nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from service.memory import evidence as evidences
from service.memory.model import (
    Candidate,
    Event,
    Evidence,
    Inference,
    Memory,
    Operation,
    Plan,
    Rejection,
    Vector,
    Vectors,
    fingerprint,
)
from service.memory.topics import concerns, stem

LONGEST_TEXT = 4096
"""Code points that one fact may have. A longer one is no fact but a transcript."""

NEAR_IDENTICAL = 0.95
"""Cosine from which two texts of the same words say the same.

The vector alone decides nothing: "Has 2 kids" and "Has 3 kids" are as near as two rewordings of one fact.
"""

_FUNCTION_WORDS = frozenset(
    ("a", "an", "the", "is", "are", "was", "of", "in", "at", "on", "to", "and", "has", "have")
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked operation: what to do to which memory, on which words."""

    event: Event
    text: str
    target: Memory | None = None
    evidence: Evidence | None = None
    categories: tuple[str, ...] = ()


@dataclass(slots=True)
class _Review:
    """What has been decided so far."""

    inference: Inference
    known: dict[str, str | None]
    """What the scope will say after the drafts so far: fingerprint to memory id, None for a new memory."""
    drafts: list[Draft] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)

    def reject(self, event: Event, reason: str, carried_out_as: Event | None = None) -> None:
        self.rejections.append(Rejection(event, reason, carried_out_as))


def review(plan: Plan, inference: Inference, known: Iterable[Memory]) -> tuple[list[Draft], list[Rejection]]:
    """Decides on every operation of a plan, in order.

    Args:
        plan: what the reasoner proposed.
        inference: what it was given.
        known: all current memories of the scope, for an identical fact is kept once.
    """
    state = _Review(inference, {fingerprint(memory.text): memory.id for memory in known})
    offered = {candidate.ref: candidate for candidate in inference.candidates}
    for operation in plan.operations:
        _decide(operation, offered, state)
    return state.drafts, state.rejections


def without_near_duplicates(
    drafts: Sequence[Draft], vectors: Sequence[Vector], known: Sequence[tuple[Memory, Vector]]
) -> tuple[list[tuple[Draft, Vector]], list[Rejection]]:
    """Leaves out additions that say what a memory, or an earlier draft, already says in other words.

    Args:
        drafts: additions and updates.
        vectors: the embedding of each draft's text.
        known: memories of the scope that the drafts do not change, with their vectors.
    """
    kept: list[tuple[Draft, Vector]] = []
    rejections: list[Rejection] = []
    alike = _texts_alike([(memory.text, other) for memory, other in known], vectors)
    for draft, vector, said_already in zip(drafts, vectors, alike, strict=True):
        [said_now] = _texts_alike([(each.text, other) for each, other in kept], [vector])
        if draft.event is Event.ADD and any(
            _same_words(draft.text, each) for each in said_already + said_now
        ):
            rejections.append(Rejection(draft.event, "DUPLICATE"))
        else:
            kept.append((draft, vector))
    return kept, rejections


def without_excluded(
    drafts: Sequence[tuple[Draft, Vector]], excludes: str, terms: Vectors
) -> tuple[list[tuple[Draft, Vector]], list[Rejection]]:
    """Leaves out what `excludes` names, whatever the reasoner thought of it.

    Args:
        drafts: additions and updates, each with its text's embedding.
        excludes: what never to keep.
        terms: the embeddings of its `topic_terms`, shape (terms, dimensions).
    """
    allowed = [
        (draft, vector) for draft, vector in drafts if not concerns(draft.text, vector, excludes, terms)
    ]
    kept = {id(draft) for draft, _ in allowed}
    return allowed, [Rejection(draft.event, "EXCLUDED") for draft, _ in drafts if id(draft) not in kept]


def _decide(operation: Operation, offered: dict[str, Candidate], state: _Review) -> None:
    candidate = offered.get(operation.target or "")
    found = evidences.locate(operation.quote or "", operation.message_index, state.inference)
    if operation.event is Event.DELETE:
        _decide_delete(operation, candidate, found, state)
        return
    unfit = _unfit(operation, found, state.inference)
    if unfit:
        state.reject(operation.event, unfit)
        return
    draft = Draft(Event.ADD, operation.text.strip(), None, found, _offered_categories(operation, state))
    if operation.event is Event.UPDATE:
        obstacle = _obstacle_to_update(candidate, found, state)
        if obstacle is None and candidate is not None:
            draft = replace(draft, event=Event.UPDATE, target=candidate.memory)
        elif obstacle:
            state.reject(operation.event, obstacle, Event.ADD)
    elif found is None:
        state.reject(operation.event, "QUOTE_NOT_FOUND", Event.ADD)
    _keep(draft, state)


def _decide_delete(
    operation: Operation, candidate: Candidate | None, found: Evidence | None, state: _Review
) -> None:
    if candidate is None:
        state.reject(operation.event, "UNKNOWN_ID")
    elif found is None:
        state.reject(operation.event, "QUOTE_NOT_FOUND")
    elif candidate.memory.immutable:
        state.reject(operation.event, "IMMUTABLE")
    elif candidate.memory.id in state.touched:
        state.reject(operation.event, "ALREADY_CHANGED")
    else:
        _forget(candidate.memory, found, state)


def _unfit(operation: Operation, found: Evidence | None, inference: Inference) -> str | None:
    """Why the text cannot be stored at all."""
    text = operation.text.strip()
    if not text:
        return "EMPTY_TEXT"
    if len(text) > LONGEST_TEXT:
        return "TEXT_TOO_LONG"
    if "\0" in text or not _encodable(text):
        return "TEXT_NOT_STORABLE"
    quote = operation.quote or ""
    if found is None and evidences.said_by_others(quote, inference.messages, inference.about):
        return "WRONG_SPEAKER"
    return None


def _obstacle_to_update(candidate: Candidate | None, found: Evidence | None, state: _Review) -> str | None:
    """Why the known memory must stay as it is; the new fact is then kept beside it."""
    if candidate is None:
        return "UNKNOWN_ID"
    if candidate.memory.immutable:
        return "IMMUTABLE"
    if found is None:
        return "QUOTE_NOT_FOUND"
    return "ALREADY_CHANGED" if candidate.memory.id in state.touched else None


def _keep(draft: Draft, state: _Review) -> None:
    mark = fingerprint(draft.text)
    is_known = mark in state.known
    if draft.target is None:
        if is_known:
            state.reject(draft.event, "DUPLICATE")
            return
    elif is_known and state.known[mark] != draft.target.id:
        # The new fact is known already, so all that is left to do is to drop the old one.
        state.reject(draft.event, "DUPLICATE", Event.DELETE)
        _forget(draft.target, draft.evidence, state)
        return
    elif draft.text == draft.target.text:
        return
    else:
        state.known.pop(fingerprint(draft.target.text), None)
        state.touched.add(draft.target.id)
    state.known[mark] = None if draft.target is None else draft.target.id
    state.drafts.append(draft)


def _forget(memory: Memory, found: Evidence | None, state: _Review) -> None:
    state.known.pop(fingerprint(memory.text), None)
    state.touched.add(memory.id)
    state.drafts.append(Draft(Event.DELETE, memory.text, memory, found, memory.categories))


def _offered_categories(operation: Operation, state: _Review) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(name for name in operation.categories if name in state.inference.policy.categories)
    )


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _texts_alike(known: Sequence[tuple[str, Vector]], vectors: Sequence[Vector]) -> list[list[str]]:
    """Of each vector, the known texts whose vectors are all but identical with it."""
    if not known or not len(vectors):
        return [[] for _ in vectors]
    cosines = np.einsum("vd,kd->vk", np.stack(vectors), np.stack([vector for _, vector in known]))
    return [[known[place][0] for place in np.flatnonzero(row >= NEAR_IDENTICAL).tolist()] for row in cosines]


def _same_words(text: str, other: str) -> bool:
    """Whether two texts differ in nothing but order, function words and the endings of words."""
    return _stems(text) == _stems(other)


def _stems(text: str) -> frozenset[str]:
    words = (word.strip(".,;:!?\"'()") for word in text.casefold().split())
    return frozenset(stem(word) for word in words if word and word not in _FUNCTION_WORDS)
