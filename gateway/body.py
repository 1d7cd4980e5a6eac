"""Reads a request's body: never more of it than allowed, and strictly as JSON.

Starlette's own limit (`max_body_size`) answers in plain text, which clients that call `.json()` cannot read.
"""

from __future__ import annotations

from memoryd import exact_json
from memoryd.v1 import account_service_pb2
from starlette.requests import ClientDisconnect, Request

from gateway.calls import Caller
from gateway.errors import ApiError, Violation, too_large

UNVOUCHED = 64 * 1024
"""The largest body, in bytes, that is parsed for a caller whose key has not been checked yet.

A hostile one of 4 MiB keeps the parser, and with it everybody else, busy for a second.
"""


async def read_object(request: Request, caller: Caller) -> dict[str, object]:
    """The JSON object in the body, numbers kept exactly.

    Who sends something else learns so only with a valid key: the service is asked first.

    Raises:
        ApiError: the body is too large or not a JSON object, or the key is refused.
    """
    body = await _read(request, request.app.state.body_limit)
    if len(body) > UNVOUCHED:
        await _authenticate(caller)
    try:
        return _parse(body)
    except exact_json.ExactJsonError as error:
        await _authenticate(caller)
        raise _malformed(str(error)) from None


async def read_optional_object(request: Request, caller: Caller) -> dict[str, object]:
    """The same where a request says enough by its path: no body is an empty object."""
    if request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers:
        return {}
    return await read_object(request, caller)


def _parse(body: bytes) -> dict[str, object]:
    value = exact_json.loads(body)
    if not isinstance(value, dict):
        raise exact_json.ExactJsonError("the body must be an object")
    return value


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            chunks.append(chunk)
    except ClientDisconnect:
        raise ApiError(400, "The body ended early.", "INCOMPLETE_BODY") from None
    return b"".join(chunks)


async def _authenticate(caller: Caller) -> None:
    """Raises what the service has to say about the key before anything else is said."""
    await caller(caller.stubs.accounts.Ping, account_service_pb2.PingRequest())


def _malformed(reason: str) -> ApiError:
    text = reason if reason.startswith("malformed JSON") else f"malformed JSON: {reason}"
    return ApiError(400, text, "MALFORMED_JSON", violations=[Violation("body", text)])
