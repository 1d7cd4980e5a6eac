"""Puts the gateway together: routes, rules for every route, and the way into the service."""

from __future__ import annotations

import asyncio
from functools import cache

import grpc.aio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from gateway import errors, routing
from gateway.boundary import Boundary
from gateway.calls import Stubs, request_id_of
from gateway.paths import PathRules

BODY_LIMIT = 4 * 1024 * 1024
"""Clients take 413 for an exhausted quota, so the limit is generous (contract section 1)."""


def create_app(
    channel: grpc.aio.Channel,
    *,
    request_timeout: float = 60.0,
    body_limit: int = BODY_LIMIT,
    stopping: asyncio.Event | None = None,
) -> Starlette:
    """The REST face of the service behind a channel.

    Args:
        channel: an open channel (see `gateway.serve.open_channel`); who opened it closes it.
        request_timeout: how long the service may take for one call, in seconds.
        body_limit: the largest request body, in bytes.
        stopping: set when the gateway is to end; streams end then.
    """
    app = Starlette(
        routes=routing.served(),
        middleware=[Middleware(Boundary), Middleware(PathRules)],
        exception_handlers={errors.ApiError: _api_error, HTTPException: _routing_error},
    )
    app.router.redirect_slashes = False
    app.state.stubs = Stubs.over(channel)
    app.state.request_timeout = request_timeout
    app.state.body_limit = body_limit
    app.state.stopping = stopping or asyncio.Event()
    app.state.openapi = cache(routing.openapi)
    return app


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.ApiError)  # noqa: S101 - Starlette's signature is wider than its calls
    return errors.respond(error, request_id_of(request))


async def _routing_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    headers = {"Allow": _allowed(request)} if error.status_code == 405 else error.headers
    return errors.respond(errors.from_status(error.status_code, headers), request_id_of(request))


def _allowed(request: Request) -> str:
    """The methods of every route that the path fits; Starlette names those of the first alone."""
    methods = {
        method
        for route in request.app.routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in getattr(route, "methods", None) or ()
    } or {"GET"}  # what is no route is a directory of files
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
