"""Versions of memories: how they end, and how they are read.

A memory's present version stands in `memories`, its earlier ones in `memory_versions`. A version ends when
the next one begins, or when the memory is deleted: never before it began, should a clock have gone back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    func,
    insert,
    null,
    or_,
    select,
    true,
    union_all,
)

from service.ledger import rows
from service.ledger.database import Database
from service.ledger.filtering import PAST, PRESENT, Store, condition
from service.ledger.schema import memories, memory_versions, outbox
from service.memory.filters import Filter
from service.memory.filters.grammar import OneOf
from service.memory.versions import Past, ScorableVersions, Version, VersionPage

VERSION = [column.name for column in memory_versions.c if column.name != "valid_to"]
"""The columns that a version has in `memories` too."""


def close(connection: Connection, chosen: ColumnElement[bool], at: datetime) -> None:
    """Copies the chosen memories, which are about to change or to go, into the past.

    Args:
        connection: to the ledger, in the transaction that changes them.
        chosen: a condition on `memories`.
        at: when they end.
    """
    ended = select(*(memories.c[name] for name in VERSION), _no_earlier(at)).where(chosen)
    connection.execute(insert(memory_versions).from_select([*VERSION, "valid_to"], ended))
    for present, past in ((PRESENT.metadata, PAST.metadata), (PRESENT.categories, PAST.categories)):
        names = [column.name for column in present.c]
        copied = (
            select(memories.c.revision, *(present.c[name] for name in names))
            .join(memories, present.c.memory_id == memories.c.id)
            .where(chosen)
        )
        connection.execute(insert(past).from_select(["revision", *names], copied))


def next_version(at: datetime) -> Mapping[str, ColumnElement[Any]]:
    """What an update of `memories` sets beside what it changes."""
    return {"revision": memories.c.revision + 1, "valid_from": _no_earlier(at)}


def _no_earlier(at: datetime) -> ColumnElement[int]:
    moment = rows.microseconds(at)
    return case((memories.c.valid_from > moment, memories.c.valid_from), else_=moment)


class SqlVersions:
    """Implements `service.memory.versions.VersionReader`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self, project_id: str, memory_id: str, past: Past) -> Version | None:
        """See the port."""
        found = _chosen(project_id, OneOf("id", (memory_id,)), past, None)
        query = select(found).order_by(found.c.revision.desc()).limit(1)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _version_from(row)

    async def versions(
        self, project_id: str, filter_: Filter, past: Past, *, offset: int, limit: int, on: date | None
    ) -> VersionPage:
        """See the port."""
        query = page_query(project_id, filter_, past, offset=offset, limit=limit, on=on)
        counting = select(func.count()).select_from(_chosen(project_id, filter_, past, on))

        def read(connection: Connection) -> VersionPage:
            found = _versions(connection, query)
            return VersionPage(found, connection.execute(counting).scalar_one())

        return await self._database.read(read)

    async def scorable(
        self, project_id: str, filter_: Filter, past: Past, *, limit: int, on: date | None
    ) -> ScorableVersions:
        """See the port."""
        query = page_query(project_id, filter_, past, offset=0, limit=limit, on=on)
        waiting = (
            select(outbox.c.memory_id, outbox.c.vector)
            .join(memories, outbox.c.memory_id == memories.c.id)
            .where(outbox.c.project_id == project_id, outbox.c.vector.is_not(None))
            .where(_wanted(PRESENT, project_id, filter_, on))
            .order_by(outbox.c.sequence)
        )

        def read(connection: Connection) -> ScorableVersions:
            found = _versions(connection, query)
            vectors = {row.memory_id: rows.vector_from(row.vector) for row in connection.execute(waiting)}
            return ScorableVersions(found, vectors)

        return await self._database.read(read)


def page_query(
    project_id: str, filter_: Filter, past: Past, *, offset: int, limit: int, on: date | None
) -> Select[Any]:
    """The query behind `SqlVersions.versions`."""
    found = _chosen(project_id, filter_, past, on)
    newest = (found.c.created_at.desc(), found.c.sequence.desc(), found.c.id, found.c.revision.desc())
    return select(found).order_by(*newest).offset(offset).limit(limit)


def _versions(connection: Connection, query: Select[Any]) -> Sequence[Version]:
    return [_version_from(row) for row in connection.execute(query)]


def _chosen(project_id: str, filter_: Filter, past: Past, on: date | None) -> Subquery:
    """The versions that a reader of the past sees, present ones among them."""
    moment = None if past.as_of is None else rows.microseconds(past.as_of)
    stores: Sequence[tuple[Store, ColumnElement[Any]]] = (
        (PRESENT, cast(null(), BigInteger).label("valid_to")),
        (PAST, memory_versions.c.valid_to),
    )
    return union_all(
        *(
            select(*(store.memories.c[name] for name in VERSION), valid_to)
            .where(_wanted(store, project_id, filter_, on))
            .where(_seen(store.memories, moment, superseded=past.include_superseded))
            for store, valid_to in stores
        )
    ).subquery()


def _wanted(store: Store, project_id: str, filter_: Filter, on: date | None) -> ColumnElement[bool]:
    wanted = and_(store.memories.c.project_id == project_id, condition(filter_, store))
    if on is None:
        return wanted
    expires = store.memories.c.expiration_date
    return and_(wanted, or_(expires.is_(None), expires >= on.isoformat()))


def _seen(table: Table, moment: int | None, *, superseded: bool) -> ColumnElement[bool]:
    if moment is None:
        return true()
    began = table.c.valid_from <= moment
    if superseded or table is memories:
        return began
    return and_(began, table.c.valid_to > moment)


def _version_from(row: rows.AnyRow) -> Version:
    return Version(
        rows.memory_from(row),
        rows.time_from(row.valid_from),
        None if row.valid_to is None else rows.time_from(row.valid_to),
    )
