"""One call of the reasoner, with candidates made of texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from service.inference.rules import RulesReasoner
from service.memory.model import Candidate, Inference, Memory, Message, Operation, Policy, Role, Scope
from service.memory.ports import Deadline

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def candidates(known: Sequence[str]) -> tuple[Candidate, ...]:
    """Memories of one scope as candidates m1, m2 and so on."""
    scope = Scope(user_id="alex")
    return tuple(
        Candidate(f"m{number}", Memory(str(number), scope, text, NOW, NOW), 1.0)
        for number, text in enumerate(known, start=1)
    )


async def plan(
    reasoner: RulesReasoner,
    messages: Sequence[Message],
    known: Sequence[str] = (),
    *,
    about: Role = Role.USER,
    categories: Mapping[str, str] | None = None,
    includes: str | None = None,
    excludes: str | None = None,
    seconds: float = 60,
) -> tuple[Operation, ...]:
    """The operations that the reasoner proposes; known memories are offered as m1, m2 and so on."""
    policy = Policy(categories or {}, includes, excludes)
    inference = Inference(tuple(messages), candidates(known), policy, about, NOW)
    return (await reasoner.plan(inference, Deadline.after(seconds))).operations
