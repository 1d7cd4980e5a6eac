"""Requests and what became of them, on SQL. What a request changed is read from the log of changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

from memoryd.exact_json import loads
from sqlalchemy import ColumnElement, Connection, and_, func, select

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.schema import changes, requests
from service.memory.errors import Failure
from service.memory.events import EventFilter, MadeChange, RequestRecord
from service.memory.model import Event, Evidence, RequestStatus
from service.memory.pages import Listing, PageRequest


class SqlEventLog:
    """Implements `service.memory.events.EventLog`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def event(self, project_id: str, event_id: str) -> RequestRecord | None:
        """See the port."""
        query = select(requests).where(requests.c.project_id == project_id, requests.c.id == event_id)

        def read(connection: Connection) -> RequestRecord | None:
            records = _records(connection, project_id, connection.execute(query).all())
            return records[0] if records else None

        return await self._database.read(read)

    async def events(self, project_id: str, wanted: EventFilter, page: PageRequest) -> Listing[RequestRecord]:
        """See the port."""
        condition = _condition(project_id, wanted)
        count = select(func.count()).select_from(requests).where(condition)
        query = (
            select(requests)
            .where(condition)
            .order_by(requests.c.created_at.desc(), requests.c.sequence.desc())
            .limit(page.size)
            .offset(page.offset)
        )

        def read(connection: Connection) -> Listing[RequestRecord]:
            found = connection.execute(query).all()
            return Listing(connection.execute(count).scalar_one(), _records(connection, project_id, found))

        return await self._database.read(read)


async def project_of(database: Database, event_id: str) -> str | None:
    """The project that has an event, for operators, who may see every project."""
    query = select(requests.c.project_id).where(requests.c.id == event_id.lower())
    return await database.read(lambda connection: connection.scalar(query))


def _condition(project_id: str, wanted: EventFilter) -> ColumnElement[bool]:
    conditions = [requests.c.project_id == project_id]
    if wanted.status is not None:
        conditions.append(requests.c.status == wanted.status.value)
    if wanted.since is not None:
        conditions.append(requests.c.created_at >= rows.microseconds(wanted.since))
    if wanted.until is not None:
        conditions.append(requests.c.created_at < rows.microseconds(wanted.until))
    return and_(*conditions)


def _records(connection: Connection, project_id: str, found: Sequence[rows.AnyRow]) -> list[RequestRecord]:
    """The requests with their changes, which come in one query for all."""
    made: Mapping[str, list[MadeChange]] = defaultdict(list)
    query = (
        select(changes)
        .where(changes.c.project_id == project_id, changes.c.request_id.in_([row.id for row in found]))
        # In the order of the index that finds them: by number, SQLite would read the whole log.
        .order_by(changes.c.request_id, changes.c.sequence)
    )
    for row in connection.execute(query) if found else ():
        made[row.request_id].append(_change_from(row))
    return [_record_from(row, tuple(made[row.id])) for row in found]


def _record_from(row: rows.AnyRow, made: tuple[MadeChange, ...]) -> RequestRecord:
    return RequestRecord(
        event_id=row.id,
        request=rows.request_from(row),
        status=RequestStatus(row.status),
        changes=made,
        rejections=rows.rejections_from(row.rejections),
        failure=_failure_from(row),
        created_at=rows.time_from(row.created_at),
        started_at=None if row.started_at is None else rows.time_from(row.started_at),
        completed_at=None if row.completed_at is None else rows.time_from(row.completed_at),
    )


def _failure_from(row: rows.AnyRow) -> Failure | None:
    return None if row.reason is None else Failure(row.reason, row.error_text or "")


def _change_from(row: rows.AnyRow) -> MadeChange:
    return MadeChange(
        event=Event(row.event),
        memory_id=row.memory_id,
        old_text=row.old_text,
        new_text=row.new_text,
        metadata=None if row.metadata is None else cast("Mapping[str, object]", loads(row.metadata)),
        categories=tuple(cast("list[str]", loads(row.categories))),
        evidence=None if row.evidence is None else Evidence(**cast("dict[str, Any]", loads(row.evidence))),
    )
