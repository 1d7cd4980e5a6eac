"""What a client sees when a call goes wrong: one JSON body for every error, and one table of statuses.

Only texts that the service wrote for clients leave the gateway. An error without google.rpc.ErrorInfo was
written by gRPC itself and names addresses and sizes of the inside; it is replaced by a text of our own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import grpc.aio
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from memoryd import exact_json
from starlette.responses import Response

HTTP_STATUS: Mapping[grpc.StatusCode, int] = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.UNIMPLEMENTED: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.CANCELLED: 503,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
"""Every other code is a fault of ours: 500, and its text stays inside."""

TEXTS: Mapping[int, str] = {
    400: "The request was refused.",
    403: "The key may not do this.",
    404: "Not found.",
    405: "Method not allowed.",
    409: "The request conflicts with the present state.",
    413: "The request is too large.",
    429: "Too many requests. Try again later.",
    500: "Internal error. Please report the request_id.",
    503: "The memory service does not answer. Try again later.",
    504: "The memory service took too long to answer.",
}

INVALID_KEY = "Invalid API key. Send the header 'Authorization: Token <your key>'."
CHALLENGE: Mapping[str, str] = {"WWW-Authenticate": "Token"}
"""What HTTP wants on every 401: how to say who one is."""

TOO_LARGE = "REQUEST_TOO_LARGE"
MAX_VIOLATIONS = 100
"""How many violations one answer lists; a hostile body can hold a million."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request: the field's path, and what is wrong with it."""

    field: str
    description: str


class ApiError(Exception):
    """An answer that is not a success.

    Args:
        status: the HTTP status.
        text: what people read. It must be fit for clients.
        code: the stable, machine-readable reason.
        violations: every broken rule, when the status is 400.
        headers: header fields that belong to the answer.
    """

    def __init__(
        self,
        status: int,
        text: str,
        code: str,
        *,
        violations: Sequence[Violation] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.code = code
        self.violations = tuple(violations)
        self.headers = dict(headers or {})


def invalid(violations: Iterable[Violation]) -> ApiError:
    """400: the request breaks these rules."""
    listed = tuple(violations)[:MAX_VIOLATIONS]
    text = "; ".join(violation.description for violation in listed)
    return ApiError(400, text, "INVALID_REQUEST", violations=listed)


def invalid_key() -> ApiError:
    """401: what was sent cannot be a key."""
    return ApiError(401, INVALID_KEY, "INVALID_API_KEY", headers=CHALLENGE)


def too_large(limit: int) -> ApiError:
    """413: the body has more than `limit` bytes."""
    return ApiError(413, f"The request body is larger than {limit} bytes.", TOO_LARGE)


def internal() -> ApiError:
    """500: our fault, of which the client learns nothing but the request id."""
    return ApiError(500, TEXTS[500], "INTERNAL")


def from_status(status: int, headers: Mapping[str, str] | None = None) -> ApiError:
    """What the router found wrong: an unknown path, a method that a path does not have."""
    codes = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}
    return ApiError(status, TEXTS[status], codes[status], headers=headers)


def from_rpc(error: grpc.aio.AioRpcError) -> ApiError:
    """What an error of the service means in HTTP."""
    info, violations, retry_after = _details(error)
    code = error.code()
    status = HTTP_STATUS.get(code, 500)
    if status == 429 and _is_about_size(error, info):
        status = 413
    if status == 500:
        return internal()
    return ApiError(
        status,
        (error.details() or TEXTS[status]) if info else _text_of(status),
        info.reason if info else (TOO_LARGE if status == 413 else code.name),
        violations=violations,
        headers=_headers(status, info, retry_after),
    )


def _headers(
    status: int, info: error_details_pb2.ErrorInfo | None, retry_after: int | None
) -> Mapping[str, str] | None:
    if status == 401:
        return CHALLENGE
    return _backoff(info, retry_after) if status in {429, 503} else None


def _backoff(info: error_details_pb2.ErrorInfo | None, retry_after: int | None) -> dict[str, str]:
    """When to come back and, where a limit was met, which one (contract section 1)."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    if info and "limit" in info.metadata:
        headers |= {
            "X-RateLimit-Limit": info.metadata["limit"],
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(retry_after or 1),
        }
    return headers


def respond(error: ApiError, request_id: str) -> Response:
    """The answer. Old clients read `detail`, the seed's examples `details.message`, ours `error`."""
    body: dict[str, object] = {
        "error": error.text,
        "detail": error.text,
        "details": {"message": error.text},
        "code": error.code,
        "request_id": request_id,
    }
    if error.status == 400:
        body["violations"] = [
            {"field": violation.field, "description": violation.description} for violation in error.violations
        ]
    return Response(
        exact_json.dumps(body).encode(), error.status, error.headers, media_type="application/json"
    )


def _text_of(status: int) -> str:
    return INVALID_KEY if status == 401 else TEXTS[status]


def _details(
    error: grpc.aio.AioRpcError,
) -> tuple[error_details_pb2.ErrorInfo | None, list[Violation], int | None]:
    """The reason, the violations and the whole seconds to wait that the service attached."""
    info: error_details_pb2.ErrorInfo | None = None
    violations: list[Violation] = []
    retry_after = None
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo.FromString(detail.value)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            request = error_details_pb2.BadRequest.FromString(detail.value)
            violations = [Violation(each.field, each.description) for each in request.field_violations]
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
            retry_after = max(1, math.ceil(delay.seconds + delay.nanos / 1e9))
    return info, violations, retry_after


def _is_about_size(error: grpc.aio.AioRpcError, info: error_details_pb2.ErrorInfo | None) -> bool:
    """A message over its limit is refused by gRPC itself, in words."""
    if info is not None:
        return bool(info.reason == TOO_LARGE)
    return "larger than max" in (error.details() or "")
