"""From the proto to a checked search, and from its hits to the proto."""

from __future__ import annotations

from collections.abc import Sequence

from memoryd.v1 import memory_service_pb2 as pb

from service.handlers.add_request import SCOPE_FIELDS, given_in
from service.handlers.fields import Fields
from service.handlers.list_request import filter_from
from service.handlers.memory_proto import memory_proto
from service.memory.filters import Filter
from service.memory.search import Hit, SearchQuery

LONGEST_QUERY = 10_000
USUAL_TOP_K = 10
MOST_HITS = 1000

FILTERING = (*SCOPE_FIELDS, "filters", "metadata", "categories")
NO_FILTERS = "Filters are required and cannot be empty. Please refer to the documentation: /docs"
"""Begins to the letter as clients look for it (contract section 1)."""


def search_from(request: pb.SearchMemoriesRequest, fields: Fields) -> SearchQuery:
    """What is asked. What is wrong with the request is noted in `fields`."""
    given = given_in(request)
    top_k = request.top_k if "top_k" in given else USUAL_TOP_K
    if not 1 <= top_k <= MOST_HITS:
        fields.wrong("top_k", f"top_k must be from 1 to {MOST_HITS}")
    threshold = request.threshold if "threshold" in given else 0.0
    if not 0 <= threshold <= 1:
        fields.wrong("threshold", "threshold must be from 0 to 1")
    fields.choice("output_format", given.get("output_format", "v1.0"), ("v1.0", "v1.1"))
    return SearchQuery(
        text=fields.text("query", request.query, LONGEST_QUERY) or "",
        filter=_filter(request, fields),
        top_k=top_k,
        threshold=threshold,
        rerank=request.rerank,
        keyword_search=request.keyword_search,
        filter_memories=request.filter_memories,
        filters_only=request.only_metadata_based_search,
        show_expired=request.show_expired,
    )


def found_proto(hits: Sequence[Hit], request: pb.SearchMemoriesRequest) -> pb.SearchMemoriesResponse:
    """The hits; `fields` never leaves out the score."""
    wanted = {*request.fields, "score"} if request.fields else ()
    return pb.SearchMemoriesResponse(
        memories=[memory_proto(hit.memory, hit.score, wanted, hit.version) for hit in hits]
    )


def _filter(request: pb.SearchMemoriesRequest, fields: Fields) -> Filter:
    if given_in(request).keys().isdisjoint(FILTERING):
        fields.wrong("filters", NO_FILTERS)
    return filter_from(request, fields)
