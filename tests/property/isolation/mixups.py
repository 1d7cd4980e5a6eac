"""A service that takes one caller for another: what the walls between projects are there to prevent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from service.ledger.database import Database
from tests.property.isolation.machine import Isolation


class _Details(grpc.ClientCallDetails):
    def __init__(self, original: grpc.ClientCallDetails, secret: str) -> None:
        self.method, self.timeout = original.method, original.timeout
        self.credentials, self.wait_for_ready = original.credentials, original.wait_for_ready
        self.metadata = (("authorization", f"Token {secret}"),)


class Confusion(grpc.UnaryUnaryClientInterceptor):
    """Calls one method with the key of the project next door."""

    def __init__(self, method: str) -> None:
        self._method = method
        self.keys: dict[str, str] = {}

    def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: grpc.ClientCallDetails, request: Any
    ) -> Any:
        """See gRPC."""
        sent = str(dict(client_call_details.metadata or ())["authorization"])
        secret = sent.removeprefix("Token ")
        if client_call_details.method.endswith(f"/{self._method}") and secret in self.keys:
            client_call_details = _Details(client_call_details, self.keys[secret])
        return continuation(client_call_details, request)


def confused(channel: grpc.Channel, database: Database, method: str) -> Isolation:
    """The machine, before a service that confuses the owners of the first two projects in one method."""
    confusion = Confusion(method)
    machine = Isolation(grpc.intercept_channel(channel, confusion), database)
    first, second = (key.secret for key in machine.callers.tenants.keys[:2])
    confusion.keys = {first: second, second: first}
    return machine
