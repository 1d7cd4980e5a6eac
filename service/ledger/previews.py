"""Previews on SQL."""

from __future__ import annotations

import base64
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from memoryd.exact_json import MAX_DEPTH, dumps, loads
from sqlalchemy import Connection, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.schema import memories, previews, subjects
from service.ledger.subjects import changed_meanwhile
from service.memory.access import NO_PROJECT
from service.memory.errors import NotFound
from service.memory.model import Change, Event, Evidence, Memory, Scope
from service.memory.preview import Preview


class SqlPreviews:
    """Implements `service.memory.preview.PreviewBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self, project_id: str, scope: Scope) -> int:
        """See the port."""
        query = select(subjects.c.version).where(
            subjects.c.project_id == project_id,
            subjects.c.subject_kind == scope.subject.kind,
            subjects.c.subject_id == scope.subject.id,
        )
        return await self._database.read(lambda connection: connection.scalar(query)) or 0

    async def keep(self, project_id: str, preview: Preview, at: datetime) -> None:
        """See the port."""
        expired = delete(previews).where(previews.c.expires_at <= rows.microseconds(at))
        new = insert(previews).values(
            id=preview.plan_id,
            project_id=project_id,
            **rows.subject_values(preview.request.scope),
            **rows.scope_values(preview.request.scope),
            payload=rows.payload_text(preview.request),
            version=preview.version,
            changes=dumps([_change_values(project_id, change) for change in preview.changes]),
            rejections=rows.rejections_text(tuple(preview.rejections)),
            created_at=rows.microseconds(at),
            expires_at=rows.microseconds(preview.expires_at),
        )

        known = {change.before.id for change in preview.changes if change.before}
        # Locked, so that an erasure waits, and takes what is kept here along.
        there = select(memories.c.id).where(memories.c.project_id == project_id, memories.c.id.in_(known))

        def keep(connection: Connection) -> None:
            connection.execute(expired)
            if len(connection.execute(there.with_for_update(read=True)).all()) < len(known):
                raise changed_meanwhile()
            connection.execute(new)

        try:
            await self._database.write(keep)
        except IntegrityError as error:  # the only reference of a preview is its project
            raise NotFound(NO_PROJECT) from error

    async def preview(self, project_id: str, plan_id: str, at: datetime) -> Preview | None:
        """See the port."""
        query = select(previews).where(
            previews.c.project_id == project_id,
            previews.c.id == plan_id,
            previews.c.expires_at > rows.microseconds(at),
        )
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _preview_from(row)

    async def begin(self, project_id: str, preview: Preview, event_id: str) -> bool:
        """See the port."""
        as_read = and_(
            previews.c.project_id == project_id,
            previews.c.id == preview.plan_id,
            previews.c.event_id.is_not_distinct_from(preview.event_id),
        )
        note = update(previews).where(as_read).values(event_id=event_id)
        return await self._database.write(lambda connection: connection.execute(note).rowcount == 1)


def _preview_from(row: rows.AnyRow) -> Preview:
    listed = cast("list[dict[str, Any]]", loads(row.changes, max_depth=MAX_DEPTH))
    return Preview(
        plan_id=row.id,
        request=rows.request_from(row),
        version=row.version,
        changes=[_change_from(values) for values in listed],
        rejections=rows.rejections_from(row.rejections),
        expires_at=rows.time_from(row.expires_at),
        event_id=row.event_id,
    )


def _change_values(project_id: str, change: Change) -> rows.Values:
    return {
        "event": change.event.value,
        "before": change.before and rows.new_memory_values(project_id, change.before),
        "after": change.after and rows.new_memory_values(project_id, change.after),
        "vector": None
        if change.vector is None
        else base64.b64encode(rows.vector_bytes(change.vector)).decode(),
        "evidence": change.evidence and rows.evidence_text(change.evidence),
    }


def _change_from(values: dict[str, Any]) -> Change:
    vector = values["vector"]
    evidence: Evidence | None = rows.evidence_from(values["evidence"])
    return Change(
        Event(values["event"]),
        _memory_from(values["before"]),
        _memory_from(values["after"]),
        None if vector is None else rows.vector_from(base64.b64decode(vector)),
        evidence,
    )


def _memory_from(values: dict[str, Any] | None) -> Memory | None:
    return None if values is None else rows.memory_from(cast("rows.AnyRow", SimpleNamespace(**values)))
