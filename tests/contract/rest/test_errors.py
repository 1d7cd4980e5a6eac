from __future__ import annotations

import grpc
import httpx
import pytest
import structlog
from memoryd.v1.memory_pb2 import EventStatus, MemoryEvent
from memoryd.v1.memory_service_pb2 import AddMemoriesResponse

from tests.contract.rest.scripted import Failure, ScriptedService, Slow

ADD = {"messages": "hi", "user_id": "alex"}
Status = grpc.StatusCode


def assert_is_error(answer: httpx.Response, status: int, text: str, code: str) -> None:
    """All the fields that some client reads are there and agree."""
    body = answer.json()
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert body.pop("violations", None) is None or status == 400
    assert body == {
        "error": text,
        "detail": text,
        "details": {"message": text},
        "code": code,
        "request_id": answer.headers["x-request-id"],
    }


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (Status.INVALID_ARGUMENT, 400),
        (Status.OUT_OF_RANGE, 400),
        (Status.UNAUTHENTICATED, 401),
        (Status.PERMISSION_DENIED, 403),
        (Status.NOT_FOUND, 404),
        (Status.UNIMPLEMENTED, 404),
        (Status.ALREADY_EXISTS, 409),
        (Status.ABORTED, 409),
        (Status.FAILED_PRECONDITION, 400),
        (Status.RESOURCE_EXHAUSTED, 429),
        (Status.CANCELLED, 503),
        (Status.UNAVAILABLE, 503),
        (Status.DEADLINE_EXCEEDED, 504),
    ],
)
async def test_each_code_has_a_status(
    client: httpx.AsyncClient, service: ScriptedService, code: grpc.StatusCode, status: int
) -> None:
    """An error of the service keeps its text and its reason, under the status that fits its code."""
    service.will(Failure(code, "Said for clients.", "SOME_REASON"))
    answer = await client.post("/v1/memories/", json=ADD)
    assert_is_error(answer, status, "Said for clients.", "SOME_REASON")


@pytest.mark.parametrize("code", [Status.INTERNAL, Status.UNKNOWN, Status.DATA_LOSS])
async def test_internal_errors_say_nothing(
    client: httpx.AsyncClient, service: ScriptedService, code: grpc.StatusCode
) -> None:
    """Of a fault inside, a client learns the request id and nothing else."""
    service.will(Failure(code, "column users.secret does not exist", "SQL"))
    answer = await client.post("/v1/memories/", json=ADD)
    assert_is_error(answer, 500, "Internal error. Please report the request_id.", "INTERNAL")


@pytest.mark.parametrize(
    ("code", "status", "text"),
    [
        (Status.UNAVAILABLE, 503, "The memory service does not answer. Try again later."),
        (Status.RESOURCE_EXHAUSTED, 429, "Too many requests. Try again later."),
        (Status.UNIMPLEMENTED, 404, "Not found."),
        (Status.INVALID_ARGUMENT, 400, "The request was refused."),
    ],
)
async def test_words_of_grpc_stay_inside(
    client: httpx.AsyncClient, service: ScriptedService, code: grpc.StatusCode, status: int, text: str
) -> None:
    """An error without a reason was written by gRPC itself; its text may name addresses of the inside."""
    service.will(Failure(code, "failed to connect to 10.0.0.7:50051"))
    answer = await client.post("/v1/memories/", json=ADD)
    assert_is_error(answer, status, text, code.name)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Too large.", "REQUEST_TOO_LARGE"), ("SERVER: Received message larger than max (9 vs. 4)", None)],
)
async def test_size_is_413(
    client: httpx.AsyncClient, service: ScriptedService, text: str, reason: str | None
) -> None:
    """A request that is too large for the service is 413, not 429: repeating it does not help."""
    service.will(Failure(Status.RESOURCE_EXHAUSTED, text, reason))
    answer = await client.post("/v1/memories/", json=ADD)
    assert_is_error(answer, 413, "Too large." if reason else "The request is too large.", "REQUEST_TOO_LARGE")


@pytest.mark.parametrize(
    ("code", "seconds", "header"),
    [
        (Status.RESOURCE_EXHAUSTED, 2.5, "3"),
        (Status.UNAVAILABLE, 0.0, "1"),
        (Status.UNAVAILABLE, None, None),
        (Status.ABORTED, 3.0, None),
    ],
)
async def test_retry_after(
    client: httpx.AsyncClient,
    service: ScriptedService,
    code: grpc.StatusCode,
    seconds: float | None,
    header: str | None,
) -> None:
    """How long to wait is told in whole seconds, at least one, where waiting helps."""
    service.will(Failure(code, "Wait.", "BUSY", retry_seconds=seconds))
    answer = await client.post("/v1/memories/", json=ADD)
    assert answer.headers.get("retry-after") == header


async def test_deadline(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """A service that does not answer in time is 504, and it was told how much time there was."""
    service.will(Slow(5))
    answer = await client.post("/v1/memories/", json=ADD)
    assert_is_error(answer, 504, "The memory service took too long to answer.", "DEADLINE_EXCEEDED")
    assert 0 < service.calls[0].seconds_left < 1.5


async def test_faults_of_the_gateway(client: httpx.AsyncClient, service: ScriptedService) -> None:
    """An answer that the gateway cannot read is a 500, logged by place and not by what it said."""
    unknown_event = MemoryEvent(id="x")
    unknown_event.MergeFromString(b"\x08\x63")
    service.will(AddMemoriesResponse(status=EventStatus.EVENT_STATUS_SUCCEEDED, results=[unknown_event]))
    with structlog.testing.capture_logs() as logs:
        answer = await client.post("/v1/memories/", json=ADD)
    assert_is_error(answer, 500, "Internal error. Please report the request_id.", "INTERNAL")
    (log,) = logs
    assert log["request_id"] == answer.headers["x-request-id"]
    assert log["error"] == "ValueError"
    assert "99" not in str({**log, "where": None, "request_id": None})


@pytest.mark.parametrize(
    "path", ["/", "/v1/", "/v1/nothing/", "/docs/assets/none.js", "/v9/x", "/v1/memories//"]
)
async def test_unknown_paths(client: httpx.AsyncClient, path: str) -> None:
    """A path that is not there is 404 in JSON."""
    assert_is_error(await client.get(path), 404, "Not found.", "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/memories", "DELETE, GET, HEAD, POST"),
        ("POST", "/v1/ping/", "GET, HEAD"),
        ("GET", "/v1/batch/", "DELETE, PUT"),
        ("PATCH", "/v1/memories/0/", "DELETE, GET, HEAD, PUT"),
        ("OPTIONS", "/docs/assets/swagger-ui.css", "GET, HEAD"),
    ],
)
async def test_unknown_methods(client: httpx.AsyncClient, method: str, path: str, allowed: str) -> None:
    """A method that a path does not have is 405 in JSON, and names all those that it has."""
    answer = await client.request(method, path)
    assert_is_error(answer, 405, "Method not allowed.", "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("request_id", ["abc", "A.b_c-1" * 18, "0" * 128])
async def test_request_id_of_the_client(
    client: httpx.AsyncClient, service: ScriptedService, request_id: str
) -> None:
    """A sane request id is used in the answer and on the way to the service."""
    service.will(AddMemoriesResponse(status=EventStatus.EVENT_STATUS_SUCCEEDED))
    answer = await client.post("/v1/memories/", json=ADD, headers={"X-Request-Id": request_id})
    assert answer.headers["x-request-id"] == request_id
    assert service.calls[0].metadata["x-request-id"] == request_id


@pytest.mark.parametrize("request_id", ["", "a b", "é", "0" * 129, "a\tb", "a;b"])
async def test_request_id_of_our_own(
    client: httpx.AsyncClient, service: ScriptedService, request_id: str
) -> None:
    """Any other request id is replaced, the same way everywhere."""
    service.will(AddMemoriesResponse(status=EventStatus.EVENT_STATUS_SUCCEEDED))
    answer = await client.post("/v1/memories/", json=ADD, headers=[(b"X-Request-Id", request_id.encode())])
    ours = answer.headers["x-request-id"]
    assert len(ours) == 32
    assert service.calls[0].metadata["x-request-id"] == ours
