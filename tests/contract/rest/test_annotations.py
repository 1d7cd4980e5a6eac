from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor

from gateway import routing
from tests.contract.rest.services import SERVICES

OURS = {("get", path) for path in ("/healthz", "/readyz", "/docs", "/openapi.json")}
"""What no client of the API calls."""

CONVERTER = re.compile(r"\{(\w+):\w+\}")


def bindings() -> Iterator[tuple[MethodDescriptor, str, str, str]]:
    """Every RPC with each HTTP method and path that it is annotated with, and where the body goes."""
    for service in SERVICES:
        for method in service.methods:
            rule: Any = method.GetOptions().Extensions[annotations_pb2.http]
            for binding in (rule, *rule.additional_bindings):
                verb = binding.WhichOneof("pattern")
                assert verb, f"{method.full_name} has no path"
                yield method, verb, getattr(binding, verb), binding.body


BINDINGS = list(bindings())
ANNOTATED = {(verb, path) for _, verb, path, _ in BINDINGS}


def routes() -> Iterator[tuple[str, str]]:
    """Every HTTP method and path that the gateway serves, as annotations spell them."""
    for verb, path in routing.paths():
        yield verb.lower(), CONVERTER.sub(r"{\1}", path)


def test_routes_are_annotations() -> None:
    """Every route is a gRPC method first, and every annotated path is served."""
    served = list(routes())
    assert len(served) == len(set(served))
    assert set(served) - OURS == ANNOTATED
    assert set(served) >= OURS


def test_no_path_is_two_methods() -> None:
    """An annotated path leads to one RPC."""
    assert len(BINDINGS) == len(ANNOTATED)


async def test_the_document_has_every_route(client: httpx.AsyncClient) -> None:
    """What is served is documented, but for the pages that document it."""
    document = (await client.get("/openapi.json")).json()
    documented = {(verb, path) for path, operations in document["paths"].items() for verb in operations}
    assert documented == ANNOTATED | {("get", "/healthz"), ("get", "/readyz")}


@pytest.mark.parametrize(("method", "verb", "path", "body"), BINDINGS)
def test_annotations_fit_their_requests(method: MethodDescriptor, verb: str, path: str, body: str) -> None:
    """What stands in a path is a field of the request, and what has a body takes the rest from it."""
    names = re.findall(r"\{(\w+)\}", path)
    assert set(names) <= {field.name for field in method.input_type.fields}
    assert body == "*" if verb in {"post", "put", "patch"} else body in {"", "*"}
