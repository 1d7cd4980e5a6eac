"""The routes of all nouns: FastAPI reads their declarations and documents them, Starlette serves them.

FastAPI would serve them too, but half of what a cheap call costs the gateway would then be its reading of
parameters, which routes here do by themselves.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias, cast

from fastapi import APIRouter
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from gateway.openapi import document
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

Endpoint: TypeAlias = Callable[..., Awaitable[Response]]

# They are tried in turn, so what is called most comes first. A path with an id takes whatever is not another
# route's, so it comes last; for the same reason profiles come before entities.
NOUNS = (
    memories,
    search,
    account,
    preview,
    events,
    profiles,
    entities,
    exports,
    organizations,
    projects,
    webhooks,
    health,
    docs,
    memory,
)


def _operation_id(route: APIRoute) -> str:
    """The route's own name: generated clients call their methods so."""
    return route.name


declared = APIRouter(generate_unique_id_function=_operation_id)
for noun in NOUNS:
    declared.include_router(noun.router)


def paths() -> Iterator[tuple[str, str]]:
    """The method and path of every route, in the order in which they are tried; parameters in braces."""
    for context in iter_route_contexts(declared.routes):
        yield from ((method, context.path or "") for method in sorted(context.methods or ()))


def openapi() -> bytes:
    """The document of all routes, as JSON."""
    return document.build(declared.routes)


def served() -> list[BaseRoute]:
    """The routes for an application to serve."""
    routes: list[BaseRoute] = [
        Route(
            context.path or "",
            _with_path_parameters(cast("Endpoint", context.endpoint)),
            methods=sorted(context.methods or ()),
        )
        for context in iter_route_contexts(declared.routes)
    ]
    return [*routes, Mount(docs.ASSETS, StaticFiles(directory=str(swagger_ui_path)))]


def _with_path_parameters(endpoint: Endpoint) -> Endpoint:
    """Gives an endpoint what it takes of the path; the others read it from the request."""
    taken = inspect.signature(endpoint).parameters.keys() - {"request"}
    if not taken:
        return endpoint

    async def call(request: Request) -> Response:
        return await endpoint(request, **{name: request.path_params[name] for name in taken})

    return call
