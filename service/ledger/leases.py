"""Who works on what, and until when nobody else may: on SQL."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Table,
    and_,
    cast,
    delete,
    insert,
    or_,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.deliveries import NOBODY
from service.ledger.schema import exports, profile_tasks, requests, roles, webhook_deliveries
from service.memory.add import MOST_ATTEMPTS
from service.memory.model import RequestStatus

RUNNING = RequestStatus.RUNNING.value

IN_DELIVERY = webhook_deliveries.c.taken_until != NOBODY

KEYS: Mapping[Table, ColumnElement[str]] = {
    requests: requests.c.id,
    exports: exports.c.id,
    profile_tasks: cast(profile_tasks.c.sequence, String),
}
"""All that has leases, and what names a piece of it in `Holder.in_hand`."""


def task_key(sequence: int) -> str:
    """The name of a profile that is made."""
    return str(sequence)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that takes work."""

    name: str = field(default_factory=lambda: str(uuid.uuid4()))
    lease: timedelta = timedelta(seconds=15)
    """How long after its last sign of life others leave its work alone."""
    in_hand: Counter[str] = field(default_factory=Counter)
    """The keys of what it works on at this moment. Of what it lost sight of, the lease is not renewed."""

    @contextmanager
    def at_work_on(self, key: str) -> Iterator[None]:
        """Renews the lease while the block lasts."""
        self.in_hand[key] += 1
        try:
            yield
        finally:
            self.in_hand[key] -= 1
            if not self.in_hand[key]:
                del self.in_hand[key]

    def taken(self, at: datetime) -> rows.Values:
        """What stands in a row of work that the process takes."""
        return {"owner": self.name, "lease_until": rows.microseconds(at + self.lease)}


class SqlLeases:
    """Implements `service.memory.leases.Leases`."""

    def __init__(self, database: Database, holder: Holder) -> None:
        self._database = database
        self._holder = holder

    async def renew(self, at: datetime) -> None:
        """See the port."""
        in_hand = list(self._holder.in_hand)
        if not in_hand:
            return

        def renew(connection: Connection) -> None:
            for table, key in KEYS.items():
                mine = and_(key.in_(in_hand), table.c.status == RUNNING, table.c.owner == self._holder.name)
                connection.execute(update(table).where(mine).values(self._holder.taken(at)))

        await self._database.write(renew)

    async def recover(self, at: datetime, *, alone: bool = False) -> int:
        """See the port."""

        def lapsed(table: Table) -> ColumnElement[bool]:
            until = rows.microseconds(at)
            return true() if alone else or_(table.c.lease_until.is_(None), table.c.lease_until < until)

        def recover(connection: Connection) -> int:
            if alone:
                connection.execute(delete(roles))
                connection.execute(update(webhook_deliveries).where(IN_DELIVERY).values(taken_until=NOBODY))
            return _take_from(connection, lapsed, at)

        return await self._database.write(recover)

    async def release(self, at: datetime) -> None:
        """See the port."""

        def mine(table: Table) -> ColumnElement[bool]:
            return table.c.owner == self._holder.name

        def release(connection: Connection) -> None:
            connection.execute(delete(roles).where(roles.c.owner == self._holder.name))
            for table in KEYS:
                running = and_(table.c.status == RUNNING, mine(table))
                # It was interrupted on purpose, which says nothing against it.
                connection.execute(update(table).where(running).values(attempts=table.c.attempts - 1))
            _take_from(connection, mine, at)

        await self._database.write(release)

    async def lead(self, role: str, at: datetime, until: datetime) -> bool:
        """See the port."""
        values = {"owner": self._holder.name, "lease_until": rows.microseconds(until)}
        free = or_(roles.c.owner == self._holder.name, roles.c.lease_until < rows.microseconds(at))

        def lead(connection: Connection) -> bool:
            if connection.execute(update(roles).where(roles.c.name == role, free).values(values)).rowcount:
                return True
            try:
                with connection.begin_nested():
                    connection.execute(insert(roles).values(name=role, **values))
            except IntegrityError:
                return False
            return True

        return await self._database.write(lead)


def _take_from(connection: Connection, theirs: Callable[[Table], ColumnElement[bool]], at: datetime) -> int:
    """Takes running work from whoever had it; gives how much it was."""
    waits: rows.Values = {"status": RequestStatus.PENDING.value}
    waits |= dict.fromkeys(("owner", "lease_until", "started_at"))
    lost = _failed("INTERRUPTED", "The process ended before it was done.", at)
    dead = _failed("TOO_MANY_ATTEMPTS", "Every attempt ended with its process.", at)
    attended = requests.c.asynchronous.is_(False)

    def take(table: Table, values: rows.Values, *conditions: ColumnElement[bool]) -> int:
        running = (table.c.status == RUNNING, theirs(table), *conditions)
        return connection.execute(update(table).where(*running).values(values)).rowcount

    taken = take(requests, lost, attended)
    for table in KEYS:
        taken += take(table, dead, table.c.attempts >= MOST_ATTEMPTS)
        taken += take(table, waits)
    return taken


def _failed(reason: str, text: str, at: datetime) -> rows.Values:
    return {
        "status": RequestStatus.FAILED.value,
        "reason": reason,
        "error_text": text,
        "completed_at": rows.microseconds(at),
        "owner": None,
        "lease_until": None,
    }
