"""Takes times: of one call after the other in turn with others, and of many callers at once."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

FACTS = 3

_numbers = itertools.count()


def new_text() -> str:
    """A message of three facts that nobody has said before."""
    number = next(_numbers)
    return f"Visited town {number} by train. Bought map {number} of a coast. Met a baker called Ana {number}."


@dataclass(frozen=True)
class Spread:
    """Of several measurements, in the unit of whoever took them."""

    median: float
    low: float
    """The tenth percentile."""
    high: float
    """The ninetieth."""
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of these."""
        low, median, high = (float(each) for each in np.quantile(values, (0.1, 0.5, 0.9)))
        return cls(median, low, high, len(values))

    def __str__(self) -> str:
        return f"{self.median:.1f} ({self.low:.1f} to {self.high:.1f})"


def in_turn(
    calls: Mapping[str, Callable[[int], object]], rounds: int, warm_up: int = 3
) -> Mapping[str, list[float]]:
    """Milliseconds of each call, all called once a round, so that a slow moment hits them all.

    Each round has an order of its own: what a system still does after its answer keeps the next one waiting.

    Args:
        calls: by name; each is given the round's number.
        rounds: how often each is called and counted.
        warm_up: rounds that do not count.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    order = random.Random(1)
    for number in range(rounds + warm_up):
        for name, call in order.sample(list(calls.items()), len(calls)):
            started = time.perf_counter()
            call(number)
            took = (time.perf_counter() - started) * 1000
            if number >= warm_up:
                times[name].append(took)
    return times


WARM_UP_SECONDS = 1.0


@dataclass(frozen=True)
class Load:
    """What many callers got done."""

    done: int
    """All calls, from the first to the last."""
    rate: float
    """Calls a second once all were under way, and before any caller stopped."""


def under_load(call: Callable[[int], object], callers: int, seconds: float) -> Load:
    """Calls from several threads for so long, and lets them finish what they have begun.

    The rate is that of the calls that ended between `WARM_UP_SECONDS` and `seconds`, while all callers were
    at work, from the first of them to the last: over the whole time half a call of each would be missing in
    the end, 3 % of fifteen. Callers begin one after the other within `WARM_UP_SECONDS`. If they began at
    once, those that wait for the same slow thing would end in step, and a step more or less would count.

    Args:
        call: given the caller's number.
        callers: how many threads call, each one thing after the other.
        seconds: when no more is begun.
    """
    begun = time.perf_counter()
    ended: list[float] = []

    def run(caller: int) -> int:
        time.sleep(caller / callers * WARM_UP_SECONDS)
        done = 0
        while time.perf_counter() - begun < seconds:
            call(caller)
            ended.append(time.perf_counter() - begun)
            done += 1
        return done

    done = sum(together(run, callers))
    counted = sorted(each for each in ended if WARM_UP_SECONDS <= each < seconds)
    return Load(done, (len(counted) - 1) / (counted[-1] - counted[0]))


def together(run: Callable[[int], int], callers: int) -> list[int]:
    """Runs it in several threads at once, each given its number, and gives what they came to."""
    with ThreadPoolExecutor(callers) as threads:
        return list(threads.map(run, range(callers)))
