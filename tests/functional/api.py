"""The REST face, path by path, and any method of the gRPC face."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from memoryd.v1 import memory_service_pb2

from tests.functional.faces import Refused, refusal_of
from tests.running import Memoryd

METHODS = memory_service_pb2.DESCRIPTOR.services_by_name["MemoryService"].methods_by_name


@dataclass(frozen=True)
class Api:
    """A client that knows no more than paths."""

    memoryd: Memoryd
    client: httpx.Client
    channel: grpc.Channel

    def send(self, method: str, path: str, body: object = None, **query: Any) -> httpx.Response:
        """Sends a request."""
        content = None if body is None else json.dumps(body).encode()
        return self.client.request(method, path, content=content, params=query)

    def ok(self, method: str, path: str, body: object = None, **query: Any) -> Any:
        """The JSON of a success."""
        answer = self.send(method, path, body, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: object = None, **query: Any) -> tuple[int, str]:
        """The status and the text of an error, which every old field of it repeats."""
        answer = self.send(method, path, body, **query)
        assert answer.status_code >= 400, answer.text
        said = answer.json()
        assert said["error"] == said["detail"] == said["details"]["message"]
        return answer.status_code, said["error"]

    def store(self, user: str | None, *texts: str, **fields: Any) -> list[str]:
        """Stores texts as they are, one memory each, and gives their ids."""
        messages = [{"role": "user", "content": text} for text in texts]
        body = {"messages": messages, "user_id": user, "infer": False, **fields}
        return [event["id"] for event in self.ok("POST", "/v1/memories/", body)]

    def texts(self, user: str, **query: Any) -> list[str]:
        """What is listed of a user, newest first."""
        return [memory["memory"] for memory in self.ok("GET", "/v1/memories/", user_id=user, **query)]

    def rpc(self, name: str, request: Message) -> Any:
        """Calls a method of MemoryService."""
        method = METHODS[name]
        call = self.channel.unary_unary(
            f"/{method.containing_service.full_name}/{name}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        return call(request, metadata=self.memoryd.metadata, timeout=30)

    def rpc_refused(self, name: str, request: Message) -> Refused:
        """The error of a method."""
        try:
            self.rpc(name, request)
        except grpc.RpcError as error:
            return refusal_of(error)
        raise AssertionError("it succeeded")
