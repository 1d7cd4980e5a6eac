"""EventService: each method reads the proto, calls one use case, and writes the proto."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from memoryd.v1 import event_service_pb2 as pb
from memoryd.v1.event_service_pb2_grpc import EventServiceServicer

from service.handlers.add_request import given_in
from service.handlers.admission import admit
from service.handlers.event_record import record_proto
from service.handlers.fields import Fields
from service.handlers.pages import page_from
from service.memory.accounts import Accounts
from service.memory.events import EVENT_TYPES, EventFilter, EventLog, RetryEvent, get_event, list_events
from service.memory.model import RequestStatus
from service.transport.chain import Context


class EventHandlers(EventServiceServicer):
    """Requests of the project that the API key selects."""

    def __init__(self, accounts: Accounts, log: EventLog, retry: RetryEvent) -> None:
        self._accounts = accounts
        self._log = log
        self._retry = retry

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
