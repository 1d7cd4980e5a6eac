"""Vectors at hand, and when they are read anew."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

import numpy as np
import pytest

from service.memory.errors import INDEX_UNAVAILABLE, Unavailable
from service.memory.known_vectors import MOST_AHEAD, KnownVectors, VectorsAhead
from service.memory.model import Memory, Scope, Vector
from service.memory.ports import Index

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEA, COFFEE = (Memory(name, Scope(user_id="u"), f"Likes {name}", NOW, NOW) for name in ("tea", "coffee"))


def unit(direction: int) -> Vector:
    """A vector of length 1 and 16 bytes."""
    return np.asarray(np.eye(4)[direction], dtype=np.float32)


@dataclass
class Asked:
    """An index that notes what it is asked for."""

    vectors_by_id: dict[str, Vector]
    asked: list[list[str]] = field(default_factory=list)

    async def vectors(self, _: str, memory_ids: Sequence[str]) -> Mapping[str, Vector]:
        """What it has."""
        self.asked.append(list(memory_ids))
        return {each: self.vectors_by_id[each] for each in memory_ids if each in self.vectors_by_id}


def over(index: Asked, remembered_bytes: int = 1_000) -> KnownVectors:
    """The vectors of an index."""
    return KnownVectors(cast("Index", index), remembered_bytes)


async def test_asked_once() -> None:
    """What the index gave is not asked for again; what it has not got is."""
    index = Asked({"tea": unit(0)})
    known = over(index)
    assert set(await known("p", [TEA, COFFEE], {})) == {"tea"}
    index.vectors_by_id["coffee"] = unit(1)
    assert set(await known("p", [TEA, COFFEE], {})) == {"tea", "coffee"}
    assert index.asked == [["tea", "coffee"], ["coffee"]]


async def test_another_text() -> None:
    """A memory that says something else now, whoever changed it, is read anew."""
    index = Asked({"tea": unit(0)})
    known = over(index)
    await known("p", [TEA], {})
    index.vectors_by_id["tea"] = unit(2)
    np.testing.assert_array_equal((await known("p", [replace(TEA, text="Hates tea")], {}))["tea"], unit(2))


async def test_what_is_not_indexed_yet() -> None:
    """What is on its way to the index counts, and is known once it has arrived."""
    index = Asked({"tea": unit(0)})
    known = over(index)
    await known("p", [TEA], {})
    changed = replace(TEA, text="Hates tea")
    for pending in ({"tea": unit(3)}, {}):
        np.testing.assert_array_equal((await known("p", [changed], pending))["tea"], unit(3))
    assert len(index.asked) == 1


async def test_room_is_limited() -> None:
    """Of more than there is room for, those asked for longest ago are forgotten."""
    index = Asked({"tea": unit(0), "coffee": unit(1)})
    known = over(index, unit(0).nbytes)
    for memory in (TEA, COFFEE, COFFEE, TEA):
        assert set(await known("p", [memory], {})) == {memory.id}
    assert index.asked == [["tea"], ["coffee"], ["tea"]]


async def read(ahead: VectorsAhead, memories: Sequence[Memory]) -> None:
    """Tells of memories as the ledger does: from a thread of its own, in the middle of a read."""
    await asyncio.to_thread(ahead.begin, [(memory.id, memory.text) for memory in memories])


async def test_ahead() -> None:
    """What is told of is asked for at once, and only what is not at hand; later nobody asks again."""
    index = Asked({"tea": unit(0), "coffee": unit(1)})
    known = over(index)
    await known("p", [TEA], {})
    async with known.ahead("p") as ahead:
        await read(ahead, [TEA, COFFEE])
        assert index.asked == [["tea"], ["coffee"]]
        found = await ahead([TEA, COFFEE], {})
    np.testing.assert_array_equal(found["tea"], unit(0))
    np.testing.assert_array_equal(found["coffee"], unit(1))
    assert set(await known("p", [TEA, COFFEE], {})) == {"tea", "coffee"}
    assert len(index.asked) == 2


async def test_ahead_of_what_is_not_indexed_yet() -> None:
    """What is on its way to the index counts for more than what that said; what is nowhere is left out."""
    index = Asked({"tea": unit(0)})
    known = over(index)
    changed = replace(TEA, text="Hates tea")
    for _ in range(2):
        async with known.ahead("p") as ahead:
            await read(ahead, [changed, COFFEE])
            found = await ahead([changed, COFFEE], {"tea": unit(3)})
        assert list(found) == ["tea"]
        np.testing.assert_array_equal(found["tea"], unit(3))
    assert index.asked == [["tea", "coffee"], ["coffee"]]


async def test_not_ahead() -> None:
    """Without being told, and of too many, it asks when the memories are there."""
    index = Asked({"tea": unit(0)})
    known = over(index)
    many = [replace(TEA, id=str(number)) for number in range(MOST_AHEAD)]
    async with known.ahead("p") as ahead:
        await read(ahead, [*many, TEA])
        assert not index.asked
        assert set(await ahead([TEA], {})) == {"tea"}
    assert index.asked == [["tea"]]


async def test_ahead_of_an_index_that_fails() -> None:
    """The failure is raised where the vectors are wanted, and a block that wants none ends well."""

    class Down(Asked):
        async def vectors(self, _: str, __: Sequence[str]) -> Mapping[str, Vector]:
            raise Unavailable("The index does not answer.", reason=INDEX_UNAVAILABLE)

    known = over(Down({}))
    async with known.ahead("p") as ahead:
        await read(ahead, [TEA])
    async with known.ahead("p") as ahead:
        await read(ahead, [TEA])
        with pytest.raises(Unavailable):
            await ahead([TEA], {})


async def test_told_too_late() -> None:
    """A read that goes on after its caller went away begins nothing."""
    index = Asked({"tea": unit(0)})
    known = over(index)
    async with known.ahead("p") as ahead:
        pass
    await read(ahead, [TEA])
    assert not index.asked
