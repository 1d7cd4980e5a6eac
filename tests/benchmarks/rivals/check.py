"""Does each rival do here what it does for its users, and what does it cost?

    python -m tests.benchmarks.rivals.check --quick

For each release: preloads, adds texts of three facts, checks what is stored, searches, and prints a table.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.model_answers import facts
from tests.benchmarks.model_server import ModelServer
from tests.benchmarks.preloaded import text
from tests.benchmarks.rivals.client import Rival
from tests.benchmarks.rivals.environments import VERSIONS, Version
from tests.benchmarks.rivals.preload import A_USER, copy_preloaded, opened, payload
from tests.benchmarks.rivals.server import COLLECTION

ADDS = 5
FACTS = 3
USER = "user-7"
"""Who has a hundred memories already, so that prompts show candidates."""


@dataclass(frozen=True)
class Seen:
    """What one release did with one size of collection."""

    version: Version
    memories: int
    start_seconds: float
    add_ms: float
    search_ms: float
    calls: float
    prompt_characters: float
    resident_mib: float


def main() -> None:
    """Looks at every release, and prints what it saw."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.rivals.check", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 memories, in place of 10,000 and 50,000")
    sizes = [1_000] if parser.parse_args().quick else [10_000, 50_000]
    with ModelServer() as model:
        _show([_look(version, memories, model) for version in VERSIONS for memories in sizes])


def _look(version: Version, memories: int, model: ModelServer) -> Seen:
    with tempfile.TemporaryDirectory() as directory:
        data_dir = Path(directory) / "data"
        copy_preloaded(version, memories, data_dir)
        started = time.perf_counter()
        with Rival(version, data_dir, model.url, callers=1) as rival:
            start_seconds = time.perf_counter() - started
            assert rival.count() == memories
            assert rival.count(USER) == A_USER
            rival.add("warm-up", _said(0))
            model.reset()
            add_ms = _median_ms([lambda n=n: _add(rival, n) for n in range(ADDS)])  # type: ignore[misc]
            added = rival.count(USER) - A_USER
            assert added == ADDS * FACTS, f"{added} memories added\n{rival.log}"
            search_ms = _median_ms([lambda n=n: _search(rival, n) for n in range(20)])  # type: ignore[misc]
            [wanted, *_] = facts(_said(3))
            found = {each.memory for each in rival.search(USER, wanted)}
            assert wanted in found, found
            counted = model.counts()[f"mem0ai-{version}"]
            resident = rival.resident() / 2**20
        _check_payloads(version, data_dir)
        return Seen(
            version,
            memories,
            start_seconds,
            add_ms,
            search_ms,
            counted.calls / ADDS,
            counted.prompt_characters / ADDS,
            resident,
        )


def _add(rival: Rival, number: int) -> None:
    results = rival.add(USER, _said(number))
    assert [each.event for each in results if each.event != "NONE"] == ["ADD"] * FACTS, results


def _search(rival: Rival, number: int) -> None:
    assert len(rival.search(f"user-{number % 10}", f"who likes trains, note {number}?")) == 10


def _said(number: int) -> str:
    return (
        f"Visited town {number} by train. Bought a map of region {number}. Met a baker called Ana {number}."
    )


def _check_payloads(version: Version, data_dir: Path) -> None:
    """What was preloaded has the keys of what mem0ai wrote, and its place in the same collection."""
    with opened(data_dir / "chroma") as client:
        collection = client.get_collection(COLLECTION)
        [written] = collection.get(where={"data": facts(_said(0))[0]}, limit=1)["metadatas"] or [{}]
    expected = payload(version, "user-0", text(0, 0), 0)
    assert set(written) == set(expected), f"mem0ai {version} writes {sorted(written)}"


def _median_ms(calls: list[Callable[[], None]]) -> float:
    times = []
    for call in calls:
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def _show(seen: list[Seen]) -> None:
    table = Table(
        *("mem0ai", "memories", "start s", "add p50 ms", "search p50 ms"),
        *("calls an add", "prompt characters an add", "resident MiB"),
    )
    for each in seen:
        table.add_row(
            each.version,
            f"{each.memories:,}",
            f"{each.start_seconds:.1f}",
            f"{each.add_ms:.0f}",
            f"{each.search_ms:.1f}",
            f"{each.calls:g}",
            f"{each.prompt_characters:,.0f}",
            f"{each.resident_mib:.0f}",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
