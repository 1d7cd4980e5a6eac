"""Events: what became of the requests that were sent."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gateway.body import read_optional_object
from gateway.calls import caller_of
from gateway.codec import events
from gateway.codec.pages import paged
from gateway.openapi import document
from gateway.openapi.events import LIST_PARAMETERS, WATCH_PARAMETERS
from gateway.routes.answers import address_of, answer_object
from gateway.routes.streams import STREAM_HEADERS, server_sent
from gateway.validation import call_checked, open_checked, read_checked

router = APIRouter(tags=["events"])


@router.get(
    "/v1/events/",
    summary="List events",
    response_model=None,
    responses=document.responses("Events"),
    openapi_extra=LIST_PARAMETERS,
)
@router.get(
    "/v1/memories/events/",
    summary="List events",
    name="list_memory_events",
    response_model=None,
    responses=document.responses("Events"),
    openapi_extra=LIST_PARAMETERS,
)
async def list_events(request: Request) -> Response:
    """Lists the project's events, the newest first."""
    caller = caller_of(request)
    decoded = events.decode_list(request.query_params)
    found = await read_checked(caller, caller.stubs.events.ListEvents, decoded)
    results = [events.event_object(event) for event in found.events]
    return answer_object(
        paged(address_of(request), results, count=found.count, page=found.page, page_size=found.page_size)
    )


@router.get(
    "/v1/event/{event_id}/",
    summary="Get an event",
    response_model=None,
    responses=document.responses("Event"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def get_event(request: Request, event_id: str) -> Response:
    """Says how far a request has come, and what it changed or why it failed."""
    caller = caller_of(request)
    decoded = events.decode_get(event_id, request.query_params)
    found = await read_checked(caller, caller.stubs.events.GetEvent, decoded)
    return answer_object(events.event_object(found.event))


@router.get(
    "/v1/events/stream/",
    summary="Follow changes",
    response_model=None,
    responses=document.stream_responses("MemoryChange"),
    openapi_extra=WATCH_PARAMETERS,
)
async def watch_events(request: Request) -> Response:
    """Follows all changes of the project's memories, in the order of their commits, as Server-Sent Events.

    Each event's `id` is a cursor, which a browser sends back by itself as `Last-Event-ID` when it connects
    again: nothing is missed, and what is told twice has the same `id` in its data.
    """
    caller = caller_of(request)
    decoded = events.decode_watch(request.query_params, request.headers.get("last-event-id"))
    opened = await open_checked(caller, caller.stubs.events.WatchEvents, decoded)
    stopping: asyncio.Event = request.app.state.stopping
    return StreamingResponse(
        server_sent(opened, stopping), media_type="text/event-stream", headers=STREAM_HEADERS
    )


@router.post(
    "/v1/event/{event_id}/retry/",
    summary="Retry an event",
    response_model=None,
    responses=document.responses("Event"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def retry_event(request: Request, event_id: str) -> Response:
    """Performs a request that failed once more, in the background, under the same event id."""
    caller = caller_of(request)
    body = await read_optional_object(request, caller)
    decoded = events.decode_retry(event_id, body, request.query_params)
    found = await call_checked(caller, caller.stubs.events.RetryEvent, decoded)
    return answer_object(events.event_object(found.event))
