"""What webhooks were told and are to be told, on SQL."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from memoryd.exact_json import loads
from sqlalchemy import BigInteger, Connection, Select, and_, bindparam, exists, func, insert, select, update

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.feed import logged_change
from service.ledger.schema import changes as change_log
from service.ledger.schema import webhook_deliveries, webhooks
from service.memory.deliver import AT_ONE_WEBHOOK, Attempt, Delivery, DeliveryState, Due
from service.memory.pages import Listing, PageRequest

GROUP = 500
"""Changes that become deliveries in one transaction."""

NOBODY = 0
"""In `taken_until`."""

PENDING = webhook_deliveries.c.state == DeliveryState.PENDING.value


def _behind() -> Select[Any]:
    """A webhook that has not been told of all changes."""
    untold = and_(
        change_log.c.project_id == webhooks.c.project_id, change_log.c.sequence > webhooks.c.position
    )
    behind = select(webhooks).where(exists().where(untold)).limit(1)
    return behind.with_for_update(skip_locked=True, of=webhooks)


def _due() -> Select[Any]:
    """The delivery whose turn it is `now`, with its webhook's url and secret."""
    now = bindparam("now", type_=BigInteger())
    earlier, busy = webhook_deliveries.alias("earlier"), webhook_deliveries.alias("busy")
    waits_for_another = exists().where(
        earlier.c.webhook_id == webhook_deliveries.c.webhook_id,
        earlier.c.state == DeliveryState.PENDING.value,
        earlier.c.memory_id == webhook_deliveries.c.memory_id,
        earlier.c.change_sequence < webhook_deliveries.c.change_sequence,
    )
    at_work = (
        select(func.count())
        .select_from(busy)
        .where(
            busy.c.webhook_id == webhook_deliveries.c.webhook_id,
            busy.c.state == DeliveryState.PENDING.value,
            busy.c.taken_until > now,
        )
        .scalar_subquery()
    )
    return (
        select(webhook_deliveries, webhooks.c.url, webhooks.c.secret)
        .join(webhooks, webhooks.c.id == webhook_deliveries.c.webhook_id)
        .where(
            PENDING,
            webhook_deliveries.c.next_attempt_at <= now,
            webhook_deliveries.c.taken_until <= now,
            webhooks.c.is_active,
            ~waits_for_another,
            at_work < AT_ONE_WEBHOOK,
        )
        .order_by(webhook_deliveries.c.next_attempt_at, webhook_deliveries.c.sequence)
        .limit(1)
        .with_for_update(skip_locked=True, of=webhook_deliveries)
    )


# Built once: every worker asks for these once a second, and putting them together costs more than an answer.
_BEHIND, _DUE = _behind(), _due()


class SqlDeliveries:
    """Implements `service.memory.deliver.Deliveries`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, at: datetime) -> bool:
        """See the port."""

        def make(connection: Connection) -> bool:
            # Whom another process is at is passed over: that one will come to the end of the log.
            webhook = connection.execute(_BEHIND).one_or_none()
            if webhook is None:
                return False
            found = connection.execute(_untold(webhook)).all()
            if made := _deliveries(webhook, found, rows.microseconds(at)):
                connection.execute(insert(webhook_deliveries), made)
            moved = update(webhooks).where(webhooks.c.id == webhook.id)
            connection.execute(moved.values(position=found[-1].sequence))
            return True

        return await self._database.write(make)

    async def take(self, at: datetime, until: datetime) -> Due | None:
        """See the port."""
        now = {"now": rows.microseconds(at)}

        def take(connection: Connection) -> Due | None:
            row = connection.execute(_DUE, now).one_or_none()
            if row is None:
                return None
            attempt = row.attempts + 1
            connection.execute(
                update(webhook_deliveries)
                .where(webhook_deliveries.c.sequence == row.sequence)
                .values(attempts=attempt, taken_until=rows.microseconds(until))
            )
            change = connection.execute(
                select(change_log).where(
                    change_log.c.project_id == row.project_id, change_log.c.sequence == row.change_sequence
                )
            ).one_or_none()
            told = None if change is None else logged_change(change)
            return Due(row.id, row.change_id, attempt, row.url, row.secret, told)

        return await self._database.write(take)

    async def end(self, delivery_id: str, attempt: int, result: Attempt, at: datetime) -> None:
        """See the port."""
        ended = result.state is not DeliveryState.PENDING
        done = (
            update(webhook_deliveries)
            .where(PENDING, webhook_deliveries.c.id == delivery_id, webhook_deliveries.c.attempts == attempt)
            .values(
                state=result.state.value,
                taken_until=NOBODY,
                next_attempt_at=rows.microseconds(result.again_at),
                last_status=result.status,
                last_error=result.error,
                completed_at=rows.microseconds(at) if ended else None,
            )
        )
        await self._database.write(lambda connection: connection.execute(done))

    async def deliveries(
        self, project_id: str, webhook_id: str, state: DeliveryState | None, page: PageRequest
    ) -> Listing[Delivery]:
        """See the port."""
        chosen = and_(
            webhook_deliveries.c.project_id == project_id,
            webhook_deliveries.c.webhook_id == webhook_id,
            *([] if state is None else [webhook_deliveries.c.state == state.value]),
        )
        newest = (
            select(webhook_deliveries)
            .where(chosen)
            .order_by(webhook_deliveries.c.change_sequence.desc())
            .offset(page.offset)
            .limit(page.size)
        )
        count = select(func.count()).select_from(webhook_deliveries).where(chosen)

        def read(connection: Connection) -> Listing[Delivery]:
            found = [_delivery_from(row) for row in connection.execute(newest)]
            return Listing(connection.scalar(count) or 0, found)

        return await self._database.read(read)


def _untold(webhook: rows.AnyRow) -> Select[tuple[int, str, str, str]]:
    return (
        select(change_log.c.sequence, change_log.c.id, change_log.c.memory_id, change_log.c.event)
        .where(change_log.c.project_id == webhook.project_id, change_log.c.sequence > webhook.position)
        .order_by(change_log.c.sequence)
        .limit(GROUP)
    )


def _deliveries(webhook: rows.AnyRow, found: Sequence[rows.AnyRow], at: int) -> list[rows.Values]:
    """Rows for those changes that the webhook wants. What happens while it is switched off it never hears."""
    wanted = cast("list[str]", loads(webhook.event_types)) if webhook.is_active else []
    return [
        {
            "id": str(uuid.uuid4()),
            "project_id": webhook.project_id,
            "webhook_id": webhook.id,
            "change_sequence": change.sequence,
            "change_id": change.id,
            "memory_id": change.memory_id,
            "event_type": event_type,
            "state": DeliveryState.PENDING.value,
            "attempts": 0,
            "next_attempt_at": at,
            "taken_until": NOBODY,
            "created_at": at,
        }
        for change in found
        if (event_type := f"memory_{change.event.lower()}") in wanted
    ]


def _delivery_from(row: rows.AnyRow) -> Delivery:
    return Delivery(
        id=row.id,
        event_id=row.change_id,
        event_type=row.event_type,
        memory_id=row.memory_id,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        last_status=row.last_status,
        last_error=row.last_error,
        created_at=rows.time_from(row.created_at),
        next_attempt_at=rows.time_from(row.next_attempt_at),
        completed_at=None if row.completed_at is None else rows.time_from(row.completed_at),
    )
