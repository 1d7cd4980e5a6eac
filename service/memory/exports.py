"""Exports: the memories that meet a filter, brought into a form that the client describes by a JSON Schema.

They are made by a worker. A result that does not fit its schema is never given out: the export has failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

import structlog
from memoryd.exact_json import dumps, loads

from service.memory.errors import InferenceFailed, MemorydError, NotFound, Unavailable, Violation
from service.memory.events import Failure
from service.memory.filters import ALL, Filter, parse
from service.memory.filters.values import canonical, digest
from service.memory.json_schema import Checker, Schema
from service.memory.model import Memory, RequestStatus
from service.memory.ports import Clock, Deadline, MemoryReader, Wake
from service.memory.work import Worker

EXPORT_NOT_FOUND = "No memory export request found"
"""To the letter: clients look for it (contract section 1)."""

log = structlog.get_logger(__name__)


class Writer(Protocol):
    """Writes about memories: summaries, and values that follow a schema."""

    @property
    def name(self) -> str:
        """What answers call it."""

    @property
    def memory_limit(self) -> int:
        """How many memories it can read at once."""

    async def summarize(self, memories: Sequence[Memory], deadline: Deadline) -> str:
        """The memories in short, as prose or as a list.

        Raises: see `fill`.
        """

    async def fill(
        self,
        schema: Schema,
        memories: Sequence[Memory],
        instructions: str | None,
        deadline: Deadline,
        repair: str | None = None,
    ) -> object:
        """A JSON value that says what the memories say, in the form of the schema.

        Args:
            schema: a JSON Schema.
            memories: the newest first.
            instructions: how the client wants it, in free text.
            deadline: when to give up.
            repair: what was wrong with the previous answer, if there was one.

        Raises:
            InferenceFailed: there is no such value. The text says why.
            Unavailable: the model does not answer.
            DeadlineExceeded: the deadline passed first.
        """


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

    def at_work_on(self, export: Export) -> AbstractContextManager[None]:
        """Keeps a RUNNING export this process's own, beyond its first lease, while the block lasts."""

    async def finish(self, export: Export, result: str, at: datetime) -> None:
        """Keeps the result; the export has SUCCEEDED."""

    async def fail(self, export: Export, failure: Failure, at: datetime) -> None:
        """Keeps the reason; the export has FAILED."""


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
        with self._book.at_work_on(export):
            await self._make(export, deadline)

    async def _make(self, export: Export, deadline: Deadline) -> None:
        try:
            result = await self._fill(export, deadline)
        except MemorydError as error:
            log.warning("export failed", export_id=export.id, reason=error.reason)
            await self._book.fail(export, Failure(error.reason, error.text), self._now())
        except asyncio.CancelledError:
            # The process ends: its next start takes the export up again.
            raise
        except Exception:
            # Whatever ended it: an export that nobody works on must not stay RUNNING.
            await self._book.fail(export, Failure("INTERNAL", "Internal error."), self._now())
            raise
        else:
            await self._book.finish(export, dumps(result), self._now())

    async def _fill(self, export: Export, deadline: Deadline) -> object:
        memories = await self._memories(export)
        checker, repair = Checker(export.schema, len(memories)), None
        for last in (False, True):
            try:
                value = await self._writer.fill(
                    export.schema, memories, export.instructions, deadline, repair
                )
            except InferenceFailed as error:
                if last or not error.repairable:
                    raise
                repair = error.text
                continue
            mistake = await asyncio.to_thread(checker.mistake_in, value)
            if mistake is None:
                return value
            repair = f"The value does not fit the schema: {mistake}."
        raise InferenceFailed(repair or "", reason="EXPORT_DOES_NOT_FIT")

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


def schema_from(text: str) -> Schema:
    """A schema as it was stored."""
    return cast("Schema", loads(text))


def _unwrapped(filters: Mapping[str, object]) -> Mapping[str, object]:
    match filters:
        case {"AND": [dict() as only], **others} if not others:
            return _unwrapped(only)
        case _:
            return filters
