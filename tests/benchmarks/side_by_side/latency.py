"""How long one caller waits for an add and for a search, and how that grows with what is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

from tests.benchmarks.model_server import ModelServer
from tests.benchmarks.preload import A_USER
from tests.benchmarks.rivals.environments import VERSIONS
from tests.benchmarks.side_by_side.measure import FACTS, Spread, in_turn, new_text
from tests.benchmarks.side_by_side.systems import (
    OverGrpc,
    OverRest,
    System,
    our_processes,
    their_process,
)

SLOW_MODEL_MS = 500

Key: TypeAlias = tuple[str, int]
"""A system's name and how many memories it holds."""


def latencies(
    directory: Path,
    model: ModelServer,
    sizes: Sequence[int],
    our_sizes: Sequence[int],
    rounds: int,
    slow_rounds: int,
) -> dict[str, Any]:
    """Measures every system at every size, all in turn.

    Args:
        directory: for their data.
        model: what they ask.
        sizes: how many memories are stored, of all systems; with none an add is measured, and no search.
        our_sizes: further sizes, of memoryd alone.
        rounds: searches, and half as many as there are adds, without a delay of the model.
        slow_rounds: adds with one.
    """
    with ExitStack() as stack:
        systems: dict[Key, System] = {}
        for size in (*sizes, *our_sizes):
            ours = stack.enter_context(our_processes(directory / f"memoryd-{size}", size, model.url))
            for face in (OverGrpc(ours), OverRest(ours)):
                systems[face.name, size] = face
        for version in VERSIONS:
            for size in sizes:
                home = directory / f"{version}-{size}"
                theirs = stack.enter_context(their_process(home, version, size, model.url, callers=1))
                systems[theirs.name, size] = theirs
        filled = {key: system for key, system in systems.items() if key[1]}
        searches = in_turn(_each(filled, _search), rounds)
        again = in_turn(_each(filled, _search_again), rounds)
        model.set_delay(0)
        adds = in_turn(_each(systems, _add), 2 * rounds)
        _check_stored(systems, 2 * rounds + 3)
        model.set_delay(SLOW_MODEL_MS)
        smallest = min(size for _, size in filled)
        slow = in_turn(_each(_of_size(systems, smallest), _add), slow_rounds, warm_up=1)
        model.set_delay(0)
    return {
        "search": _spreads(searches),
        "search_of_a_user_searched_before": _spreads(again),
        "add": _spreads(adds),
        "add_over_the_models_time": _spreads(
            {name: [each - SLOW_MODEL_MS for each in times] for name, times in slow.items()}
        ),
    }


def _each(
    systems: Mapping[Key, System], call: Callable[[System, int, int], object]
) -> Mapping[str, Callable[[int], object]]:
    def bound(system: System, size: int) -> Callable[[int], object]:
        return lambda number: call(system, size, number)

    return {f"{name}@{size}": bound(system, size) for (name, size), system in systems.items()}


def _of_size(systems: Mapping[Key, System], size: int) -> Mapping[Key, System]:
    return {key: system for key, system in systems.items() if key[1] == size}


def _user(system: System, size: int, number: int) -> str:
    """Another one each time, so that a large collection is not measured by the part of it that is warm.

    The two faces of one memoryd ask for different users: neither warms the other's.
    """
    pair = number * 7 % (size // A_USER // 2) if size else number
    return f"user-{2 * pair + system.name.endswith('REST')}"


def _add(system: System, size: int, number: int) -> None:
    system.add(_user(system, size, number), new_text())


def _search(system: System, size: int, number: int) -> None:
    _find(system, _user(system, size, number), f"who likes trains, note {number}?")


def _search_again(system: System, size: int, number: int) -> None:
    _find(system, _user(system, size, 0), f"who likes gardens, note {number}?")


def _find(system: System, user: str, query: str) -> None:
    found = system.search(user, query)
    if len(found) != 10:
        raise AssertionError(f"{system.name} found {len(found)} memories")


def _check_stored(systems: Mapping[Key, System], adds: int) -> None:
    """A fast wrong answer is wrong: every fact of every message is there, once."""
    for (name, size), system in systems.items():
        users = {_user(system, size, number) for number in range(adds)}
        before = A_USER * len(users) if size else 0
        stored = sum(system.count(user) for user in users) - before
        if stored != FACTS * adds:
            raise AssertionError(f"{name} at {size}: {stored} facts stored in place of {FACTS * adds}")


def _spreads(times: Mapping[str, Sequence[float]]) -> dict[str, Spread]:
    return {name: Spread.of(values) for name, values in times.items()}
