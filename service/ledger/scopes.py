"""The memories of a scope, read once for as long as nobody changes them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from service.memory.model import Change, Event, Memory, Scope

REMEMBERED = 20_000
"""Memories that are kept at hand, about 12 MB. Reading a hundred anew costs more than an add's other SQL."""

_Key: TypeAlias = tuple[str, Scope]


@dataclass(frozen=True, slots=True)
class _Read:
    version: int
    """Of the subject: every transaction that changes a memory of it counts it up."""
    memories: Sequence[Memory]


class RememberedScopes:
    """What scopes held at a version of their subject: right for whoever finds that version in the ledger.

    Thread-safe. Other processes may write what they like: the version tells.

    Args:
        most: how many memories are kept; the scopes asked for longest ago go first.
    """

    def __init__(self, most: int = REMEMBERED) -> None:
        self._left = most
        self._reads: OrderedDict[_Key, _Read] = OrderedDict()
        self._lock = threading.Lock()

    def holds(self, project_id: str, scope: Scope) -> bool:
        """Whether it may be at hand, at some version."""
        return (project_id, scope) in self._reads

    def recall(self, project_id: str, scope: Scope, version: int) -> Sequence[Memory] | None:
        """The memories of the scope at that version of its subject, oldest first; None: read them."""
        with self._lock:
            known = self._reads.get((project_id, scope))
            if known is None:
                return None
            if known.version != version:
                del self._reads[project_id, scope]
                self._left += len(known.memories)
                return None
            self._reads.move_to_end((project_id, scope))
            return known.memories

    def keep(self, project_id: str, scope: Scope, version: int, memories: Sequence[Memory]) -> None:
        """Keeps what was read in one moment with the version; 0 is that of a subject not there yet."""
        if version:
            self._put((project_id, scope), _Read(version, memories))

    def committed(
        self, project_id: str, scope: Scope, version: int, changes: Sequence[Change], new_version: int
    ) -> None:
        """Keeps what a commit made of the memories that it had read at `version`."""
        known = self.recall(project_id, scope, version)
        if known is not None:
            self.keep(project_id, scope, new_version, changed(known, changes))

    def forget(self) -> None:
        """Keeps nothing any more: what was erased must not stay here."""
        with self._lock:
            self._left += sum(len(read.memories) for read in self._reads.values())
            self._reads.clear()

    def _put(self, key: _Key, read: _Read) -> None:
        with self._lock:
            before = self._reads.pop(key, None)
            self._left += len(before.memories) if before else 0
            self._reads[key] = read
            self._left -= len(read.memories)
            while self._left < 0:
                _, oldest = self._reads.popitem(last=False)
                self._left += len(oldest.memories)


def changed(memories: Sequence[Memory], changes: Sequence[Change]) -> Sequence[Memory]:
    """The memories after some changes, in the ledger's order: updates keep their place, the new come last."""
    after = {memory.id: memory for memory in memories}
    for change in changes:
        if change.event is Event.DELETE:
            after.pop(change.memory.id, None)
        else:
            after[change.memory.id] = change.memory
    return list(after.values())
