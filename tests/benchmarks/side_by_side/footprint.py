"""What many memories cost while nobody asks for them: memory, and time to start."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.model_server import ModelServer
from tests.benchmarks.side_by_side.latency import _search
from tests.benchmarks.side_by_side.systems import OverGrpc, our_processes

SEARCHES = 30


def footprints(directory: Path, model: ModelServer, sizes: Sequence[int]) -> dict[str, Any]:
    """Starts the service with so many memories, searches a little, and looks at it.

    Returns:
        By the number of memories: seconds to be ready, and the resident size in MiB after some searches.
    """
    seen: dict[str, Any] = {}
    for size in sizes:
        with our_processes(directory / f"footprint-{size}", size, model.url) as ours:
            # Started again, for the first start migrates and makes a project.
            ours.service.stop()
            begun = time.perf_counter()
            ours.service.launch()
            ours.gateway.wait()
            seconds = time.perf_counter() - begun
            system = OverGrpc(ours)
            for number in range(SEARCHES if size else 0):
                _search(system, size, number)
            seen[str(size)] = {"start_seconds": seconds, "resident_mib": ours.resident() / 2**20}
    return seen
