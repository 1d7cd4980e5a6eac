"""Does a search in a small scope cost the same in a small project and in a large one?

    python -m tests.benchmarks.scope

Two real services, one with 1,000 and one with 200,000 memories, 100 a user, are asked in turn, over gRPC, for
the same ten users: what has been searched before is at hand. (`side_by_side` says what a first search costs.)
The promise: the median of the large one is at most 1.5 times that of the small one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from memoryd.v1 import memory_service_pb2 as pb
from memoryd.v1.memory_service_pb2_grpc import MemoryServiceStub
from rich.console import Console
from rich.table import Table

from tests.benchmarks.preload import A_USER, copy_preloaded
from tests.running import Memoryd

ROOT = Path(__file__).parents[3]
PROMISE = 1.5


def main() -> None:
    """Measures, and prints a table."""
    arguments = _arguments()
    sizes: list[int] = arguments.sizes
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {}
        for size in sizes:
            copy_preloaded(size, base / str(size))
            servers[size] = stack.enter_context(
                Memoryd(base / str(size), {"MEMORYD_LOG_LEVEL": "WARNING", "MEMORYD_REASONER": "rules"})
            )
        times = _measure(servers, arguments.searches)
    medians = {size: float(np.median(values)) for size, values in times.items()}
    _show(times)
    ratio = medians[sizes[-1]] / medians[sizes[0]]
    print(f"ratio of the medians: {ratio:.2f} (at most {PROMISE} is promised)")
    output = ROOT / ".cache/benchmarks/scope.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({"milliseconds": times, "ratio": ratio}))
    if ratio > PROMISE:
        raise SystemExit("the promise does not hold")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scope", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 200_000])
    parser.add_argument("--searches", type=int, default=300)
    return parser.parse_args()


def _measure(servers: dict[int, Memoryd], searches: int) -> dict[int, list[float]]:
    """Milliseconds of each search, the servers asked in turn so that a slow moment hits both."""
    users = min(servers) // A_USER
    times: dict[int, list[float]] = {size: [] for size in servers}
    channels: dict[int, Any] = {
        size: grpc.insecure_channel(f"127.0.0.1:{s.grpc_port}") for size, s in servers.items()
    }
    for number in range(searches + 20):
        for size, server in servers.items():
            request = pb.SearchMemoriesRequest(
                query=f"who likes trains, note {number}?", user_id=f"user-{number % users}"
            )
            started = time.perf_counter()
            answer: Any = MemoryServiceStub(channels[size]).SearchMemories(request, metadata=server.metadata)
            took = (time.perf_counter() - started) * 1000
            if len(answer.memories) != 10:
                raise AssertionError("a search found too little")
            if number >= 20:
                times[size].append(took)
    for channel in channels.values():
        channel.close()
    return times


def _show(times: dict[int, list[float]]) -> None:
    table = Table("memories in the project", "searches", "p50 ms", "p95 ms", "p99 ms")
    for size, values in times.items():
        quantiles = (f"{np.quantile(values, q):.1f}" for q in (0.5, 0.95, 0.99))
        table.add_row(f"{size:,}", str(len(values)), *quantiles)
    Console().print(table)


if __name__ == "__main__":
    main()
