"""Places at which a test may kill the process, to see what a crash just there leaves behind.

They do nothing unless the environment variable MEMORYD_FAILPOINT names a file when the process starts. What
stands in that file is then the place at which the process ends. So a test need not start it anew to choose.
ANSWERED is when the service has handed its answer to the network; whether the caller hears it is chance.
Whoever has heard it can kill the process from outside.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

VARIABLE = "MEMORYD_FAILPOINT"

REQUEST_STORED = "request-stored"
MODEL_ANSWERED = "model-answered"
PLAN_CHECKED = "plan-checked"
COMMITTED = "committed"
INDEXED = "indexed"
ANSWERED = "answered"
DELIVERED = "delivered"

OF_ADDS = (REQUEST_STORED, MODEL_ANSWERED, PLAN_CHECKED, COMMITTED, INDEXED, ANSWERED)
"""In the order in which an add passes them; of the last two either may come first. A webhook that is told of
it then passes DELIVERED."""

_file = Path(named) if (named := os.environ.get(VARIABLE)) else None


def failpoint(name: str) -> None:
    """Ends the process at once, as a crash would, if the file says this place."""
    if _file is not None and _file.is_file() and _file.read_text() == name:
        os.kill(os.getpid(), signal.SIGKILL)
