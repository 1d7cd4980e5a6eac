"""Moves committed changes from the ledger's outbox into the index, in groups."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog

from service.failpoints import INDEXED, failpoint
from service.memory.errors import Unavailable
from service.memory.leases import Leases
from service.memory.ports import Clock, Index, IndexEntry, Ledger, OutboxItem
from service.memory.work import Worker

GROUP = 256
"""Changes that are moved at once. One write of many documents costs far less than many writes of one."""

GATHERING_SECONDS = 0.5
"""How long changes gather. Reads do not wait for it: they see what is in the outbox. Each group costs two
transactions and a write of Chroma's, however small it is."""

ROLE = "index writer"

LEASE = timedelta(seconds=60)
"""How long the role lasts; longer than Chroma may take for one project's part of a group."""

log = structlog.get_logger(__name__)


def index_writer(
    ledger: Ledger, leases: Leases, index: Index, clock: Clock, woken: asyncio.Event, group: int = GROUP
) -> Worker:
    """A worker that empties the outbox whenever it is woken. What it cannot write stays where it is.

    One replica at a time does it: of two, the slower could write an old vector over a newer one.

    Args:
        ledger: where the outbox is.
        leases: say which replica it is.
        index: where the changes go.
        clock: tells the time.
        woken: set when there are changes.
        group: how many changes are moved at once.
    """

    async def step() -> bool:
        if not (await ledger.outbox(1) or await ledger.dropped_projects(1)):
            return False
        now = clock()
        if not await leases.lead(ROLE, now, now + LEASE):
            return False
        moved = await move_group()
        # Deleted projects come last: the group may have brought one of them back.
        return await drop_deleted() or moved

    async def drop_deleted() -> bool:
        deleted = await ledger.dropped_projects(group)
        for project_id in deleted:
            await index.drop(project_id)
            await ledger.project_dropped(project_id)
        return bool(deleted)

    async def move_group() -> bool:
        begun = clock()
        items = await ledger.outbox(group)
        if not items:
            return False
        for project_id, theirs in _by_project(items).items():
            latest = {item.memory_id: item.entry for item in theirs}
            upserts: list[IndexEntry] = [entry for entry in latest.values() if entry is not None]
            deletes = [memory_id for memory_id, entry in latest.items() if entry is None]
            await index.write(project_id, upserts, deletes)
            failpoint(INDEXED)
            await ledger.outbox_done([item.sequence for item in theirs])
            if clock() > begun + LEASE / 2:
                break  # the lease is asked for anew before it can be over
        log.debug("indexed", changes=len(items))
        return True

    return Worker("index writer", step, (Unavailable,), woken, gathering_seconds=GATHERING_SECONDS)


def _by_project(items: Sequence[OutboxItem]) -> dict[str, list[OutboxItem]]:
    groups: dict[str, list[OutboxItem]] = defaultdict(list)
    for item in items:
        groups[item.project_id].append(item)
    return groups
