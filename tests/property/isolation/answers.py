"""Any method of the service, and what it answers in a form that can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from grpc_status import rpc_status

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@dataclass(frozen=True)
class Answer:
    """What a call was told: a message, or an error with all that a client can see of it."""

    code: str
    message: Any = None
    """Of the method's own type; None in an error."""
    text: str = ""
    reason: str = ""
    details: tuple[tuple[str, str], ...] = ()
    """Violations and metadata, without the request's id."""

    @property
    def ok(self) -> bool:
        """Whether it is no error."""
        return self.code == "OK"

    @property
    def strings(self) -> list[str]:
        """Every text that the caller can read in it."""
        said = [self.text, self.reason, *(text for pair in self.details for text in pair)]
        return said if self.message is None else [*said, *strings_in(self.message)]

    @property
    def shape(self) -> tuple[object, ...]:
        """The answer without ids and times: what must not differ between 'not yours' and 'not there'."""
        message = "" if self.message is None else json_format.MessageToJson(self.message)
        texts = (message, self.text, *(text for pair in self.details for text in pair))
        return (self.code, self.reason, *(MOMENT.sub("<time>", UUID.sub("<id>", text)) for text in texts))


def call(channel: grpc.Channel, method: MethodDescriptor, request: Message, secret: str) -> Answer:
    """Calls a method with a key."""
    try:
        message = call_whole(channel, method, request, (("authorization", f"Token {secret}"),), 60)
    except grpc.RpcError as error:
        return _error(cast("grpc.Call", error))
    return Answer("OK", message)


def call_whole(
    channel: grpc.Channel,
    method: MethodDescriptor,
    request: Message,
    metadata: Sequence[tuple[str, str]],
    timeout: float,
) -> Message:
    """The answer of any method; the answers of a stream in one."""
    answer = GetMessageClass(method.output_type)
    open_rpc: Any = channel.unary_stream if method.server_streaming else channel.unary_unary
    rpc = open_rpc(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=answer.FromString,
    )
    told: Any = rpc(request, metadata=metadata, timeout=timeout)
    if not method.server_streaming:
        return cast("Message", told)
    whole = answer()
    for each in told:
        whole.MergeFrom(each)
    return whole


def _error(error: grpc.Call) -> Answer:
    answer = Answer(error.code().name, text=error.details() or "")
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo.FromString(detail.value)
            known = tuple((name, value) for name, value in info.metadata.items() if name != "request_id")
            answer = replace(answer, reason=info.reason, details=answer.details + known)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            wrong = error_details_pb2.BadRequest.FromString(detail.value).field_violations
            pairs = tuple((each.field, each.description) for each in wrong)
            answer = replace(answer, details=answer.details + pairs)
    return answer


def strings_in(message: Message) -> Iterator[str]:
    """Every text in a message, at any depth."""
    for field, value in message.ListFields():
        many: Any = value.values() if _is_map(field) else value if field.is_repeated else (value,)
        if _is_map(field):
            yield from map(str, value)
        for each in many:
            if isinstance(each, Message):
                yield from strings_in(each)
            elif isinstance(each, str):
                yield each


def _is_map(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and bool(kind.GetOptions().map_entry)
