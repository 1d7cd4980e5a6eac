"""The two faces of one service, spoken to in the same words, so that one test holds for both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import grpc
import httpx
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from memoryd.v1 import memory_pb2, memory_service_pb2

from tests.running import Memoryd

ADD = "/memoryd.v1.MemoryService/AddMemories"


@dataclass(frozen=True)
class Happened:
    """An event, as either face tells it."""

    event: str
    id: str
    memory: str
    previous: str | None = None
    categories: tuple[str, ...] = ()
    evidence: tuple[int, int, int, str] | None = None
    """Message index, start, end, speaker."""
    metadata: str | None = None
    """JSON text."""


@dataclass(frozen=True)
class Refused:
    """An error, as either face tells it."""

    status: str
    """The name of the gRPC code."""
    reason: str
    text: str
    fields: tuple[str, ...] = ()
    """The fields of all violations."""


class Face(Protocol):
    """A way to add memories."""

    def add(self, messages: object, **fields: object) -> list[Happened]:
        """Adds, successfully."""

    def refused(self, messages: object, **fields: object) -> Refused:
        """Adds, in vain."""


STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@dataclass(frozen=True)
class Rest:
    """The gateway."""

    memoryd: Memoryd

    def add(self, messages: object, **fields: object) -> list[Happened]:
        """See `Face`."""
        answer = self.post(messages, **fields)
        assert answer.status_code == 200, answer.text
        # Numbers stay as they were written.
        items = json.loads(answer.text, parse_float=_Literal, parse_int=_Literal)
        return [_from_json(item) for item in items]

    def refused(self, messages: object, **fields: object) -> Refused:
        """See `Face`."""
        answer = self.post(messages, **fields)
        body = answer.json()
        assert body["error"] == body["detail"] == body["details"]["message"]
        violations = body.get("violations", [])
        return Refused(
            STATUSES[answer.status_code], body["code"], body["error"], tuple(v["field"] for v in violations)
        )

    def post(self, messages: object, **fields: object) -> httpx.Response:
        """The bare answer."""
        return self.memoryd.post({"messages": messages} | fields)


@dataclass(frozen=True)
class Grpc:
    """The service."""

    memoryd: Memoryd
    channel: grpc.Channel

    def add(self, messages: object, **fields: object) -> list[Happened]:
        """See `Face`."""
        answer = self.call(request_of(messages, fields))
        return [_from_proto(event) for event in answer.results]

    def refused(self, messages: object, **fields: object) -> Refused:
        """See `Face`."""
        return self.refusal(request_of(messages, fields))

    def refusal(self, request: memory_service_pb2.AddMemoriesRequest, timeout: float = 60.0) -> Refused:
        """What a call in vain is told."""
        try:
            self.call(request, timeout)
        except grpc.RpcError as error:
            return refusal_of(error)
        raise AssertionError("the call succeeded")

    def call(
        self, request: memory_service_pb2.AddMemoriesRequest, timeout: float = 60.0
    ) -> memory_service_pb2.AddMemoriesResponse:
        """The bare answer."""
        return self._method()(request, metadata=self.memoryd.metadata, timeout=timeout)

    def begin(self, request: memory_service_pb2.AddMemoriesRequest) -> grpc.Future[Any]:
        """A call under way."""
        return self._method().future(request, metadata=self.memoryd.metadata, timeout=60)

    def _method(
        self,
    ) -> grpc.UnaryUnaryMultiCallable[
        memory_service_pb2.AddMemoriesRequest, memory_service_pb2.AddMemoriesResponse
    ]:
        return self.channel.unary_unary(
            ADD,
            request_serializer=memory_service_pb2.AddMemoriesRequest.SerializeToString,
            response_deserializer=memory_service_pb2.AddMemoriesResponse.FromString,
        )


def refusal_of(error: grpc.RpcError) -> Refused:
    """The code, reason and violations of an error."""
    call = cast("grpc.Call", error)
    info, fields = error_details_pb2.ErrorInfo(), []
    status = rpc_status.from_call(call)
    for detail in status.details if status else ():
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            listed = error_details_pb2.BadRequest.FromString(detail.value)
            fields = [violation.field for violation in listed.field_violations]
    return Refused(call.code().name, info.reason, call.details() or "", tuple(fields))


def request_of(messages: object, fields: Mapping[str, Any]) -> memory_service_pb2.AddMemoriesRequest:
    """The proto of what REST says as JSON."""
    plain = {name: value for name, value in fields.items() if name != "metadata"}
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    assert isinstance(messages, Sequence)
    if "metadata" in fields:
        plain["metadata"] = json.dumps(fields["metadata"])
    return memory_service_pb2.AddMemoriesRequest(
        messages=[memory_pb2.Message(**message) for message in messages], **plain
    )


class _Literal(str):
    """A number as it was written."""


def _from_json(item: Mapping[str, Any]) -> Happened:
    evidence = item.get("evidence")
    return Happened(
        item["event"],
        item["id"],
        item["data"]["memory"],
        item.get("previous_memory"),
        tuple(item["categories"] or ()),
        None
        if evidence is None
        else (
            int(evidence["message_index"]),
            int(evidence["start"]),
            int(evidence["end"]),
            evidence["speaker"],
        ),
        None if item["metadata"] is None else _text(item["metadata"]),
    )


def _text(value: object) -> str:
    """Compact JSON with every number as it was written."""
    if isinstance(value, _Literal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_text(key)}:{_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_text(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _from_proto(event: memory_pb2.MemoryEvent) -> Happened:
    evidence = event.evidence
    return Happened(
        memory_pb2.Event.Name(event.event).removeprefix("EVENT_"),
        event.id,
        event.data.memory,
        event.previous_memory or None,
        tuple(event.categories),
        (evidence.message_index, evidence.start, evidence.end, evidence.speaker)
        if event.HasField("evidence")
        else None,
        event.metadata or None,
    )
