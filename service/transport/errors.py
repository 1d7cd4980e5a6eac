"""What a client sees of an error: a status code, a public text, a stable reason, and every violation."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping, Sequence
from typing import NoReturn

import structlog
from google.protobuf import any_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message as ProtoMessage
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import StatusCode, aio

from service.memory import errors
from service.transport.call import Call
from service.transport.chain import Context, Proceed

DOMAIN = "memoryd"

CODES: Mapping[type[errors.MemorydError], StatusCode] = {
    errors.InvalidRequest: StatusCode.INVALID_ARGUMENT,
    errors.ScopeRequired: StatusCode.INVALID_ARGUMENT,
    errors.Unauthenticated: StatusCode.UNAUTHENTICATED,
    errors.PermissionDenied: StatusCode.PERMISSION_DENIED,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.AlreadyExists: StatusCode.ALREADY_EXISTS,
    errors.Immutable: StatusCode.FAILED_PRECONDITION,
    errors.Conflict: StatusCode.ABORTED,
    errors.Busy: StatusCode.RESOURCE_EXHAUSTED,
    errors.Unavailable: StatusCode.UNAVAILABLE,
    errors.InferenceFailed: StatusCode.UNAVAILABLE,
    errors.DeadlineExceeded: StatusCode.DEADLINE_EXCEEDED,
}

RETRY_SECONDS = 1
"""When a caller may come back after RESOURCE_EXHAUSTED or UNAVAILABLE."""

# Text and details travel as metadata. From 8 KiB of that on, a client's gRPC may put an error of its own in
# their place, and from 16 KiB on it always does.
MOST_VIOLATION_BYTES = 3584
MOST_TEXT_BYTES = 1500
LONGEST_DESCRIPTION = 200

log = structlog.get_logger(__name__)


async def translate_errors(call: Call, context: Context, proceed: Proceed) -> object:
    """Ends the call with a status for every exception. This is the service's outer boundary."""
    try:
        return await proceed()
    except errors.MemorydError as error:
        await _abort(context, CODES[type(error)], error, call.request_id)
    except (asyncio.CancelledError, aio.AbortError):
        raise
    except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, its text must not reach a client
        # An exception's text may quote a memory, so the log gets its type and place only.
        places = "".join(traceback.format_tb(error.__traceback__))
        log.error(  # noqa: TRY400 - without the text
            "internal error", request_id=call.request_id, type=type(error).__name__, places=places
        )
        text = f"Internal error. Request id: {call.request_id}"
        await _abort(context, StatusCode.INTERNAL, errors.MemorydError(text), call.request_id)


async def _abort(context: Context, code: StatusCode, error: errors.MemorydError, request_id: str) -> NoReturn:
    number = code_pb2.Code.Value(code.name)
    details = [_packed(detail) for detail in _details(code, error, request_id)]
    text = _beginning(error.text)
    status = status_pb2.Status(code=number, message=text, details=details)
    trailer = ("grpc-status-details-bin", status.SerializeToString())
    await context.abort(code, text, trailing_metadata=(trailer,))


def _details(code: StatusCode, error: errors.MemorydError, request_id: str) -> list[ProtoMessage]:
    info = error_details_pb2.ErrorInfo(
        reason=error.reason, domain=DOMAIN, metadata={"request_id": request_id}
    )
    if isinstance(error, errors.Busy):
        info.metadata["limit"] = str(error.limit)
    details: list[ProtoMessage] = [info]
    if isinstance(error, errors.InvalidRequest):
        details.append(_bad_request(error.violations))
    if code in {StatusCode.RESOURCE_EXHAUSTED, StatusCode.UNAVAILABLE}:
        details.append(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=RETRY_SECONDS)))
    return details


def _bad_request(violations: Sequence[errors.Violation]) -> error_details_pb2.BadRequest:
    """All violations, or the first of so many that they do not fit."""
    listed = error_details_pb2.BadRequest()
    for violation in violations:
        one = error_details_pb2.BadRequest.FieldViolation(
            field=violation.field[:LONGEST_DESCRIPTION],
            description=violation.description[:LONGEST_DESCRIPTION],
        )
        if listed.ByteSize() + one.ByteSize() > MOST_VIOLATION_BYTES:
            break
        listed.field_violations.append(one)
    return listed


def _beginning(text: str) -> str:
    """As much of a text as fits once gRPC has percent-encoded all that is not plain ASCII."""
    size = 0
    for index, letter in enumerate(text):
        size += 1 if " " <= letter <= "~" and letter != "%" else 3 * len(letter.encode())
        if size > MOST_TEXT_BYTES:
            return text[:index]
    return text


def _packed(message: ProtoMessage) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed
