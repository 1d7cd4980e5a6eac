from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "service.main":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
from service.command import main
main()
"""


def test_interrupted_while_it_loads() -> None:
    """Ctrl-C before anything has begun ends the program at once, without a traceback."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")
