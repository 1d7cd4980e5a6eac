"""memoryd beside mem0ai, on the same work, in one run.

    python -m tests.benchmarks.side_by_side [--quick] [--only latency throughput gateway footprint]

Everything is real: memoryd's service and gateway as processes, mem0ai 1.0.11 and 2.2.1 from the registry in
environments of their own with an embedded Chroma and the same local embedder, and one scripted language model
behind OpenAI's HTTP for all of them. What each stored is checked, for a fast wrong answer is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.model_server import ModelServer
from tests.benchmarks.side_by_side.footprint import footprints
from tests.benchmarks.side_by_side.gateway import gateway_share
from tests.benchmarks.side_by_side.latency import latencies
from tests.benchmarks.side_by_side.plot import draw
from tests.benchmarks.side_by_side.report import fixed_prompt_characters, show
from tests.benchmarks.side_by_side.throughput import throughputs

ROOT = Path(__file__).parents[3]
PARTS = ("latency", "throughput", "gateway", "footprint")


def main() -> None:
    """Measures, prints tables, writes JSON, draws; exit code 1 if a promise does not hold."""
    arguments = _arguments()
    started = time.perf_counter()
    figures: dict[str, Any] = {
        "machine": {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "processors": os.cpu_count(),
            "command": 'make bench PARTS="side_by_side"',
        },
        "fixed_prompt_characters": fixed_prompt_characters(),
    }
    with tempfile.TemporaryDirectory() as directory, ModelServer() as model:
        for part in arguments.only:
            figures[part] = _measure(part, Path(directory), model, quick=arguments.quick)
            print(f"{part} measured after {time.perf_counter() - started:.0f} s", flush=True)
    arguments.output.mkdir(parents=True, exist_ok=True)
    file = arguments.output / "side_by_side.json"
    file.write_text(json.dumps(figures, indent=1, default=_plain) + "\n")
    for each in (file, *draw(figures, arguments.output)):
        print(each)
    if not show(figures):
        raise SystemExit("not every promise holds")


def _measure(part: str, directory: Path, model: ModelServer, *, quick: bool) -> dict[str, Any]:
    match part:
        case "latency":
            sizes, our_sizes = ([0, 10_000], []) if quick else ([0, 10_000, 50_000], [200_000])
            return latencies(
                directory, model, sizes, our_sizes, rounds=20 if quick else 45, slow_rounds=5 if quick else 15
            )
        case "throughput":
            return throughputs(directory, model, seconds=4 if quick else 8, rounds=1 if quick else 2)
        case "gateway":
            return gateway_share(directory, model, rounds=500, pushes=3 if quick else 9, seconds=2)
        case _:
            return footprints(directory, model, [0, 10_000] if quick else [0, 50_000, 200_000])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 memories at most, and fewer rounds")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--output", type=Path, default=ROOT / ".cache/benchmarks")
    return parser.parse_args()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(type(value).__name__)


if __name__ == "__main__":
    main()
