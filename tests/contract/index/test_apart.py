"""An embedded Chroma in a process of its own: what it says, and what happens when a process ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from service.index.apart import IndexApart, IndexProcess
from service.memory.errors import Unavailable
from service.memory.model import Scope
from service.memory.ports import IndexEntry
from tests.contract.index.conftest import DIMENSIONS, MODEL
from tests.contract.index.test_index import ALICE, entries, random_units, unit


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[IndexApart]:
    """An index in a fresh directory."""
    opened = IndexApart(await IndexProcess.begin(tmp_path / "chroma"), MODEL, DIMENSIONS)
    yield opened
    await opened.close()


@pytest.fixture
def project() -> str:
    """A project that nobody has used yet."""
    return str(uuid.uuid4())


def process_of(index: IndexApart) -> int:
    """The id of the other process."""
    return index._other.pid


async def test_says_what_the_index_says(index: IndexApart, project: str) -> None:
    """Everything the port has goes there and comes back."""
    await index.ping()
    assert await index.vectors(project, ["m0"]) == {}
    vectors = random_units(3)
    await index.write(project, [*entries(vectors), IndexEntry("b", Scope("bob"), unit(1))], [])
    await index.write(project, [], ["m1"])
    found = await index.vectors(project, ["m2", "m1", "m0", "missing"])
    assert set(found) == {"m0", "m2"}
    np.testing.assert_allclose(found["m2"], vectors[2], atol=1e-6)
    [(nearest, similarity), _] = await index.nearest(project, ALICE, vectors[:1], 2)
    assert nearest == "m0"
    assert similarity == pytest.approx(1, abs=1e-5)
    await index.wipe(project)
    assert set(await index.vectors(project, ["m0", "b"])) == {"m0", "b"}
    await index.drop(project)
    assert await index.vectors(project, ["m0"]) == {}


async def test_errors_come_back(index: IndexApart, project: str) -> None:
    """What is raised there is raised here, and the other process goes on."""
    await index.write(project, entries(random_units(1)), [])
    with pytest.raises(ValueError, match="dimensions"):
        await index.nearest(project, ALICE, np.ones((1, 3), np.float32), 1)
    longer = IndexApart(index._other, MODEL, 2 * DIMENSIONS)
    with pytest.raises(Unavailable) as caught:
        await longer.vectors(project, ["m0"])
    assert caught.value.reason == "INDEX_INCOMPATIBLE"
    assert "Build the index anew" in caught.value.text
    assert set(await index.vectors(project, ["m0"])) == {"m0"}


async def test_nobody_waits_for_a_write(index: IndexApart, project: str) -> None:
    """The loop goes on while Chroma writes for a long time, and so do others who ask."""
    vectors = random_units(3_000)
    writing = asyncio.create_task(index.write(project, entries(vectors), []))
    ticks = 0
    while not writing.done():
        await asyncio.sleep(0.002)
        ticks += 1
    await writing
    # In one process it would be the writes themselves, of which there are three.
    assert ticks > 20


async def test_killed_at_work(index: IndexApart, project: str) -> None:
    """Who waits for a process that ends hears of it; the next call starts another, which knows the same."""
    await index.write(project, entries(random_units(2)), [])
    before = process_of(index)
    reading = [asyncio.create_task(index.write(project, entries(random_units(900)), [])) for _ in range(3)]
    await asyncio.sleep(0.05)
    os.kill(before, signal.SIGKILL)
    for outcome in await asyncio.gather(*reading, return_exceptions=True):
        assert isinstance(outcome, Unavailable)
        assert outcome.reason == "INDEX_UNAVAILABLE"
    found = await asyncio.gather(*(index.vectors(project, ["m0", "m1"]) for _ in range(3)))
    assert [set(each) for each in found] == [{"m0", "m1"}] * 3
    assert process_of(index) != before


async def test_signals_are_for_the_parent(index: IndexApart, project: str) -> None:
    """It lasts as long as who asks, whatever a terminal or a unit sends to all of its processes."""
    await index.ping()
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(process_of(index), number)
    await index.write(project, entries(random_units(1)), [])
    assert set(await index.vectors(project, ["m0"])) == {"m0"}


def test_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """A parent that cannot say goodbye leaves nobody behind."""
    program = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from service.index.apart import IndexApart, IndexProcess

        async def main():
            index = IndexApart(await IndexProcess.begin(Path(sys.argv[1])), "m", 8)
            await index.ping()
            print(index._other.pid, flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "chroma")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        if not Path(f"/proc/{child}").exists():
            return
        time.sleep(0.1)
    raise AssertionError("it is still there")
