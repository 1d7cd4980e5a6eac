"""Search: a question goes in, the memories that answer it come out."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from memoryd.v1.memory_service_pb2 import SearchMemoriesRequest, SearchMemoriesResponse
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import caller_of
from gateway.codec import searching
from gateway.openapi import document
from gateway.routes.answers import answer
from gateway.validation import call_checked

router = APIRouter(tags=["search"])

Encode = Callable[[SearchMemoriesResponse, SearchMemoriesRequest], bytes]


@router.post(
    "/v1/memories/search/",
    summary="Search memories",
    response_model=None,
    responses=document.responses("SearchResults"),
    openapi_extra=document.request_body("SearchRequest"),
)
async def search_memories(request: Request) -> Response:
    """Gives the memories that answer the query, best first: an array, or an envelope under v1.1."""
    return await _search(request, searching.encode_v1, ids_beside_filters=True)


@router.post(
    "/v2/memories/search/",
    summary="Search memories by a filter",
    response_model=None,
    responses=document.responses("FoundMemories"),
    openapi_extra=document.request_body("SearchRequest"),
)
async def search_memories_v2(request: Request) -> Response:
    """Gives the memories that answer the query, best first."""
    return await _search(request, searching.encode_array, ids_beside_filters=True)


@router.post(
    "/v3/memories/search/",
    summary="Search memories by a filter, in an envelope",
    response_model=None,
    responses=document.responses("SearchEnvelope"),
    openapi_extra=document.request_body("FilteredSearchRequest"),
)
async def search_memories_v3(request: Request) -> Response:
    """Gives the memories that answer the query, best first. Ids stand in `filters`."""
    return await _search(request, searching.encode_v3, ids_beside_filters=False)


async def _search(request: Request, encode: Encode, *, ids_beside_filters: bool) -> Response:
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = searching.decode(body, request.query_params, ids_beside_filters=ids_beside_filters)
    found = await call_checked(caller, caller.stubs.memories.SearchMemories, decoded)
    return answer(encode(found, decoded.request))
