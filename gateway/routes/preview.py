"""Previews: what messages would change, before anybody decides that they shall."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import caller_of
from gateway.codec import add, preview
from gateway.openapi import document
from gateway.routes.answers import answer_object
from gateway.validation import call_checked

router = APIRouter(tags=["memories"])


@router.post(
    "/v1/memories/preview/",
    summary="Preview an add",
    response_model=None,
    responses=document.responses("Preview"),
    openapi_extra=document.request_body("AddRequest"),
)
async def preview_memories(request: Request) -> Response:
    """Shows what the same request to add would change, without changing anything. Kept for an hour."""
    caller = caller_of(request)
    decoded = add.decode_preview(await read_object(request, caller), request.query_params)
    plan = await call_checked(caller, caller.stubs.memories.PreviewMemories, decoded)
    return answer_object(preview.preview_object(plan))


@router.post(
    "/v1/memories/preview/{plan_id}/commit/",
    summary="Commit a preview",
    response_model=None,
    responses=document.responses("PreviewCommitted"),
    openapi_extra=document.request_body("CommitRequest"),
)
async def commit_preview(request: Request, plan_id: str) -> Response:
    """Makes the changes that the preview showed: once, and only if nothing in the scope changed since."""
    caller = caller_of(request)
    decoded = preview.decode_commit(plan_id, await read_object(request, caller), request.query_params)
    done = await call_checked(caller, caller.stubs.memories.CommitPreview, decoded)
    return answer_object(preview.committed_object(done))
