"""Webhooks on SQL."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from memoryd.exact_json import dumps, loads
from sqlalchemy import Connection, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger.database import Database
from service.ledger.feed import last_of
from service.ledger.rows import AnyRow, Values, microseconds, time_from
from service.ledger.schema import webhooks
from service.memory.access import NO_PROJECT
from service.memory.errors import NotFound
from service.memory.webhooks import Webhook, WebhookUpdate


class SqlWebhooks:
    """Implements `service.memory.webhooks.Webhooks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, project_id: str) -> Sequence[Webhook]:
        """See the port."""
        query = (
            select(webhooks)
            .where(webhooks.c.project_id == project_id)
            .order_by(webhooks.c.created_at, webhooks.c.id)
        )
        return await self._database.read(
            lambda connection: [_webhook_from(row) for row in connection.execute(query)]
        )

    async def create(
        self, project_id: str, name: str, url: str, event_types: Sequence[str], secret: str, at: datetime
    ) -> Webhook:
        """See the port."""
        made = Webhook(str(uuid.uuid4()), project_id, name, url, tuple(event_types), True, at, at)
        new = insert(webhooks).values(
            id=made.id,
            project_id=project_id,
            name=name,
            url=url,
            event_types=dumps(made.event_types),
            is_active=made.is_active,
            secret=secret,
            created_at=microseconds(at),
            updated_at=microseconds(at),
        )

        def create(connection: Connection) -> None:
            connection.execute(new.values(position=last_of(connection, project_id)))

        try:
            await self._database.write(create)
        except IntegrityError as error:
            raise NotFound(NO_PROJECT) from error
        return made

    async def project_of(self, webhook_id: str) -> str | None:
        """See the port."""
        query = select(webhooks.c.project_id).where(webhooks.c.id == webhook_id)
        return await self._database.read(lambda connection: connection.scalar(query))

    async def update(
        self, project_id: str, webhook_id: str, changes: WebhookUpdate, at: datetime
    ) -> Webhook | None:
        """See the port."""
        one = and_(webhooks.c.project_id == project_id, webhooks.c.id == webhook_id)
        values: Values = {"updated_at": microseconds(at)}
        for name in ("name", "url", "is_active", "secret"):
            if (value := getattr(changes, name)) is not None:
                values[name] = value
        if changes.event_types is not None:
            values["event_types"] = dumps(changes.event_types)

        def change(connection: Connection) -> Webhook | None:
            connection.execute(update(webhooks).where(one).values(values))
            row = connection.execute(select(webhooks).where(one)).one_or_none()
            return None if row is None else _webhook_from(row)

        return await self._database.write(change)

    async def delete(self, project_id: str, webhook_id: str) -> bool:
        """See the port."""
        gone = delete(webhooks).where(webhooks.c.project_id == project_id, webhooks.c.id == webhook_id)
        return await self._database.write(lambda connection: connection.execute(gone).rowcount == 1)


def _webhook_from(row: AnyRow) -> Webhook:
    return Webhook(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        url=row.url,
        event_types=tuple(cast("list[str]", loads(row.event_types))),
        is_active=row.is_active,
        created_at=time_from(row.created_at),
        updated_at=time_from(row.updated_at),
    )
