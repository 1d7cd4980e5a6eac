"""Memories: messages go in, facts come out, and stay listed until they are deleted."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import Caller, caller_of
from gateway.codec import add, listing
from gateway.errors import ApiError
from gateway.openapi import document
from gateway.routes.answers import address_of, answer, answer_array, answer_object
from gateway.validation import call_checked, read_checked

router = APIRouter(tags=["memories"])

SCOPE_REQUIRED = "SCOPE_REQUIRED"
"""The service's reason when nothing says whose memories are meant."""


@router.post(
    "/v1/memories/",
    summary="Add memories",
    response_model=None,
    responses=document.responses("AddResults"),
    openapi_extra=document.request_body("AddRequest", document.ADD_PARAMETERS),
)
async def add_memories(request: Request) -> Response:
    """Reads facts from messages and reconciles each with what is already known."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = add.with_key(add.decode(body, request.query_params), request.headers)
    result = await call_checked(caller, caller.stubs.memories.AddMemories, decoded)
    return answer(add.encode(result, decoded.request.output_format))


@router.post(
    "/v3/memories/add/",
    summary="Add memories, and follow the event",
    response_model=None,
    responses=document.responses("AddResultsV3"),
    openapi_extra=document.request_body("AddRequestV3", document.ADD_PARAMETERS),
)
async def add_memories_v3(request: Request) -> Response:
    """Stores the request durably and answers at once, unless `async_mode` or `infer` is false."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = add.with_key(add.decode_v3(body, request.query_params), request.headers)
    result = await call_checked(caller, caller.stubs.memories.AddMemories, decoded)
    return answer_object(add.encode_v3(result))


@router.get(
    "/v1/memories/",
    summary="List memories",
    response_model=None,
    responses=document.list_responses("MemoryList"),
    openapi_extra=document.LIST_PARAMETERS,
)
async def list_memories(request: Request) -> Response:
    """Gives memories, newest first: an array, or a page where `page` and `page_size` are both given."""
    return await _list(request, caller_of(request), listing.decode_query(request.query_params))


@router.post(
    "/v2/memories/",
    summary="List memories by a filter",
    response_model=None,
    responses=document.list_responses("MemoryList"),
    openapi_extra=document.request_body("ListRequest", document.PAGE_PARAMETERS),
)
async def list_memories_v2(request: Request) -> Response:
    """Gives memories, newest first: an array, or a page where `page` and `page_size` are both given."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    return await _list(
        request, caller, listing.decode_body(body, request.query_params, ids_beside_filters=True)
    )


@router.post(
    "/v3/memories/",
    summary="List memories by a filter, page by page",
    response_model=None,
    responses=document.list_responses("MemoryPage"),
    openapi_extra=document.request_body("PageRequest", document.PAGE_PARAMETERS),
)
async def list_memories_v3(request: Request) -> Response:
    """Gives one page of memories, newest first. Ids stand in `filters`."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    return await _list(
        request, caller, listing.decode_body(body, request.query_params, ids_beside_filters=False)
    )


@router.get(
    "/v1/memories/{entity_type:entity_type}/{entity_id:entity_id}/",
    summary="List the memories of an entity",
    response_model=None,
    responses=document.responses("MemoryList"),
    openapi_extra=document.LIST_PARAMETERS,
)
async def list_entity_memories(request: Request, entity_type: str, entity_id: str) -> Response:
    """Gives the memories of a user, agent, app or run, like the list of all."""
    return await _list(
        request, caller_of(request), listing.decode_query(request.query_params, (entity_type, entity_id))
    )


@router.delete(
    "/v1/memories/",
    summary="Delete memories",
    response_model=None,
    responses=document.responses("DoneCounted"),
    openapi_extra=document.FILTER_PARAMETERS,
)
async def delete_memories(request: Request) -> Response:
    """Deletes every memory that meets the filters, all or none. `*` stands for any id."""
    caller = caller_of(request)
    decoded = listing.decode_deletion(request.query_params)
    deleted = await call_checked(caller, caller.stubs.memories.DeleteMemories, decoded)
    return answer_object({"message": "Memories deleted successfully!", "count": deleted.count})


async def _list(request: Request, caller: Caller, call: listing.ListCall) -> Response:
    try:
        found = await read_checked(caller, caller.stubs.memories.ListMemories, call.decoded)
    except ApiError as error:
        if error.code == SCOPE_REQUIRED:
            # The one error without an envelope: clients of this list expect an array (contract section 1).
            return answer_array([error.text], error.status)
        raise
    return answer(listing.encode(found, call, address_of(request)))
