"""Storing requests, and knowing one that is sent again by its idempotency key."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Connection, and_, insert, select, update

from service.ledger import rows
from service.ledger.leases import Holder
from service.ledger.schema import requests
from service.memory.errors import AlreadyExists
from service.memory.model import AddRequest, RequestStatus
from service.memory.ports import Claim

REUSED = "The idempotency key was used for another request. Take a new key for every new request."

ENDED = (RequestStatus.SUCCEEDED.value, RequestStatus.FAILED.value)


def new_request(project_id: str, request: AddRequest, holder: Holder, at: datetime) -> rows.Values:
    """A whole row of `requests`."""
    return {
        "id": str(uuid.uuid4()),
        "project_id": project_id,
        **rows.subject_values(request.scope),
        **rows.scope_values(request.scope),
        "actor": request.actor,
        "payload": rows.payload_text(request),
        "asynchronous": request.async_mode,
        "created_at": rows.microseconds(at),
        **_begun(request, holder, at),
    }


def stored_before(
    connection: Connection,
    project_id: str,
    key: str,
    digest: str,
    at: datetime,
    forgotten_before: datetime,
    *,
    lock: bool = False,
) -> Claim | None:
    """The request of a key, as it stands: nobody's to take over unless it failed or was left behind.

    Raises:
        AlreadyExists: the key belongs to another request.
    """
    query = select(requests).where(requests.c.project_id == project_id, requests.c.idempotency_key == key)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None or (row.created_at < rows.microseconds(forgotten_before) and row.status in ENDED):
        return None
    if row.payload_digest != digest:
        raise AlreadyExists(REUSED, reason="IDEMPOTENCY_KEY_REUSED")
    status = RequestStatus(row.status)
    left_behind = status is RequestStatus.RUNNING and (row.lease_until or 0) < rows.microseconds(at)
    # A worker's work that was left behind is taken up by a worker.
    mine = status is RequestStatus.FAILED or (left_behind and not row.asynchronous)
    return Claim(row.id, status, mine)


def claim(
    connection: Connection,
    project_id: str,
    request: AddRequest,
    key: str,
    digest: str,
    holder: Holder,
    at: datetime,
    forgotten_before: datetime,
) -> Claim:
    """See the port. Raises IntegrityError when somebody else stored the first request of the key just now."""
    known = stored_before(connection, project_id, key, digest, at, forgotten_before, lock=True)
    if known is None:
        _forget(connection, project_id, key, forgotten_before)
        values = new_request(project_id, request, holder, at)
        connection.execute(insert(requests), values | {"idempotency_key": key, "payload_digest": digest})
        return Claim(str(values["id"]), RequestStatus(values["status"]), mine=True)
    if known.mine:
        again = _begun(request, holder, at) | dict.fromkeys(("reason", "error_text", "completed_at"))
        again |= {"actor": request.actor, "asynchronous": request.async_mode}
        connection.execute(update(requests).where(requests.c.id == known.event_id).values(again))
    return known


def _begun(request: AddRequest, holder: Holder, at: datetime) -> rows.Values:
    """A request that waits for a worker, or that its caller's call works on."""
    if request.async_mode:
        return {
            "status": RequestStatus.PENDING.value,
            "attempts": 0,
            "started_at": None,
            "owner": None,
            "lease_until": None,
            "not_before": None,
        }
    return {
        "status": RequestStatus.RUNNING.value,
        "attempts": 1,
        "started_at": rows.microseconds(at),
        **holder.taken(at),
        "not_before": None,
    }


def _forget(connection: Connection, project_id: str, key: str, forgotten_before: datetime) -> None:
    """Gives the key of an old request free; that one stays, without a key.

    Says itself what is old: somebody may have stored a request of the key since it was looked for.
    """
    old = and_(
        requests.c.project_id == project_id,
        requests.c.idempotency_key == key,
        requests.c.created_at < rows.microseconds(forgotten_before),
        requests.c.status.in_(ENDED),
    )
    connection.execute(update(requests).where(old).values(idempotency_key=None))
