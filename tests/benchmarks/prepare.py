"""Makes what a whole run copies, several at a time: Chroma writes on one processor.

What is there already stays. A part that runs by itself makes what it needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from tests.benchmarks import preload
from tests.benchmarks.rivals import environments
from tests.benchmarks.rivals import preload as rivals

OURS = (200_000, 50_000, 10_000, 1_000)
"""Sizes of memoryd's stores, of `side_by_side` and of `scope`."""

THEIRS = (50_000, 10_000, 0)
"""Sizes of mem0ai's stores."""


def prepare() -> None:
    """Makes them, what takes longest first."""
    jobs: list[Callable[[], object]] = [
        partial(preload.preload, OURS[0]),
        *(partial(environments.python, version) for version in environments.VERSIONS),
        *(partial(rivals.preload, version, size) for size in THEIRS for version in environments.VERSIONS),
        *(partial(preload.preload, size) for size in OURS[1:]),
    ]
    # Chroma and its threads would not survive a fork.
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as processes:
        for job in [processes.submit(job) for job in jobs]:
            job.result()
