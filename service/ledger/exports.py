"""Exports on SQL."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, cast

from memoryd.exact_json import dumps, loads
from sqlalchemy import Connection, Select, insert, select

from service.ledger import rows, stored_work
from service.ledger.database import Database
from service.ledger.leases import Holder
from service.ledger.schema import exports
from service.memory.errors import Failure
from service.memory.exports import Export, Wanted
from service.memory.json_schema import Schema, schema_from
from service.memory.model import RequestStatus


class SqlExports:
    """Implements `service.memory.exports.ExportBook`."""

    def __init__(self, database: Database, holder: Holder) -> None:
        self._database = database
        self._holder = holder

    async def store(
        self, project_id: str, schema: Schema, wanted: Wanted, instructions: str | None, at: datetime
    ) -> str:
        """See the port."""
        export_id = str(uuid.uuid4())
        values = {
            "id": export_id,
            "project_id": project_id,
            "schema": dumps(schema),
            "filters": dumps(wanted.filters),
            "filters_digest": wanted.digest,
            "instructions": instructions,
            "status": RequestStatus.PENDING.value,
            "created_at": rows.microseconds(at),
        }
        await self._database.write(lambda connection: connection.execute(insert(exports).values(values)))
        return export_id

    async def export(self, project_id: str, export_id: str) -> Export | None:
        """See the port."""
        return await self._one(
            select(exports).where(exports.c.project_id == project_id, exports.c.id == export_id)
        )

    async def latest(self, project_id: str, wanted: Wanted | None) -> Export | None:
        """See the port."""
        query = select(exports).where(exports.c.project_id == project_id)
        if wanted is not None:
            query = query.where(exports.c.filters_digest == wanted.digest)
        return await self._one(query.order_by(exports.c.sequence.desc()).limit(1))

    async def take(self, at: datetime) -> Export | None:
        """See the port."""

        def take(connection: Connection) -> Export | None:
            row = stored_work.take_oldest(connection, exports, self._holder, at)
            return None if row is None else _export_from(row)

        return await self._database.write(take)

    async def finish(self, export: Export, result: str, at: datetime) -> None:
        """See the port."""
        await self._end(export, at, {"status": RequestStatus.SUCCEEDED.value, "result": result})

    async def fail(self, export: Export, failure: Failure, at: datetime) -> None:
        """See the port."""
        await self._end(export, at, stored_work.failed(failure))

    def at_work_on(self, export: Export) -> AbstractContextManager[None]:
        """See the port."""
        return self._holder.at_work_on(export.id)

    async def _one(self, query: Select[Any]) -> Export | None:
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _export_from(row)

    async def _end(self, export: Export, at: datetime, values: rows.Values) -> None:
        await self._database.write(
            lambda connection: stored_work.end(
                connection, exports, self._holder, export.project_id, export.sequence, at, values
            )
        )


def _export_from(row: rows.AnyRow) -> Export:
    return Export(
        sequence=row.sequence,
        id=row.id,
        project_id=row.project_id,
        schema=schema_from(row.schema),
        wanted=Wanted(cast("Mapping[str, object]", loads(row.filters))),
        instructions=row.instructions,
        status=RequestStatus(row.status),
        failure=stored_work.failure_from(row),
        result=row.result,
        created_at=rows.time_from(row.created_at),
    )
