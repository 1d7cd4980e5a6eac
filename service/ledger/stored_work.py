"""Tables whose rows are work: each is taken once, oldest first, and keeps how it ended.

They have the columns `sequence`, `project_id`, `status`, `reason`, `error_text`, `started_at`
and `completed_at`.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, select, update

from service.ledger import rows
from service.memory.errors import Failure
from service.memory.model import RequestStatus


def take_oldest(
    connection: Connection, table: Table, at: datetime, taken: rows.Values | None = None
) -> rows.AnyRow | None:
    """Takes the oldest PENDING row, as it was; it becomes RUNNING, with the values of a lease if any."""
    oldest = (
        select(table)
        .where(table.c.status == RequestStatus.PENDING.value)
        .order_by(table.c.sequence)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(oldest).one_or_none()
    if row is not None:
        values = {"status": RequestStatus.RUNNING.value, "started_at": rows.microseconds(at), **(taken or {})}
        connection.execute(update(table).where(table.c.sequence == row.sequence).values(values))
    return row


def end(
    connection: Connection,
    table: Table,
    project_id: str,
    sequence: int,
    at: datetime,
    values: rows.Values,
) -> bool:
    """Keeps how a RUNNING row ended; false when it does not run any more."""
    running = (
        table.c.project_id == project_id,
        table.c.sequence == sequence,
        table.c.status == RequestStatus.RUNNING.value,
    )
    ended = update(table).where(*running).values({**values, "completed_at": rows.microseconds(at)})
    return connection.execute(ended).rowcount > 0


def put_back(connection: Connection, table: Table) -> int:
    """Makes RUNNING rows PENDING again, and says how many."""
    running = update(table).where(table.c.status == RequestStatus.RUNNING.value)
    return connection.execute(running.values(status=RequestStatus.PENDING.value, started_at=None)).rowcount


def failed(failure: Failure) -> rows.Values:
    """The columns of a failure."""
    return {
        "status": RequestStatus.FAILED.value,
        "reason": failure.reason,
        "error_text": failure.text,
    }


def failure_from(row: rows.AnyRow) -> Failure | None:
    """Why it failed, if it did."""
    return None if row.reason is None else Failure(row.reason, row.error_text or "")
