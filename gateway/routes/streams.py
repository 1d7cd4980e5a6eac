"""Streams of changes as Server-Sent Events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from memoryd import exact_json
from memoryd.v1.event_service_pb2 import WatchEventsResponse

from gateway.calls import Opened
from gateway.codec.events import memory_change_object

RETRY_MILLISECONDS = 1_000
"""When a client comes back after an end."""

STREAM_HEADERS = {
    "Cache-Control": "no-cache",
    # Proxies that collect an answer before they pass it on would hold the news back for ever.
    "X-Accel-Buffering": "no",
}


async def server_sent(opened: Opened[WatchEventsResponse], stopping: asyncio.Event) -> AsyncIterator[bytes]:
    """Writes a stream down until it ends, the client goes away, or the gateway stops."""
    stop = asyncio.create_task(stopping.wait())
    try:
        yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
        while True:
            coming = asyncio.create_task(opened.next())
            await asyncio.wait({coming, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                return
            answer = coming.result()
            if answer is None:
                return
            yield _written(answer)
    finally:
        stop.cancel()
        opened.call.cancel()


def _written(answer: WatchEventsResponse) -> bytes:
    """One event a change. The last id is that of the whole answer, of which no event need tell."""
    events = [
        f"id: {change.cursor}\ndata: {exact_json.dumps(memory_change_object(change))}\n\n"
        for change in answer.changes
    ]
    # An event without data is a comment to clients, but they keep its id.
    return "".join([*events, f": here\nid: {answer.cursor}\n\n"]).encode()
