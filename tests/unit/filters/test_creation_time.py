"""How old a memory is, which `created_at` and `timestamp` filter by."""

from __future__ import annotations

from datetime import UTC, datetime

from service.memory.infer import new_memory
from service.memory.model import AddRequest, Scope

NOW = datetime(2024, 3, 1, tzinfo=UTC)
SAID = datetime(2023, 1, 1, tzinfo=UTC)


def test_a_memory_is_as_old_as_what_was_said() -> None:
    """The time that a request gives becomes the creation time; the update time is that of writing."""
    memory = new_memory(AddRequest((), Scope("u"), said_at=SAID), "Text", NOW)
    assert (memory.created_at, memory.updated_at) == (SAID, NOW)


def test_without_a_time_it_is_of_now() -> None:
    """A request without a time makes memories of now."""
    assert new_memory(AddRequest((), Scope("u")), "Text", NOW).created_at == NOW
