"""Places at which a test may kill the process, to see what a crash just there leaves behind.

They do nothing unless the environment variable MEMORYD_FAILPOINT names one of them when the process starts.
"""

from __future__ import annotations

import asyncio
import os
import signal

VARIABLE = "MEMORYD_FAILPOINT"

REQUEST_STORED = "request-stored"
MODEL_ANSWERED = "model-answered"
PLAN_CHECKED = "plan-checked"
COMMITTED = "committed"
INDEXED = "indexed"
ANSWERED = "answered"

NAMES = (REQUEST_STORED, MODEL_ANSWERED, PLAN_CHECKED, COMMITTED, INDEXED, ANSWERED)
"""In the order in which an add passes them."""

_chosen = os.environ.get(VARIABLE)


def failpoint(name: str) -> None:
    """Ends the process at once, as a crash would, if the environment chose this place."""
    if name == _chosen:
        os.kill(os.getpid(), signal.SIGKILL)


def failpoint_soon(name: str) -> None:
    """The same in a moment, when what is being returned now has reached its caller."""
    if name == _chosen:
        asyncio.get_running_loop().call_later(0.3, failpoint, name)
