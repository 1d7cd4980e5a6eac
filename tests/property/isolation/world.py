"""What each project holds, in plain Python: the model that the service is compared with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from memoryd.v1 import memory_pb2

Scope: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs of a field and an id, sorted."""

Named: TypeAlias = tuple[str, str]
"""A field and an id: an entity."""

SCOPE_FIELDS = ("agent_id", "app_id", "run_id", "user_id")
EVENTS = {memory_pb2.EVENT_ADD: "ADD", memory_pb2.EVENT_UPDATE: "UPDATE", memory_pb2.EVENT_DELETE: "DELETE"}


@dataclass(frozen=True)
class Held:
    """A memory."""

    id: str
    text: str
    scope: Scope
    metadata: str = ""
    """JSON with sorted keys."""

    def get(self, name: str) -> str | None:
        """One of its ids."""
        return dict(self.scope).get(name)


Chosen: TypeAlias = Callable[[Held], bool]


@dataclass
class Books:
    """What one project holds and held."""

    memories: dict[str, Held] = field(default_factory=dict)
    past: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """By memory: event, text before, text after."""
    adds: list[str] = field(default_factory=list)
    """The ids of requests to add."""
    exports: dict[str, dict[str, str]] = field(default_factory=dict)
    """By id: text by memory."""
    feedback: dict[str, str] = field(default_factory=dict)
    """By memory: the note's id."""
    webhooks: dict[str, str] = field(default_factory=dict)
    """By id: name."""
    members: list[str] = field(default_factory=list)
    """Addresses."""
    instructions: str = ""
    by_hand: set[Named] = field(default_factory=set)
    """Entities that were made by hand."""
    makes_profiles: bool = False
    profile_instructions: str = ""
    profiles: dict[str, dict[str, str]] = field(default_factory=dict)
    """By user: text by memory, as it was when the profile was made."""
    jobs: dict[str, int] = field(default_factory=dict)
    """By id: how many profiles were asked for."""
    keyed: str | None = None
    """Whose profile was asked for under the one key that all projects use."""

    @property
    def entities(self) -> Counter[Named]:
        """How many memories each entity has."""
        named = Counter(dict.fromkeys(self.by_hand, 0))
        named.update(pair for held in self.memories.values() for pair in held.scope)
        return named

    def chosen(self, choose: Chosen) -> dict[str, Held]:
        """The memories that a filter picks."""
        return {held.id: held for held in self.memories.values() if choose(held)}

    def happened(self, event: memory_pb2.MemoryEvent, scope: Scope, metadata: str) -> None:
        """Notes what an add says that it did, which may concern memories of its scope only."""
        known = self.memories.get(event.id)
        name = EVENTS[event.event]
        assert (known is None) == (name == "ADD"), f"{name} of a memory that is not the project's"
        if known is None:
            self._put(name, Held(event.id, event.data.memory, scope, metadata))
            return
        assert set(scope) <= set(known.scope), f"{name} of a memory of another scope"
        if name == "DELETE":
            self.delete([event.id])
        else:
            assert event.previous_memory == known.text
            merged = merge(known.metadata, metadata)
            self._put(name, replace(known, text=event.data.memory, metadata=merged))

    def update(self, memory_id: str, text: str) -> None:
        """Notes a change by hand."""
        if self.memories[memory_id].text != text:
            self._put("UPDATE", replace(self.memories[memory_id], text=text))

    def delete(self, memory_ids: Iterable[str]) -> None:
        """Notes deletions."""
        for memory_id in memory_ids:
            held = self.memories.pop(memory_id)
            self.past[memory_id].append(("DELETE", held.text, ""))
        for user in [each for each in self.profiles if not self._known_of(each)]:
            del self.profiles[user]

    def profile(self, user: str) -> None:
        """Notes that a user's profile was made; of nothing there is none."""
        if known := self._known_of(user):
            self.profiles[user] = known

    def _known_of(self, user: str) -> dict[str, str]:
        chosen = self.chosen(lambda held: held.get("user_id") == user)
        return {memory_id: held.text for memory_id, held in chosen.items()}

    def _put(self, event: str, held: Held) -> None:
        before = self.memories.get(held.id)
        self.memories[held.id] = held
        self.past.setdefault(held.id, []).append((event, before.text if before else "", held.text))


def held_from(memory: memory_pb2.Memory) -> Held:
    """A memory as the service gives it."""
    given = {field.name: value for field, value in memory.ListFields()}
    ids = tuple((name, given[name]) for name in SCOPE_FIELDS if name in given)
    return Held(memory.id, memory.memory, ids, canonical(memory.metadata))


def canonical(metadata: str) -> str:
    """JSON in one spelling."""
    return json.dumps(json.loads(metadata), sort_keys=True) if metadata else ""


def merge(before: str, after: str) -> str:
    """Metadata after an update."""
    if not after:
        return before
    both: dict[str, Any] = {**(json.loads(before) if before else {}), **json.loads(after)}
    return canonical(json.dumps(both))
