"""Lists of memories: three generations of requests, two forms of answers (contract section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from memoryd import exact_json
from memoryd.v1.memory_service_pb2 import (
    DeleteMemoriesRequest,
    GetMemoryRequest,
    ListMemoriesRequest,
    ListMemoriesResponse,
)
from starlette.datastructures import URL, QueryParams

from gateway.codec.fields import Fields, assign
from gateway.codec.memory import SCOPE_FIELDS, memory_object
from gateway.codec.project import read_project
from gateway.codec.query import QueryFields
from gateway.errors import Violation
from gateway.validation import Decoded

TEXT_FIELDS = (*SCOPE_FIELDS, "start_date", "end_date")

R = TypeVar("R", ListMemoriesRequest, DeleteMemoriesRequest)


@dataclass(frozen=True, slots=True)
class ListCall:
    """A request, and whether its answer is a page or a bare array."""

    decoded: Decoded[ListMemoriesRequest]
    paginated: bool


def decode_get(memory_id: str, query: QueryParams) -> Decoded[GetMemoryRequest]:
    """GET /v1/memories/{id}/."""
    violations: list[Violation] = []
    request = GetMemoryRequest(memory_id=memory_id)
    assign(
        request,
        {
            **past_in_query(QueryFields(query, violations)),
            **read_project(Fields({}, "", violations), query),
        },
    )
    return Decoded(request, violations)


def decode_query(query: QueryParams, entity: tuple[str, str] | None = None) -> ListCall:
    """A request of the first generation: everything stands in the query, the entity in the path."""
    violations: list[Violation] = []
    fields = QueryFields(query, violations)
    request = _filtered(ListMemoriesRequest(), fields)
    page, page_size, limit = (fields.integer(name) for name in ("page", "page_size", "limit"))
    assign(
        request,
        {
            "show_expired": fields.flag("show_expired"),
            **past_in_query(fields),
            "page": page,
            "page_size": page_size if limit is None or page_size is not None else limit,
            "entity_type": entity and entity[0],
            "entity_id": entity and entity[1],
            **read_project(Fields({}, "", violations), query),
        },
    )
    request.fields.extend(fields.texts("fields"))
    return ListCall(Decoded(request, violations), {"page", "page_size"} <= query.keys())


def decode_body(body: dict[str, object], query: QueryParams, *, ids_beside_filters: bool) -> ListCall:
    """A request with a body; the page may stand in the query.

    Args:
        body: the body.
        query: the query.
        ids_beside_filters: whether the four ids may stand beside `filters`. Where they may not, the answer is
            always a page.
    """
    violations: list[Violation] = []
    fields, in_query = Fields(body, "", violations), QueryFields(query, violations)
    if not ids_beside_filters:
        refuse_ids(fields)
    pages = {
        name: in_query.integer(name) if name in query else fields.integer(name)
        for name in ("page", "page_size", "limit", "top_k")
    }
    given_sizes = [pages[name] for name in ("page_size", "limit", "top_k") if pages[name] is not None]
    request = ListMemoriesRequest(
        categories=fields.texts("categories"),
        keywords=fields.texts("keywords"),
        fields=fields.texts("fields"),
    )
    assign(
        request,
        {
            **{name: fields.text(name) for name in TEXT_FIELDS},
            "filters": fields.object_text("filters"),
            "metadata": fields.object_text("metadata"),
            "show_expired": fields.flag("show_expired"),
            **past_in_body(fields),
            "page": pages["page"],
            "page_size": next(iter(given_sizes), None),
            **read_project(fields, query),
        },
    )
    both = pages["page"] is not None and pages["page_size"] is not None
    return ListCall(Decoded(request, violations), both or not ids_beside_filters)


def decode_deletion(query: QueryParams) -> Decoded[DeleteMemoriesRequest]:
    """DELETE /v1/memories/: filters of any generation in the query."""
    violations: list[Violation] = []
    fields = QueryFields(query, violations)
    request = _filtered(DeleteMemoriesRequest(), fields)
    request.memory_ids.extend(fields.texts("memory_ids"))
    assign(request, read_project(Fields({}, "", violations), query))
    return Decoded(request, violations)


def encode(answer: ListMemoriesResponse, call: ListCall, url: URL) -> bytes:
    """The answer's JSON.

    Args:
        answer: the memories.
        call: what was asked for.
        url: the absolute address of the request, from which those of the neighbouring pages are made.
    """
    request = call.decoded.request
    results = [memory_object(memory, request.fields) for memory in answer.memories]
    if not call.paginated:
        return exact_json.dumps(results).encode()
    page = request.page if request.HasField("page") else 1
    # A size that stood in the body goes along, or the neighbour would begin elsewhere.
    size = {"page_size": request.page_size} if request.HasField("page_size") else {}
    envelope = {
        "count": answer.count,
        "next": str(url.include_query_params(page=page + 1, **size)) if answer.has_next else None,
        "previous": str(url.include_query_params(page=page - 1, **size)) if page > 1 else None,
        "results": results,
    }
    return exact_json.dumps(envelope).encode()


def _filtered(request: R, fields: QueryFields) -> R:
    """The request with what filters in a query."""
    request.categories.extend(fields.texts("categories"))
    request.keywords.extend(fields.query.getlist("keywords"))
    readers: Mapping[Callable[[str], str | None], tuple[str, ...]] = {
        fields.text: TEXT_FIELDS,
        fields.object_text: ("filters", "metadata"),
    }
    assign(request, {name: read(name) for read, names in readers.items() for name in names})
    return request


def past_in_query(fields: QueryFields) -> dict[str, object]:
    """Which versions a query asks for."""
    return {"as_of": fields.text("as_of"), "include_superseded": fields.flag("include_superseded")}


def past_in_body(fields: Fields) -> dict[str, object]:
    """Which versions a body asks for."""
    return {"as_of": fields.moment_text("as_of"), "include_superseded": fields.flag("include_superseded")}


def refuse_ids(fields: Fields) -> None:
    """Faults ids that stand beside `filters` where they may not."""
    for name in SCOPE_FIELDS:
        if fields.values.get(name) is not None:
            fields.fault(name, "is not supported here: put it into filters")
