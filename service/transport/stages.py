"""The stages around every RPC, in the order in which a call passes them.

request id -> errors -> auth -> deadline and limits -> handler
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from typing import cast

import structlog

from service.memory.accounts import Accounts, authenticate
from service.memory.errors import Busy, DeadlineExceeded
from service.memory.ports import Deadline
from service.transport.call import Call
from service.transport.chain import Context, Proceed, Stage
from service.transport.errors import translate_errors

REQUEST_ID = "x-request-id"

FINISH_SECONDS = 0.25
"""What is kept back of a caller's time, so that an overdue request is recorded and answered in time."""

_SANE_ID = re.compile(r"[\w.-]{1,128}", re.ASCII)

log = structlog.get_logger(__name__)


def stages(accounts: Accounts, request_timeout: float, max_concurrent: int) -> list[Stage]:
    """All stages, the outermost first."""
    return [
        name_request,
        translate_errors,
        _authentication(accounts),
        _deadline(request_timeout),
        _concurrency_limit(max_concurrent),
    ]


async def name_request(call: Call, context: Context, proceed: Proceed) -> object:
    """Gives the call an id, the caller's own where it is sane, and logs how it ended."""
    given = "".join(_metadata(context, REQUEST_ID)[:1])
    call.request_id = given if _SANE_ID.fullmatch(given) else uuid.uuid4().hex
    started = time.monotonic()
    # Until the end of this task, which is that of the call (see `service.transport.call.enter`).
    structlog.contextvars.bind_contextvars(request_id=call.request_id)
    try:
        return await proceed()
    finally:
        milliseconds = round((time.monotonic() - started) * 1000, 1)
        log.info("call", method=call.method, code=_code(context), milliseconds=milliseconds)


def _authentication(accounts: Accounts) -> Stage:
    async def authenticated(call: Call, context: Context, proceed: Proceed) -> object:
        given = _metadata(context, "authorization")
        # Of two keys neither counts: who sends both need not mean the first.
        call.authorization = given[0] if len(given) == 1 else None
        call.principal = await authenticate(accounts, call.authorization)
        return await proceed()

    return authenticated


def _deadline(default: float) -> Stage:
    async def in_time(call: Call, context: Context, proceed: Proceed) -> object:
        remaining = cast("float | None", context.time_remaining())
        if call.streams and remaining is None:
            return await proceed()
        seconds = default if remaining is None else max(0.0, remaining)
        call.deadline = Deadline.after(max(0.0, seconds - FINISH_SECONDS))
        try:
            async with asyncio.timeout(seconds):
                return await proceed()
        except TimeoutError:
            raise DeadlineExceeded("The deadline passed before the request was done.") from None

    return in_time


def _concurrency_limit(most: int) -> Stage:
    # Streams last, and mostly they wait: they have places of their own and take none from other calls.
    brief, lasting = asyncio.Semaphore(most), asyncio.Semaphore(most)

    async def limited(call: Call, context: Context, proceed: Proceed) -> object:  # noqa: ARG001 - a stage's form
        places = lasting if call.streams else brief
        if places.locked():
            raise Busy(most)
        async with places:
            return await proceed()

    return limited


def _metadata(context: Context, name: str) -> list[str]:
    return [
        value.decode("latin-1") if isinstance(value, bytes) else value
        for key, value in context.invocation_metadata() or ()
        if key == name
    ]


def _code(context: Context) -> str:
    code = context.code()
    return getattr(code, "name", None) or "OK"
