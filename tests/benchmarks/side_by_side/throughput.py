"""How much is done with many callers, whether it is done right, and what it costs."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.model_server import ModelServer
from tests.benchmarks.rivals.environments import VERSIONS, Version
from tests.benchmarks.side_by_side.measure import FACTS, Load, new_text, together, under_load
from tests.benchmarks.side_by_side.systems import Ours, OverGrpc, System, our_processes, their_process

MEMORIES = 10_000
AT_ONCE = 8

STAGES = (
    # name, callers, the model's delay in ms, whether mem0ai takes part
    ("8 callers, no model delay", 8, 0, True),
    ("8 callers, 500 ms model", 8, 500, True),
    ("32 callers, 500 ms model", 32, 500, True),
    ("64 callers, 500 ms model", 64, 500, False),
)


def throughputs(directory: Path, model: ModelServer, seconds: float, rounds: int) -> dict[str, Any]:
    """Measures the systems one after the other, several times over.

    Args:
        directory: for their data.
        model: what they ask.
        seconds: how long each stage takes.
        rounds: how often all is repeated.
    """
    opened: dict[str, Callable[[Path], AbstractContextManager[System]]] = {
        "memoryd gRPC": lambda home: _ours(home, model),
        **{f"mem0ai {version}": _theirs(version, model) for version in VERSIONS},
    }
    rates: dict[str, dict[str, list[float]]] = {stage: {} for stage, *_ in STAGES}
    stored: dict[str, list[int]] = {}
    prompts: dict[str, Any] = {}
    lags: list[float] = []
    for number in range(rounds):
        for name, start in opened.items():
            home = directory / f"{name.replace(' ', '-')}-{number}"
            with start(home) as system:
                model.reset()
                for stage, callers, delay_ms, everybody in STAGES:
                    if everybody or name.startswith("memoryd"):
                        load = _stage(system, model, callers, delay_ms, seconds)
                        rates[stage].setdefault(name, []).append(load.rate)
                stored.setdefault(name, []).append(_identical(system))
                [counted] = model.counts().values()
                prompts[name] = {key: value / counted.calls for key, value in asdict(counted).items()}
                if isinstance(system, OverGrpc):
                    lags += _loop_lags(system, model, seconds)
    return {
        "adds_a_second": rates,
        "stored_of_8_identical_adds": stored,
        "characters_a_model_call": prompts,
        "loop_lag_ms": dict(
            zip(("p50", "p99", "max"), np.quantile(lags, (0.5, 0.99, 1)).tolist(), strict=True)
        ),
    }


@contextmanager
def _ours(home: Path, model: ModelServer) -> Iterator[OverGrpc]:
    with our_processes(home, MEMORIES, model.url, home.parent / f"{home.name}.lags") as ours:
        yield OverGrpc(ours)


def _theirs(version: Version, model: ModelServer) -> Callable[[Path], AbstractContextManager[System]]:
    return lambda home: their_process(home, version, MEMORIES, model.url, callers=32)


def _stage(system: System, model: ModelServer, callers: int, delay_ms: int, seconds: float) -> Load:
    model.set_delay(delay_ms)
    users = [f"user-{number}" for number in range(callers)]
    before = sum(system.count(user) for user in users)
    load = under_load(lambda caller: system.add(users[caller], new_text()), callers, seconds)
    stored = sum(system.count(user) for user in users) - before
    if stored != FACTS * load.done:
        raise AssertionError(
            f"{system.name}: {load.done} adds stored {stored} facts, not {FACTS * load.done}"
        )
    return load


def _identical(system: System) -> int:
    """How many memories eight identical adds at once make of three facts."""
    text, user = new_text(), "user-99"
    before = system.count(user)

    def add(_: int) -> int:
        system.add(user, text)
        return 1

    together(add, AT_ONCE)
    return system.count(user) - before


def _loop_lags(system: OverGrpc, model: ModelServer, seconds: float) -> list[float]:
    """How late the event loop of the service was under a load that it bears: 8 callers, 500 ms model."""
    _written(system.ours)
    _stage(system, model, 8, 500, seconds)
    return _written(system.ours)


def _written(ours: Ours) -> list[float]:
    file = Path(ours.service.settings["MEMORYD_BENCH_LAGS"])
    file.unlink(missing_ok=True)
    assert ours.service.process is not None
    ours.service.process.send_signal(signal.SIGUSR1)
    while not file.exists():
        time.sleep(0.05)
    lags: list[float] = json.loads(file.read_text())
    return lags
