"""Who is calling, and on behalf of which project."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from gateway.calls import caller_of
from gateway.codec import project
from gateway.openapi import document
from gateway.routes.answers import answer_object
from gateway.validation import read_checked

router = APIRouter(tags=["account"])


@router.get(
    "/v1/ping/",
    summary="Check a key",
    response_model=None,
    responses=document.responses("Ping"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def ping(request: Request) -> Response:
    """Says which organization and project the key belongs to."""
    caller = caller_of(request)
    who = await read_checked(caller, caller.stubs.accounts.Ping, project.decode_ping(request.query_params))
    return answer_object(
        {
            "status": who.status,
            "org_id": who.org_id,
            "project_id": who.project_id,
            "user_email": who.user_email,
        }
    )
