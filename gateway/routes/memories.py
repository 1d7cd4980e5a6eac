"""Memories: messages go in, facts come out."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import caller_of
from gateway.codec import add
from gateway.openapi import document
from gateway.routes.answers import answer, answer_object
from gateway.validation import call_checked

router = APIRouter(tags=["memories"])


@router.post(
    "/v1/memories/",
    summary="Add memories",
    response_model=None,
    responses=document.responses("AddResults"),
    openapi_extra=document.request_body("AddRequest"),
)
async def add_memories(request: Request) -> Response:
    """Reads facts from messages and reconciles each with what is already known."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = add.decode(body, request.query_params)
    result = await call_checked(caller, caller.stubs.memories.AddMemories, decoded)
    return answer(add.encode(result, decoded.request.output_format))


@router.post(
    "/v3/memories/add/",
    summary="Add memories, and follow the event",
    response_model=None,
    responses=document.responses("AddResultsV3"),
    openapi_extra=document.request_body("AddRequest"),
)
async def add_memories_v3(request: Request) -> Response:
    """Stores the request durably and answers at once, unless `async_mode` or `infer` is false."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = add.decode_v3(body, request.query_params)
    result = await call_checked(caller, caller.stubs.memories.AddMemories, decoded)
    return answer_object(add.encode_v3(result))
