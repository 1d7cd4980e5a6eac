"""The process of an embedded Chroma: `python -m service.index.process PATH`.

It does what `service.index.apart` asks for, until its standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import uvloop

from service.index.chroma import ChromaIndex
from service.index.connect import embedded
from service.index.messages import BUFFER_BYTES, Kind, Request, Response, framed, packed, read_message
from service.memory.errors import MemorydError

LOCK_FILE = "chroma.lock"


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
    uvloop.run(_serve(path, answers))


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


async def _serve(path: Path, answers: int) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=BUFFER_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(answers, "wb")
    )
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    indexes: dict[Kind, ChromaIndex] = {}
    tasks: set[asyncio.Task[None]] = set()
    with ExitStack() as stack:
        with suppress(asyncio.IncompleteReadError):
            while True:
                request: Request = await read_message(reader)
                kind = request[1]
                if kind not in indexes:
                    indexes[kind] = ChromaIndex(embedded(path), *kind)
                    stack.callback(indexes[kind].close)
                task = asyncio.create_task(_answer(indexes[kind], request, writer))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(index: ChromaIndex, request: Request, writer: asyncio.StreamWriter) -> None:
    number, _, method, arguments = request
    response: Response
    try:
        response = number, packed(method, await getattr(index, method)(*arguments)), None
    except (MemorydError, ValueError) as error:
        response = number, None, error
    except Exception as error:  # noqa: BLE001 - the boundary: whoever asked must hear of it
        response = number, None, RuntimeError(f"{type(error).__name__} in the process of the index")
    writer.write(framed(response))
    await writer.drain()


if __name__ == "__main__":
    main()
