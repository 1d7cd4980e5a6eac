"""The process of an embedded Chroma: `python -m service.index.process PATH`.

It does what `service.index.apart` asks for, until its standard input ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from service.index.connect import embedded
from service.index.messages import BUFFER_BYTES, Kind, Request, Response, framed, read_request
from service.index.store import ChromaStore
from service.memory.errors import MemorydError

LOCK_FILE = "chroma.lock"

THREADS = 8
"""Requests that are worked on at once: few write, and a writer may wait for the one before."""


class Server:
    """Answers requests, each from its reading to its answer on one thread.

    Handing it from one thread to the next, and the answer back, would wake two more threads for each.

    Args:
        path: the directory of Chroma's files.
        requests: where they come from.
        answers: where they go.
    """

    def __init__(self, path: Path, requests: BinaryIO, answers: BinaryIO) -> None:
        self._path = path
        self._requests, self._reading = requests, threading.Lock()
        self._answers, self._writing = answers, threading.Lock()
        self._stores: dict[Kind, ChromaStore] = {}

    def serve(self) -> None:
        """Returns when there are no more requests and all are answered."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="index") as threads:
            for _ in range(THREADS):
                threads.submit(self._serve_by_turns)
        for store in self._stores.values():
            store.close()

    def _serve_by_turns(self) -> None:
        """One thread waits for a request and, when it has one, leaves its place to the next."""
        while True:
            with self._reading:
                request = read_request(self._requests)
                if request is None:
                    return
                store = self._store(request[1])
            answer = framed(_answer(store, request))
            with self._writing, suppress(BrokenPipeError):  # who asked has gone
                self._answers.write(answer)
                self._answers.flush()

    def _store(self, kind: Kind) -> ChromaStore:
        if kind not in self._stores:
            self._stores[kind] = ChromaStore(embedded(self._path), *kind)
        return self._stores[kind]


def _answer(store: ChromaStore, request: Request) -> Response:
    number, _, method, arguments = request
    try:
        return number, getattr(store, method)(*arguments), None
    except (MemorydError, ValueError) as error:
        return number, None, error
    except Exception as error:  # noqa: BLE001 - the boundary: whoever asked must hear of it
        return number, None, RuntimeError(f"{type(error).__name__} in the process of the index")


def main() -> None:
    """Serves one embedded Chroma."""
    path = Path(sys.argv[1])
    # They are sent to all processes of a terminal or of a unit, and this one has to last until its parent
    # has done its work.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # Whatever a library prints must not come between the messages.
    answers = os.dup(1)
    os.dup2(2, 1)
    _widen(answers)
    _wait_for_files(path)
    with os.fdopen(answers, "wb") as stream:
        Server(path, sys.stdin.buffer, stream).serve()


def _widen(pipe: int) -> None:
    """Makes room for whole answers: else both processes wake up for each 64 KiB of them."""
    if sys.platform == "linux":
        import fcntl  # noqa: PLC0415 - not to be had everywhere

        with suppress(OSError):  # the system allows less
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, BUFFER_BYTES)


def _wait_for_files(path: Path) -> None:
    """Waits for a process whose parent was killed just now: it may be writing still."""
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415 - not to be had everywhere

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(LOCK_FILE), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # until the process ends


if __name__ == "__main__":
    main()
