"""Searches: three generations of requests, three forms of answers (contract section 5)."""

from __future__ import annotations

from memoryd import exact_json
from memoryd.v1.memory_service_pb2 import SearchMemoriesRequest, SearchMemoriesResponse
from starlette.datastructures import QueryParams

from gateway.codec.fields import Fields, assign
from gateway.codec.listing import past_in_body, refuse_ids
from gateway.codec.memory import SCOPE_FIELDS, memory_object
from gateway.codec.project import read_project
from gateway.errors import Violation
from gateway.validation import Decoded

FLAGS = (
    "rerank",
    "keyword_search",
    "filter_memories",
    "only_metadata_based_search",
    "show_expired",
)


def decode(
    body: dict[str, object], query: QueryParams, *, ids_beside_filters: bool = True
) -> Decoded[SearchMemoriesRequest]:
    """The request.

    Args:
        body: the body.
        query: the query, in which the project may stand.
        ids_beside_filters: whether the four ids may stand beside `filters`.
    """
    violations: list[Violation] = []
    fields = Fields(body, "", violations)
    if not ids_beside_filters:
        refuse_ids(fields)
    top_k = fields.integer("top_k")
    limit = fields.integer("limit")
    request = SearchMemoriesRequest(categories=fields.texts("categories"), fields=fields.texts("fields"))
    assign(
        request,
        {
            **{name: fields.text(name) for name in ("query", *SCOPE_FIELDS, "output_format")},
            **{name: fields.flag(name) for name in FLAGS},
            **past_in_body(fields),
            "filters": fields.object_text("filters"),
            "metadata": fields.object_text("metadata"),
            "top_k": limit if top_k is None else top_k,
            "threshold": fields.number("threshold"),
            **read_project(fields, query),
        },
    )
    return Decoded(request, violations)


def encode_array(answer: SearchMemoriesResponse, request: SearchMemoriesRequest) -> bytes:
    """The memories alone."""
    return exact_json.dumps(_found(answer, request)).encode()


def encode_v1(answer: SearchMemoriesResponse, request: SearchMemoriesRequest) -> bytes:
    """The memories alone or, as `output_format` v1.1 wants it, in an envelope with relations."""
    if request.output_format != "v1.1":
        return encode_array(answer, request)
    return exact_json.dumps({"results": _found(answer, request), "relations": []}).encode()


def encode_v3(answer: SearchMemoriesResponse, request: SearchMemoriesRequest) -> bytes:
    """The memories in an envelope."""
    return exact_json.dumps({"results": _found(answer, request)}).encode()


def _found(answer: SearchMemoriesResponse, request: SearchMemoriesRequest) -> list[dict[str, object]]:
    wanted = [*request.fields, "score"] if request.fields else ()
    return [{"score": None} | memory_object(memory, wanted) for memory in answer.memories]
