"""The figures as tables, and whether they are what was promised."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from memoryd import exact_json
from rich.console import Console
from rich.table import Table

from service.inference.plan_schema import plan_schema
from service.inference.prompt import system_text
from service.memory.categories import DEFAULT_CATEGORIES
from service.memory.model import Policy


@dataclass(frozen=True)
class Promise:
    """A figure and what it may be."""

    what: str
    value: float
    bound: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def fixed_prompt_characters() -> int:
    """What a model reads of every add besides messages and candidates: the rules, the policy, the schema.

    Of the candidates' ids, which the schema lists, it counts one.
    """
    schema = plan_schema(["m1"], list(DEFAULT_CATEGORIES))
    return len(system_text(Policy(DEFAULT_CATEGORIES))) + len(exact_json.dumps(schema))


def promises(figures: dict[str, Any]) -> Iterator[Promise]:
    """What memoryd promises of its speed, and what was measured."""
    yield Promise(
        "prompt characters besides messages and candidates", figures["fixed_prompt_characters"], 6000
    )
    if "latency" in figures:
        yield from _latency(figures["latency"])
    if "throughput" in figures:
        yield from _throughput(figures["throughput"])
    if "gateway" in figures:
        yield Promise("gateway's share of a call, ms", figures["gateway"]["share_ms"], 1.5)
        yield Promise("REST pings a second", figures["gateway"]["pings_a_second"].median, 1500, at_least=True)
    if "footprint" in figures:
        seen = figures["footprint"]
        most = max(seen, key=int)
        later = seen[most]["start_seconds"] - seen["0"]["start_seconds"]
        yield Promise(f"start with {int(most):,} memories, seconds more than empty", later, 3)


def _latency(latency: dict[str, Any]) -> Iterator[Promise]:
    over, add, search = latency["add_over_the_models_time"], latency["add"], latency["search"]
    [small, *larger] = sorted({int(name.split("@")[1]) for name in search if name.startswith("memoryd gRPC")})
    yield Promise("add over the model's 500 ms, gRPC, ms", over[f"memoryd gRPC@{small}"].median, 40)
    yield Promise("add over the model's 500 ms, REST, ms", over[f"memoryd REST@{small}"].median, 45)
    base = add[f"memoryd gRPC@{small}"].median
    for size in larger:
        ratio = add[f"memoryd gRPC@{size}"].median / base
        yield Promise(f"add at {size:,} against {small:,}, times", ratio, 1.15)
    for size in (small, *larger):
        yield Promise(f"search at {size:,}, gRPC, ms", search[f"memoryd gRPC@{size}"].median, 12)


def _throughput(throughput: dict[str, Any]) -> Iterator[Promise]:
    bounds = {
        "8 callers, no model delay": 40,
        "8 callers, 500 ms model": 15,
        "64 callers, 500 ms model": 45,
    }
    for stage, bound in bounds.items():
        rate = statistics.median(throughput["adds_a_second"][stage]["memoryd gRPC"])
        yield Promise(f"adds/s, {stage}", rate, bound, at_least=True)
    stored = throughput["stored_of_8_identical_adds"]["memoryd gRPC"]
    yield Promise("stored of 8 identical adds of 3 facts", max(stored), 3)
    yield Promise("lag of the event loop, p99, ms", throughput["loop_lag_ms"]["p99"], 5)


def show(figures: dict[str, Any]) -> bool:
    """Prints all tables; whether every promise holds."""
    console = Console(width=140)
    for name, times in figures.get("latency", {}).items():
        table = Table("system @ memories", "p50 (p10 to p90), ms", "calls", title=name)
        for system, spread in times.items():
            table.add_row(system, str(spread), str(spread.count))
        console.print(table)
    if throughput := figures.get("throughput"):
        table = Table("stage", "system", "adds/s, each round", title="throughput")
        for stage, systems in throughput["adds_a_second"].items():
            for system, rates in systems.items():
                table.add_row(stage, system, ", ".join(f"{rate:.1f}" for rate in rates))
        console.print(table)
        for key in ("stored_of_8_identical_adds", "characters_a_model_call", "loop_lag_ms"):
            console.print(key, throughput[key])
    for key in ("gateway", "footprint"):
        if key in figures:
            console.print(key, figures[key])
    table = Table("promise", "measured", "bound", "holds", title="promises")
    kept = list(promises(figures))
    for each in kept:
        sign = "at least" if each.at_least else "at most"
        table.add_row(each.what, f"{each.value:.2f}", f"{sign} {each.bound:g}", "yes" if each.holds else "NO")
    console.print(table)
    return all(each.holds for each in kept)
