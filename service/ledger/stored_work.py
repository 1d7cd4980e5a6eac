"""Tables whose rows are work: each is taken once, oldest first, and keeps how it ended.

They have the columns `sequence`, `project_id`, `status`, `reason`, `error_text`, `started_at`,
`completed_at`, and those of a lease (`service.ledger.leases`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, select, update

from service.ledger import rows
from service.ledger.leases import Holder
from service.memory.errors import Failure
from service.memory.model import RequestStatus


def take_oldest(connection: Connection, table: Table, holder: Holder, at: datetime) -> rows.AnyRow | None:
    """Takes the oldest PENDING row, as it was; it becomes RUNNING under the holder's lease."""
    oldest = (
        select(table)
        .where(table.c.status == RequestStatus.PENDING.value)
        .order_by(table.c.sequence)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(oldest).one_or_none()
    if row is not None:
        taken: rows.Values = {
            "status": RequestStatus.RUNNING.value,
            "started_at": rows.microseconds(at),
            "attempts": row.attempts + 1,
            **holder.taken(at),
        }
        connection.execute(update(table).where(table.c.sequence == row.sequence).values(taken))
    return row


def end(
    connection: Connection,
    table: Table,
    holder: Holder,
    project_id: str,
    sequence: int,
    at: datetime,
    values: rows.Values,
) -> bool:
    """Keeps how a RUNNING row ended; false when it does not run any more, or another process has it."""
    mine = (
        table.c.project_id == project_id,
        table.c.sequence == sequence,
        table.c.status == RequestStatus.RUNNING.value,
        table.c.owner == holder.name,
    )
    ended = update(table).where(*mine).values({**values, "completed_at": rows.microseconds(at)})
    return connection.execute(ended).rowcount > 0


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
