"""The program `memoryd`."""

from __future__ import annotations

import signal


def main() -> None:
    """Runs a command. Ctrl-C while its modules still load ends it without a word: nothing has begun then."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from service import main as commands  # noqa: PLC0415 - loads for a second or two

    signal.signal(signal.SIGINT, signal.default_int_handler)
    commands.main()
