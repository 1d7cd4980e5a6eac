"""What the tests give a reasoner to think about."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from service.memory.model import Candidate, Inference, Memory, Message, Policy, Role, Scope

SAID_AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)

CATEGORIES = {
    "personal_details": "name, age, birthday, where somebody lives, contact details",
    "family": "parents, children, siblings, partners and other relatives",
    "professional_details": "job, employer, career, skills and education",
    "sports": "sports that somebody does or follows, training, teams",
    "travel": "journeys, places visited or wished for, how somebody travels",
    "food": "dishes, diets, allergies, restaurants and cooking",
    "music": "artists, genres, instruments and concerts",
    "health": "illnesses, medication, fitness, sleep and wellbeing",
    "technology": "devices, software, programming and tools",
    "hobbies": "what somebody does in their free time",
    "fashion": "clothes, shoes, brands, sizes and style",
    "entertainment": "films, series, books and games",
    "milestones": "weddings, births, moves, graduations and other great events",
    "user_preferences": "how somebody likes things to be done",
    "misc": "whatever fits nowhere else",
}


def known(ref: str, text: str) -> Candidate:
    """A candidate under that ref."""
    memory = Memory(str(uuid.uuid4()), Scope(user_id="alex"), text, SAID_AT, SAID_AT)
    return Candidate(ref, memory, 0.5)


def inference(
    *said: str | Message,
    candidates: tuple[Candidate, ...] = (),
    policy: Policy | None = None,
    about: Role = Role.USER,
    context: tuple[Message, ...] = (),
) -> Inference:
    """Messages of the user, unless they are messages already."""
    messages = tuple(Message(Role.USER, each) if isinstance(each, str) else each for each in said)
    return Inference(
        messages=messages,
        candidates=candidates,
        policy=policy or Policy(CATEGORIES),
        about=about,
        said_at=SAID_AT,
        context=context,
    )
