"""Exports: the memories that meet a filter, brought into a form that the client describes by a JSON Schema.

They are made by a worker. A result that does not fit its schema is never given out: the export has failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog
from memoryd.exact_json import dumps

from service.memory.errors import Failure, InferenceFailed, NotFound, Unavailable, Violation
from service.memory.filling import Writer, fitting_value
from service.memory.filters import ALL, Filter, parse
from service.memory.filters.values import canonical, digest
from service.memory.json_schema import Schema
from service.memory.model import Memory, RequestStatus
from service.memory.ports import Clock, Deadline, MemoryReader, Wake
from service.memory.work import Worker, carry_out

EXPORT_NOT_FOUND = "No memory export request found"
"""To the letter: clients look for it (contract section 1)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which memories an export is made from, as the client said it."""

    filters: Mapping[str, object]
    """A filter as JSON; empty: all memories of the project."""

    @property
    def digest(self) -> str:
        """Equal for filters that say the same in the same words, an AND of one aside."""
        return digest(canonical(_unwrapped(self.filters)))

    def filter(self, violations: list[Violation]) -> Filter:
        """The filter; what is wrong with it is noted, and then it is met by nothing."""
        return parse(dict(self.filters), violations) if self.filters else ALL


@dataclass(frozen=True, slots=True)
class Export:
    """A request for an export, and what became of it."""

    sequence: int
    """The order of requests."""
    id: str
    project_id: str
    schema: Schema
    wanted: Wanted
    instructions: str | None
    status: RequestStatus
    failure: Failure | None
    result: str | None
    """JSON that fits the schema, once it has succeeded."""
    created_at: datetime


class ExportBook(Protocol):
    """Keeps exports. Every method is one transaction."""

    async def store(
        self, project_id: str, schema: Schema, wanted: Wanted, instructions: str | None, at: datetime
    ) -> str:
        """Keeps a request durably as PENDING and gives its id, a UUID."""

    async def export(self, project_id: str, export_id: str) -> Export | None:
        """An export of the project, if it has one of that id."""

    async def latest(self, project_id: str, wanted: Wanted | None) -> Export | None:
        """The project's newest export of these memories, or of any."""

    async def take(self, at: datetime) -> Export | None:
        """Takes the oldest PENDING export; it becomes RUNNING under a lease (`service.memory.leases`)."""

    async def finish(self, export: Export, result: str, at: datetime) -> None:
        """Keeps the result; the export has SUCCEEDED."""

    async def fail(self, export: Export, failure: Failure, at: datetime) -> None:
        """Keeps the reason; the export has FAILED."""

    def at_work_on(self, export: Export) -> AbstractContextManager[None]:
        """Keeps a RUNNING export this process's own, beyond its first lease, while the block lasts."""


class CreateExport:
    """Stores requests for exports."""

    def __init__(self, book: ExportBook, clock: Clock, on_pending: Wake) -> None:
        self._book = book
        self._now = clock
        self._on_pending = on_pending

    async def __call__(
        self, project_id: str, schema: Schema, wanted: Wanted, instructions: str | None
    ) -> str:
        """Stores a request durably, and gives its id."""
        export_id = await self._book.store(project_id, schema, wanted, instructions, self._now())
        self._on_pending()
        return export_id


async def get_export(
    book: ExportBook, project_id: str, export_id: str | None, wanted: Wanted | None
) -> Export:
    """One export: that of an id, or else the newest of these memories, or else the newest of all.

    Raises:
        NotFound: the project has no such export.
    """
    found = (
        await book.latest(project_id, wanted)
        if export_id is None
        else await book.export(project_id, export_id)
    )
    if found is None:
        raise NotFound(EXPORT_NOT_FOUND, reason="EXPORT_NOT_FOUND")
    return found


class MakeExport:
    """Turns a stored request into a result that fits its schema."""

    def __init__(self, book: ExportBook, reader: MemoryReader, writer: Writer, clock: Clock) -> None:
        self._book = book
        self._reader = reader
        self._writer = writer
        self._now = clock

    async def __call__(self, export: Export, deadline: Deadline) -> None:
        """Makes it. A failure is kept with the export."""

        async def finish(result: object) -> None:
            await self._book.finish(export, dumps(result), self._now())

        async def fail(failure: Failure) -> None:
            log.warning("export failed", export_id=export.id, reason=failure.reason)
            await self._book.fail(export, failure, self._now())

        with self._book.at_work_on(export):
            await carry_out(self._fill(export, deadline), finish, fail)

    async def _fill(self, export: Export, deadline: Deadline) -> object:
        memories = await self._memories(export)
        return await fitting_value(self._writer, export.schema, memories, export.instructions, deadline)

    async def _memories(self, export: Export) -> Sequence[Memory]:
        violations: list[Violation] = []
        filter_ = export.wanted.filter(violations)
        limit = self._writer.memory_limit
        page = await self._reader.page(
            export.project_id, filter_, offset=0, limit=limit, on=self._now().date()
        )
        if page.total > limit:
            text = f"{page.total} memories meet the filters, and at most {limit} can be exported at once."
            raise InferenceFailed(text, reason="TOO_MANY_MEMORIES", repairable=False)
        return page.memories


def export_worker(
    book: ExportBook, make: MakeExport, clock: Clock, seconds: float, woken: asyncio.Event
) -> Worker:
    """A worker that makes pending exports, oldest first.

    Args:
        book: where they are kept.
        make: what makes them.
        clock: tells the time.
        seconds: how long one may take.
        woken: set when there is a pending one.
    """

    async def make_oldest() -> bool:
        export = await book.take(clock())
        if export is None:
            return False
        await make(export, Deadline.after(seconds))
        return True

    return Worker("exports", make_oldest, (Unavailable,), woken)


def _unwrapped(filters: Mapping[str, object]) -> Mapping[str, object]:
    match filters:
        case {"AND": [dict() as only], **others} if not others:
            return _unwrapped(only)
        case _:
            return filters
