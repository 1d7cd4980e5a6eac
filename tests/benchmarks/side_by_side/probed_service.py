"""`memoryd service` with a clock in its event loop: `python -m tests.benchmarks.side_by_side.probed_service`.

Every 5 ms the loop is asked to say that it is there. How much too late it does so is its lag: something held
it, or the processors were somebody else's. The lags since the last signal USR1 are written to the file that
`MEMORYD_BENCH_LAGS` names, in milliseconds, whenever that signal comes.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import uvloop

from service import main

EVERY_SECONDS = 0.005


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    lags: list[float] = []

    def write() -> None:
        file = Path(os.environ["MEMORYD_BENCH_LAGS"])
        whole = file.with_suffix(".new")
        whole.write_text(json.dumps(lags))
        whole.replace(file)
        lags.clear()

    def tick(expected: float) -> None:
        lags.append(max(0.0, (time.monotonic() - expected) * 1000))
        arm()

    def arm() -> None:
        # The loop's own clock and its timers count whole milliseconds.
        loop.call_later(EVERY_SECONDS, tick, time.monotonic() + EVERY_SECONDS)

    loop.add_signal_handler(signal.SIGUSR1, write)
    arm()
    await main._serve(main._settings(), with_service=True, with_gateway=False)


if __name__ == "__main__":
    sys.exit(uvloop.run(_serve()))
