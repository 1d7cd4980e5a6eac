from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
from google.api import annotations_pb2

from tests.contract.rest.services import SERVICES

PROBES = {("get", "/healthz"), ("get", "/readyz")}


def bindings() -> Iterator[tuple[str, str]]:
    """Every HTTP method and path that an RPC is annotated with."""
    for service in SERVICES:
        for method in service.methods:
            rule: Any = method.GetOptions().Extensions[annotations_pb2.http]
            for binding in (rule, *rule.additional_bindings):
                verb = binding.WhichOneof("pattern")
                assert verb, f"{method.full_name} has no path"
                yield verb, getattr(binding, verb)


async def test_routes_are_annotations(client: httpx.AsyncClient) -> None:
    """Every route is a gRPC method first, and every annotated path is served; only probes stand apart."""
    document = (await client.get("/openapi.json")).json()
    routes = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert routes - PROBES == set(bindings())
    assert routes >= PROBES
