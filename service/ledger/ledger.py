"""The ledger port on SQL. Every method is one transaction, and every query names the project."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    Connection,
    Integer,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from service.ledger import claims, rows
from service.ledger.commits import apply_changes, log_changes
from service.ledger.database import Database
from service.ledger.leases import Holder
from service.ledger.projects import settings_from
from service.ledger.schema import dropped_projects, outbox, projects, requests, subjects
from service.ledger.scope_reads import ScopeReads
from service.ledger.scopes import RememberedScopes
from service.ledger.subjects import (
    advance,
    changed_meanwhile,
    end_turn,
    of_subject,
    take_turn,
)
from service.memory.access import NO_PROJECT
from service.memory.errors import REQUEST_GIVEN_UP, Conflict, NotFound
from service.memory.model import (
    INSTRUCTING_ROLES,
    AddRequest,
    Change,
    Message,
    Outcome,
    Rejection,
    RequestStatus,
    Scope,
)
from service.memory.ports import (
    Claim,
    IndexEntry,
    OutboxItem,
    ProjectSettings,
    ReadAhead,
    ScopeSnapshot,
    StoredRequest,
)

# Built once: every add says these, and putting a statement together costs more than SQLite's answer.
_PROJECT = select(projects).where(projects.c.id == bindparam("of_project"))
_ACTOR = select(requests.c.actor).where(requests.c.id == bindparam("of_id"))
_OUTBOX = select(outbox).order_by(outbox.c.sequence).limit(bindparam("most", type_=Integer()))
_DROPPED = select(dropped_projects.c.project_id).limit(bindparam("most", type_=Integer()))


@lru_cache
def _finishing(columns: tuple[str, ...]) -> Update:
    """Ends work on a running request that its owner still has, setting these columns."""
    mine = and_(
        requests.c.project_id == bindparam("of_project"),
        requests.c.id == bindparam("of_id"),
        requests.c.status == RequestStatus.RUNNING.value,
        requests.c.owner == bindparam("of_owner"),
    )
    return update(requests).where(mine).values({name: bindparam(name) for name in columns})


class SqlLedger:
    """Implements `service.memory.ports.Ledger`."""

    def __init__(
        self, database: Database, holder: Holder | None = None, scopes: RememberedScopes | None = None
    ) -> None:
        self._database = database
        self._holder = holder or Holder()
        self._scopes = scopes or RememberedScopes()
        self._reads = ScopeReads(self._scopes)

    async def project_settings(self, project_id: str) -> ProjectSettings:
        """See the port."""
        asked = {"of_project": project_id}
        row = await self._database.read(lambda connection: connection.execute(_PROJECT, asked).one_or_none())
        if row is None:
            raise NotFound(NO_PROJECT)
        return settings_from(row)

    async def store_request(self, project_id: str, request: AddRequest, at: datetime) -> str:
        """See the port."""
        values = claims.new_request(project_id, request, self._holder, at)
        try:
            await self._database.write(lambda connection: connection.execute(insert(requests), values))
        except IntegrityError as error:  # the only reference of a request is its project
            raise NotFound(NO_PROJECT) from error
        return str(values["id"])

    async def claim_request(
        self, project_id: str, request: AddRequest, key: str, at: datetime, forgotten_before: datetime
    ) -> Claim:
        """See the port."""
        digest = rows.payload_digest(request)

        def known(connection: Connection) -> Claim | None:
            return claims.stored_before(connection, project_id, key, digest, at, forgotten_before)

        def claim(connection: Connection) -> Claim:
            return claims.claim(
                connection, project_id, request, key, digest, self._holder, at, forgotten_before
            )

        # Who waits for another call asks again and again, and should be in nobody's way.
        if (found := await self._database.read(known)) is not None and not found.mine:
            return found
        try:
            return await self._database.write(claim)
        except IntegrityError:
            try:
                # Somebody else handed in the first request of the key. It is there now.
                return await self._database.write(claim)
            except IntegrityError as error:
                raise NotFound(NO_PROJECT) from error

    def at_work_on(self, event_id: str) -> AbstractContextManager[None]:
        """See the port."""
        return self._holder.at_work_on(event_id)

    async def take_pending(self, at: datetime) -> StoredRequest | None:
        """See the port."""
        # Of each subject only the first request that has not ended may be worked on. It is looked for among
        # the running ones too, so that two takers never begin two requests of one subject.
        unfinished = requests.alias()
        first = (
            select(func.min(unfinished.c.sequence))
            .where(
                unfinished.c.status.in_([RequestStatus.PENDING.value, RequestStatus.RUNNING.value]),
                unfinished.c.asynchronous.is_(True),
            )
            .group_by(unfinished.c.project_id, unfinished.c.subject_kind, unfinished.c.subject_id)
        )
        oldest = (
            select(requests)
            .where(
                requests.c.status == RequestStatus.PENDING.value,
                requests.c.sequence.in_(first),
                or_(requests.c.not_before.is_(None), requests.c.not_before <= rows.microseconds(at)),
            )
            .order_by(requests.c.sequence)
            .limit(1)
            .with_for_update(skip_locked=True)
        )

        def take(connection: Connection) -> StoredRequest | None:
            row = connection.execute(oldest).one_or_none()
            if row is None:
                return None
            connection.execute(
                update(requests)
                .where(requests.c.sequence == row.sequence)
                .values(
                    status=RequestStatus.RUNNING.value,
                    started_at=rows.microseconds(at),
                    attempts=row.attempts + 1,
                    reason=None,
                    error_text=None,
                    **self._holder.taken(at),
                )
            )
            return StoredRequest(
                row.id, row.project_id, rows.request_from(row), in_background=True, attempt=row.attempts + 1
            )

        return await self._database.write(take)

    async def read_scope(
        self, project_id: str, scope: Scope, ahead: ReadAhead | None = None
    ) -> ScopeSnapshot:
        """See the port."""
        return await self._database.read(
            lambda connection: self._reads.read(connection, project_id, scope, ahead=ahead)
        )

    async def earlier_messages(self, project_id: str, scope: Scope, limit: int) -> Sequence[Message]:
        """See the port."""
        query = (
            select(requests)
            .where(
                of_subject(requests, project_id, scope),
                *(requests.c[name].is_not_distinct_from(v) for name, v in rows.scope_values(scope).items()),
                requests.c.status == RequestStatus.SUCCEEDED.value,
            )
            .order_by(requests.c.sequence.desc())
            .limit(limit)
        )

        def read(connection: Connection) -> Sequence[Message]:
            earlier = reversed([rows.request_from(row) for row in connection.execute(query)])
            said = [message for request in earlier for message in request.messages]
            return [message for message in said if message.role not in INSTRUCTING_ROLES][-limit:]

        return await self._database.read(read)

    async def commit(
        self,
        project_id: str,
        event_id: str,
        scope: Scope,
        expected_version: int | None,
        changes: Sequence[Change],
        rejections: Sequence[Rejection],
        at: datetime,
    ) -> Outcome:
        """See the port."""
        outcome = Outcome(event_id, RequestStatus.SUCCEEDED, tuple(changes), tuple(rejections))

        def commit(connection: Connection) -> int:
            version = 0
            if changes:
                version = advance(connection, project_id, scope, expected_version, event_id, at)
                actor = connection.scalar(_ACTOR, {"of_id": event_id})
                apply_changes(connection, project_id, changes, at)
                log_changes(connection, project_id, event_id, changes, actor, at)
            values: rows.Values = {
                "status": outcome.status.value,
                "rejections": rows.rejections_text(outcome.rejections),
                "completed_at": rows.microseconds(at),
            }
            if not self._finish(connection, project_id, event_id, values):
                raise Conflict("The request was given up meanwhile.", reason=REQUEST_GIVEN_UP)
            return version

        try:
            version = await self._database.write(commit)
            if expected_version is not None and version:
                self._scopes.committed(project_id, scope, expected_version, changes, version)
        except IntegrityError as error:
            if expected_version is not None:
                raise changed_meanwhile() from error
            # Two commits met that were both the first of their subject. There is one now, so they meet once.
            await self._database.write(commit)
        return outcome

    async def take_turn(
        self, project_id: str, scope: Scope, event_id: str, at: datetime, until: datetime
    ) -> bool:
        """See the port."""
        return await self._database.write(
            lambda connection: take_turn(connection, project_id, scope, event_id, at, until)
        )

    async def end_turn(self, project_id: str, scope: Scope, event_id: str) -> None:
        """See the port."""
        await self._database.write(lambda connection: end_turn(connection, project_id, scope, event_id))

    async def fail_request(
        self, project_id: str, event_id: str, reason: str, text: str, at: datetime
    ) -> None:
        """See the port."""
        values: rows.Values = {
            "status": RequestStatus.FAILED.value,
            "reason": reason,
            "error_text": text,
            "completed_at": rows.microseconds(at),
        }
        await self._database.write(lambda connection: self._finish(connection, project_id, event_id, values))

    async def postpone_request(
        self, project_id: str, event_id: str, reason: str, text: str, until: datetime
    ) -> None:
        """See the port."""
        values: rows.Values = {
            "status": RequestStatus.PENDING.value,
            "reason": reason,
            "error_text": text,
            "started_at": None,
            "owner": None,
            "lease_until": None,
            "not_before": rows.microseconds(until),
        }
        await self._database.write(lambda connection: self._finish(connection, project_id, event_id, values))

    async def retry_request(self, project_id: str, event_id: str) -> bool:
        """See the port."""
        failed = and_(
            requests.c.project_id == project_id,
            requests.c.id == event_id,
            requests.c.status == RequestStatus.FAILED.value,
        )
        again: rows.Values = {
            "status": RequestStatus.PENDING.value,
            "asynchronous": True,
            "attempts": 0,
            **dict.fromkeys(("reason", "error_text", "started_at", "completed_at", "not_before")),
        }
        retry = update(requests).where(failed).values(again)
        return await self._database.write(lambda connection: connection.execute(retry).rowcount == 1)

    def _finish(self, connection: Connection, project_id: str, event_id: str, values: rows.Values) -> bool:
        """Ends work on a request, unless another process was given it meanwhile. A request ends once."""
        mine = {"of_project": project_id, "of_id": event_id, "of_owner": self._holder.name}
        return connection.execute(_finishing(tuple(values)), mine | values).rowcount == 1

    async def outbox(self, limit: int) -> Sequence[OutboxItem]:
        """See the port."""

        def item(row: rows.AnyRow) -> OutboxItem:
            entry = None
            if row.vector is not None:
                entry = IndexEntry(row.memory_id, rows.scope_from(row), rows.vector_from(row.vector))
            return OutboxItem(row.sequence, row.project_id, row.memory_id, entry)

        return await self._database.read(
            lambda connection: [item(row) for row in connection.execute(_OUTBOX, {"most": limit})]
        )

    async def outbox_done(self, sequences: Sequence[int]) -> None:
        """See the port."""
        done = delete(outbox).where(outbox.c.sequence.in_(sequences))
        await self._database.write(lambda connection: connection.execute(done))

    async def dropped_projects(self, limit: int) -> Sequence[str]:
        """See the port."""
        return await self._database.read(
            lambda connection: connection.scalars(_DROPPED, {"most": limit}).all()
        )

    async def project_dropped(self, project_id: str) -> None:
        """See the port."""
        done = delete(dropped_projects).where(dropped_projects.c.project_id == project_id)
        await self._database.write(lambda connection: connection.execute(done))

    async def ping(self) -> None:
        """See the port."""
        await self._database.read(lambda connection: connection.execute(select(subjects.c.version).limit(1)))
