"""Puts the gateway together: routes, rules for every route, and the way into the service."""

from __future__ import annotations

import asyncio

import grpc.aio
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from swagger_ui_bundle import swagger_ui_path

from gateway import errors
from gateway.boundary import Boundary
from gateway.calls import Stubs, request_id_of
from gateway.openapi.document import DESCRIPTION, TITLE
from gateway.paths import PathRules
from gateway.routes import (
    account,
    docs,
    entities,
    events,
    exports,
    health,
    memories,
    memory,
    organizations,
    preview,
    profiles,
    projects,
    search,
    webhooks,
)

BODY_LIMIT = 4 * 1024 * 1024
"""Clients take 413 for an exhausted quota, so the limit is generous (contract section 1)."""


def create_app(
    channel: grpc.aio.Channel,
    *,
    request_timeout: float = 60.0,
    body_limit: int = BODY_LIMIT,
    stopping: asyncio.Event | None = None,
) -> FastAPI:
    """The REST face of the service behind a channel.

    Args:
        channel: an open channel (see `gateway.serve.open_channel`); who opened it closes it.
        request_timeout: how long the service may take for one call, in seconds.
        body_limit: the largest request body, in bytes.
        stopping: set when the gateway is to end; streams end then.
    """
    app = FastAPI(
        title=TITLE,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        # FastAPI would hand exception texts to whatever collector the environment names.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.stubs = Stubs.over(channel)
    app.state.request_timeout = request_timeout
    app.state.body_limit = body_limit
    app.state.stopping = stopping or asyncio.Event()
    app.add_middleware(PathRules)
    app.add_middleware(Boundary)
    app.add_exception_handler(errors.ApiError, _api_error)
    app.add_exception_handler(HTTPException, _routing_error)
    # A path with an id takes whatever is not another route's, so it comes last; for the same reason profiles
    # come before entities.
    nouns = (
        memories,
        preview,
        search,
        events,
        profiles,
        entities,
        exports,
        account,
        organizations,
        projects,
        webhooks,
        health,
        docs,
        memory,
    )
    for noun in nouns:
        app.include_router(noun.router)
    app.mount(docs.ASSETS, StaticFiles(directory=str(swagger_ui_path)))
    return app


def _operation_id(route: APIRoute) -> str:
    """The route's own name: generated clients call their methods so."""
    return route.name


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
        for route in iter_route_contexts(request.app.routes)
        if route.original_route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    } or {"GET"}  # what is no route is a directory of files
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))
