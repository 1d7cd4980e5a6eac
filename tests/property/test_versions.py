"""The past against a model: after random changes, every moment is told as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.ledger.database import Database
from service.ledger.edits import SqlEdits
from service.ledger.versions import SqlVersions
from service.memory.edit import deletion
from service.memory.errors import Violation
from service.memory.filters import ALL, Filter, parse
from service.memory.filters.grammar import OneOf
from service.memory.model import Change, Event, Memory
from service.memory.versions import Past, Version
from tests.ledgers import NOW, URLS, commit, migrated, new_project
from tests.property.filter_strategies import filters, memories
from tests.property.reference_filter import matches

KEY = "00000000-0000-4000-8000-00000000000a"
LONGEST = 500


@dataclass
class Model:
    """What was current at each moment, in plain Python."""

    now: dict[str, Memory] = field(default_factory=dict)
    moments: list[tuple[datetime, dict[str, Memory]]] = field(default_factory=list)
    ended: int = 0
    """How many versions have ended."""

    def note(self, at: datetime) -> None:
        """Keeps the present as what was current from this moment on."""
        self.moments.append((at, dict(self.now)))


Step = tuple[str, int, Memory]
"""What to do, to which of the memories, and what they shall say."""

steps = st.tuples(
    st.sampled_from(["add", "add", "update", "update", "delete", "edit", "remove", "remove all"]),
    st.integers(0, 20),
    memories(),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Step], list[dict[str, Any]]]:
    """Steps, and filters that look at what they wrote."""
    taken = draw(st.lists(steps, min_size=4, max_size=14))
    asked = filters([memory for _, _, memory in taken])
    return taken, draw(st.lists(asked, min_size=4, max_size=4))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("server", "examples"), [("sqlite", 60), ("postgresql", 15)])
def test_every_moment_is_told_as_it_was(server: str, examples: int, tmp_path: Path) -> None:
    """A list as of any moment holds what the model held then, whole and through filters."""
    selective = 0

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(cases())
    def agree(case: tuple[list[Step], list[dict[str, Any]]]) -> None:
        nonlocal selective
        selective += asyncio.run(_compare(database, *case))

    with URLS[server](tmp_path) as url, migrated(url) as database:
        agree()
    assert selective >= examples  # else most filters could not tell right from wrong


async def _compare(database: Database, taken: Sequence[Step], asked: Sequence[dict[str, Any]]) -> int:
    """Takes the steps, and says how many filters picked some of a moment and not all."""
    project_id, model, selective = await new_project(database), Model(), 0
    for number, step in enumerate(taken):
        at = NOW + timedelta(seconds=number)
        await _take(database, project_id, model, step, at)
        model.note(at)
    for at, held in model.moments:
        # A version is current from its first moment, and until just before the next one's.
        for moment in (at, at + timedelta(seconds=1) - timedelta(microseconds=1)):
            found = await _read(database, project_id, ALL, Past(moment))
            assert {version.memory.id: version.memory for version in found} == held
            assert len(found) == len(held)
            assert all(version.valid_from <= moment for version in found)
            assert all(version.valid_to is None or version.valid_to > moment for version in found)
    for filter_ in asked:
        for at, held in model.moments:
            expected = {memory.id for memory in held.values() if matches(filter_, memory)}
            found = await _read(database, project_id, _parsed(filter_), Past(at))
            assert {version.memory.id for version in found} == expected, filter_
            selective += 0 < len(expected) < len(held)
    everything = await _read(database, project_id, ALL, Past(include_superseded=True))
    assert len(everything) == len(model.now) + model.ended
    assert await _read(database, project_id, ALL, Past(NOW - timedelta(seconds=1))) == []
    return selective


async def _read(database: Database, project_id: str, filter_: Filter, past: Past) -> Sequence[Version]:
    page = await SqlVersions(database).versions(project_id, filter_, past, offset=0, limit=LONGEST, on=None)
    assert page.total == len(page.versions)
    return page.versions


async def _take(database: Database, project_id: str, model: Model, step: Step, at: datetime) -> None:
    name, place, new = step
    if name == "add" or not model.now:
        model.now[new.id] = new
        await commit(database, project_id, [Change(Event.ADD, None, new)], at)
        return
    known = list(model.now.values())[place % len(model.now)]
    if name in {"update", "edit"}:
        changed = replace(new, id=known.id, scope=known.scope)
        model.now[known.id] = changed
        model.ended += 1
        await _update(database, project_id, known, changed, at, by_hand=name == "edit")
        return
    gone = [known]
    if name == "remove all":
        gone = [memory for memory in model.now.values() if memory.scope.subject == known.scope.subject]
    for memory in gone:
        del model.now[memory.id]
    model.ended += len(gone)
    if name == "delete":
        await commit(database, project_id, [Change(Event.DELETE, known, None)], at)
    elif name == "remove":
        await SqlEdits(database).edit(project_id, [known.id], deletion, KEY, at)
    else:
        ids = OneOf("id", tuple(memory.id for memory in gone))
        assert await SqlEdits(database).delete_matching(project_id, ids, KEY, at) == len(gone)


async def _update(
    database: Database, project_id: str, known: Memory, changed: Memory, at: datetime, *, by_hand: bool
) -> None:
    change = Change(Event.UPDATE, known, changed)
    if not by_hand:
        await commit(database, project_id, [change], at)
        return
    decide: Callable[[Memory], Change] = lambda _: change  # noqa: E731
    await SqlEdits(database).edit(project_id, [known.id], decide, KEY, at)


def _parsed(filter_: dict[str, Any]) -> Filter:
    violations: list[Violation] = []
    read = parse(filter_, violations)
    assert violations == []
    return read
