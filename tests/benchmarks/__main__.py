"""Runs the benchmarks: all of them, or those that are named.

make bench                    all
make bench PARTS="scope"      some
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.prepare import prepare

QUICK = ("retrieval",)
"""What is left short where everything is asked for, to stay within 20 minutes."""

PARTS = sorted(path.parent.name for path in Path(__file__).parent.glob("*/__main__.py"))


def main() -> None:
    """Runs each in a process of its own, so that none warms up another's caches."""
    everything = not sys.argv[1:]
    chosen = PARTS if everything else sys.argv[1:]
    unknown = sorted(set(chosen) - set(PARTS))
    if unknown:
        raise SystemExit(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    if everything:
        started = time.perf_counter()
        prepare()
        print(f"preloaded after {time.perf_counter() - started:.0f} s", flush=True)
    broken = []
    for part in chosen:
        print(f"== {part}", flush=True)
        short = ["--quick"] if everything and part in QUICK else []
        done = subprocess.run([sys.executable, "-m", f"tests.benchmarks.{part}", *short], check=False)
        if done.returncode:
            broken.append(part)
    if broken:
        raise SystemExit(f"did not hold: {', '.join(broken)}")


if __name__ == "__main__":
    main()
