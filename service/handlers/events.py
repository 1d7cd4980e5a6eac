"""EventService: each method reads the proto, calls one use case, and writes the proto."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta

from memoryd.v1 import event_service_pb2 as pb
from memoryd.v1.event_service_pb2_grpc import EventServiceServicer

from service.handlers.add_request import SCOPE_FIELDS, given_in, selection_from
from service.handlers.admission import admit
from service.handlers.event_record import change_proto, record_proto
from service.handlers.fields import Fields
from service.handlers.pages import page_from
from service.memory.accounts import Accounts, access_project, authenticate
from service.memory.events import EVENT_TYPES, EventFilter, EventLog, RetryEvent, get_event, list_events
from service.memory.feed import Arrivals, Feed, cursor_of, follow, position_in
from service.memory.model import RequestStatus, Scope
from service.transport.call import current_call
from service.transport.chain import Context


class EventHandlers(EventServiceServicer):
    """Requests of the project that the API key selects."""

    def __init__(
        self, accounts: Accounts, log: EventLog, retry: RetryEvent, feed: Feed, arrivals: Arrivals
    ) -> None:
        self._accounts = accounts
        self._log = log
        self._retry = retry
        self._feed = feed
        self._arrivals = arrivals

    async def ListEvents(
        self,
        request: pb.ListEventsRequest,
        context: Context,
    ) -> pb.ListEventsResponse:
        """Lists the project's events, the newest first."""
        fields = Fields()
        page = page_from(given_in(request), fields)
        wanted = _filter_from(request, fields)
        project_id = await admit(self._accounts, request, fields)
        listing = await list_events(self._log, project_id, wanted, page)
        return pb.ListEventsResponse(
            count=listing.count,
            events=[record_proto(record) for record in listing.items],
            page=page.number,
            page_size=page.size,
        )

    async def GetEvent(
        self,
        request: pb.GetEventRequest,
        context: Context,
    ) -> pb.GetEventResponse:
        """Says how far one request has come."""
        fields = Fields()
        event_id = fields.uuid("event_id", request.event_id)
        project_id = await admit(self._accounts, request, fields)
        return pb.GetEventResponse(event=record_proto(await get_event(self._log, project_id, event_id or "")))

    async def RetryEvent(
        self,
        request: pb.RetryEventRequest,
        context: Context,
    ) -> pb.RetryEventResponse:
        """Performs a failed request once more, in the background."""
        fields = Fields()
        event_id = fields.uuid("event_id", request.event_id)
        project_id = await admit(self._accounts, request, fields, writes=True)
        if request.validate_only:
            return pb.RetryEventResponse()
        return pb.RetryEventResponse(event=record_proto(await self._retry(project_id, event_id or "")))

    async def WatchEvents(
        self,
        request: pb.WatchEventsRequest,
        context: Context,
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        """Follows the project's changes."""
        fields, call = Fields(), current_call()
        scope, after = _scope_from(request, fields), _position_from(request, fields)
        selection = selection_from(request, fields)
        project_id = await admit(self._accounts, request, fields)

        async def admit_still() -> None:
            principal = await authenticate(self._accounts, call.authorization)
            await access_project(self._accounts, principal, selection)

        batches = follow(
            self._feed,
            self._arrivals,
            admit_still,
            project_id,
            after,
            scope,
            until_now=request.until_now,
        )
        async for batch in batches:
            yield pb.WatchEventsResponse(
                changes=[change_proto(change) for change in batch.changes],
                cursor=cursor_of(batch.position),
            )

    def end_streams(self) -> None:
        """Ends whatever follows, and lets nobody begin to."""
        self._arrivals.end()


def _scope_from(request: pb.WatchEventsRequest, fields: Fields) -> Scope:
    given = given_in(request)
    return Scope(**{name: fields.identifier(name, given[name]) for name in SCOPE_FIELDS if name in given})


def _position_from(request: pb.WatchEventsRequest, fields: Fields) -> int | None:
    """After which change to begin; None: after the last one."""
    if not request.HasField("cursor"):
        return 0 if request.from_beginning else None
    position = position_in(request.cursor)
    if position is None:
        fields.wrong("cursor", "cursor must be one that a stream gave")
    return position


def _filter_from(request: pb.ListEventsRequest, fields: Fields) -> EventFilter:
    given = given_in(request)
    event_type = (
        fields.choice("event_type", request.event_type, EVENT_TYPES) if "event_type" in given else None
    )
    statuses = tuple(status.value for status in RequestStatus)
    status = fields.choice("status", request.status, statuses) if "status" in given else None
    first = fields.day("start_date", request.start_date) if "start_date" in given else None
    last = fields.day("end_date", request.end_date) if "end_date" in given else None
    return EventFilter(
        event_type=event_type,
        status=None if status is None else RequestStatus(status),
        since=None if first is None else _midnight(first),
        until=None if last is None or last == date.max else _midnight(last) + timedelta(days=1),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
