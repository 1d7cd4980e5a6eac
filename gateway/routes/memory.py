"""One memory, known by its id, and batches of such."""

from __future__ import annotations

from fastapi import APIRouter
from memoryd.v1.memory_service_pb2 import (
    DeleteMemoryRequest,
    ListMemoryHistoryRequest,
)
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import caller_of
from gateway.codec import edits, listing
from gateway.codec.memory import memory_object
from gateway.codec.project import decode_selection
from gateway.openapi import document
from gateway.routes.answers import answer, answer_object
from gateway.validation import call_checked, read_checked

router = APIRouter(tags=["memories"])


@router.get(
    "/v1/memories/{memory_id}/",
    summary="Get a memory",
    response_model=None,
    responses=document.responses("Memory"),
    openapi_extra=document.GET_PARAMETERS,
)
async def get_memory(request: Request, memory_id: str) -> Response:
    """Gives one memory, expired or not: as it is now, or as it was known at a moment (`as_of`)."""
    caller = caller_of(request)
    decoded = listing.decode_get(memory_id, request.query_params)
    found = await read_checked(caller, caller.stubs.memories.GetMemory, decoded)
    return answer_object(memory_object(found.memory))


@router.put(
    "/v1/memories/{memory_id}/",
    summary="Update a memory",
    response_model=None,
    responses=document.responses("Memory"),
    openapi_extra=document.request_body("UpdateRequest"),
)
async def update_memory(request: Request, memory_id: str) -> Response:
    """Changes one memory by hand. What is not given stays; metadata merges with what is there."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = edits.decode_update(memory_id, body, request.query_params)
    changed = await call_checked(caller, caller.stubs.memories.UpdateMemory, decoded)
    return answer_object(memory_object(changed.memory))


@router.delete(
    "/v1/memories/{memory_id}/",
    summary="Delete a memory",
    response_model=None,
    responses=document.responses("Done"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def delete_memory(request: Request, memory_id: str) -> Response:
    """Deletes one memory. Its history stays."""
    caller = caller_of(request)
    decoded = decode_selection(DeleteMemoryRequest(memory_id=memory_id), request.query_params)
    await call_checked(caller, caller.stubs.memories.DeleteMemory, decoded)
    return answer_object({"message": "Memory deleted successfully!"})


@router.get(
    "/v1/memories/{memory_id}/history/",
    summary="Get a memory's history",
    response_model=None,
    responses=document.responses("History"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def list_memory_history(request: Request, memory_id: str) -> Response:
    """Gives everything that ever happened to a memory, oldest first, also after it was deleted."""
    caller = caller_of(request)
    decoded = decode_selection(ListMemoryHistoryRequest(memory_id=memory_id), request.query_params)
    return answer(
        edits.encode_history(await read_checked(caller, caller.stubs.memories.ListMemoryHistory, decoded))
    )


@router.put(
    "/v1/batch/",
    summary="Update memories",
    response_model=None,
    responses=document.responses("Done"),
    openapi_extra=document.request_body("BatchUpdateRequest"),
)
async def batch_update_memories(request: Request) -> Response:
    """Changes up to 1,000 memories by hand, all or none."""
    caller = caller_of(request)
    decoded = edits.decode_batch_update(await read_object(request, caller), request.query_params)
    changed = await call_checked(caller, caller.stubs.memories.BatchUpdateMemories, decoded)
    return answer_object({"message": f"Successfully updated {len(changed.memories)} memories"})


@router.delete(
    "/v1/batch/",
    summary="Delete memories",
    response_model=None,
    responses=document.responses("Done"),
    openapi_extra=document.request_body("BatchDeleteRequest"),
)
async def batch_delete_memories(request: Request) -> Response:
    """Deletes up to 1,000 memories, all or none. Their histories stay."""
    caller = caller_of(request)
    decoded = edits.decode_batch_delete(await read_object(request, caller), request.query_params)
    deleted = await call_checked(caller, caller.stubs.memories.BatchDeleteMemories, decoded)
    return answer_object({"message": f"Successfully deleted {deleted.count} memories"})


@router.post(
    "/v1/feedback/",
    summary="Give feedback on a memory",
    response_model=None,
    responses=document.responses("Feedback"),
    openapi_extra=document.request_body("FeedbackRequest"),
)
async def create_feedback(request: Request) -> Response:
    """Says how good a memory is. A later call replaces what was said."""
    caller = caller_of(request)
    decoded = edits.decode_feedback(await read_object(request, caller), request.query_params)
    noted = await call_checked(caller, caller.stubs.memories.CreateFeedback, decoded)
    return answer_object(edits.feedback_object(noted))
