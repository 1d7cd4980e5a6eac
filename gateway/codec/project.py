"""Which project a call is for: four fields that may stand in the body or in the query of any call."""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.message import Message
from memoryd.v1.account_service_pb2 import PingRequest
from starlette.datastructures import QueryParams

from gateway.codec.fields import Fields, assign
from gateway.errors import Violation
from gateway.validation import Decoded

Q = TypeVar("Q", bound=Message)

PROJECT_FIELDS = ("org_id", "org_name", "project_id", "project_name")


def read_project(fields: Fields, query: QueryParams) -> dict[str, str]:
    """The fields that are given. The same one given twice with different values is a fault."""
    return {name: value for name in PROJECT_FIELDS if (value := _one_of_all(fields, query, name)) is not None}


def decode_ping(query: QueryParams) -> Decoded[PingRequest]:
    """GET /v1/ping/: nothing but a project."""
    return decode_selection(PingRequest(), query)


def decode_selection(request: Q, query: QueryParams) -> Decoded[Q]:
    """A request of which nothing but the project stands in the query."""
    violations: list[Violation] = []
    assign(request, read_project(Fields({}, "", violations), query))
    return Decoded(request, violations)


def _one_of_all(fields: Fields, query: QueryParams, name: str) -> str | None:
    in_body = fields.text(name)
    given = set(query.getlist(name)) | ({in_body} if in_body is not None else set())
    if len(given) > 1:
        fields.fault(name, "is given more than once, with different values")
        return None
    return next(iter(given), None)
