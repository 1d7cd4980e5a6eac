"""Is the gateway alive, and would a request succeed?"""

from __future__ import annotations

from fastapi import APIRouter
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from starlette.requests import Request
from starlette.responses import Response

from gateway.calls import Caller, request_id_of
from gateway.errors import ApiError
from gateway.openapi import document
from gateway.routes.answers import answer_object

PATIENCE = 2.0
"""How long a readiness check waits for the service, in seconds; probes give up soon after."""

router = APIRouter(tags=["health"])


@router.get(
    "/healthz", summary="Alive", response_model=None, responses=document.HEALTHY, openapi_extra=document.OPEN
)
async def healthz(request: Request) -> Response:  # noqa: ARG001 - FastAPI calls every route with it
    """The gateway's process is alive. It says nothing about the service."""
    return answer_object({"status": "ok"})


@router.get(
    "/readyz", summary="Ready", response_model=None, responses=document.READY, openapi_extra=document.OPEN
)
async def readyz(request: Request) -> Response:
    """The service and everything it depends on would carry out a request."""
    app = request.app
    if app.state.stopping.is_set():
        raise _not_ready("The gateway is about to end.")
    # No key: a probe has none.
    caller = Caller(
        app.state.stubs,
        (("x-request-id", request_id_of(request)),),
        min(PATIENCE, app.state.request_timeout),
    )
    try:
        check = await caller(caller.stubs.health.Check, HealthCheckRequest(service=""))
    except ApiError as error:
        raise _not_ready(error.text) from None
    if check.status != HealthCheckResponse.SERVING:
        raise _not_ready(f"The memory service reports {_name(check.status)}.")
    return answer_object({"status": "ready"})


def _not_ready(reason: str) -> ApiError:
    return ApiError(503, reason, "NOT_READY")


def _name(status: int) -> str:
    return str(HealthCheckResponse.ServingStatus.Name(status))
