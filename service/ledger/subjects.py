"""Whose memories they are, how often those were committed to, and whose turn it is to do so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    exists,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from service.ledger import rows
from service.ledger.schema import Id, subjects
from service.memory.errors import SCOPE_CHANGED, Conflict
from service.memory.model import Scope
from service.memory.ports import Turn


def of_subject(table: Table, project_id: str, scope: Scope) -> ColumnElement[bool]:
    """The rows of a table that are about the subject of a scope."""
    return and_(
        table.c.project_id == project_id,
        table.c.subject_kind == scope.subject.kind,
        table.c.subject_id == scope.subject.id,
    )


def named_subject(table: Table) -> ColumnElement[bool]:
    """The same for a statement that is built once: `subject_names` says whose rows."""
    return and_(
        table.c.project_id == bindparam("of_project"),
        table.c.subject_kind == bindparam("of_kind"),
        table.c.subject_id == bindparam("of_id"),
    )


def subject_names(project_id: str, scope: Scope) -> rows.Values:
    """The parameters of `named_subject`."""
    return {"of_project": project_id, "of_kind": scope.subject.kind, "of_id": scope.subject.id}


def _free_for(event_id: ColumnElement[str] | str, at: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Whose turn nobody else has."""
    return or_(subjects.c.turn_of.is_(None), subjects.c.turn_of == event_id, subjects.c.turn_until < at)


# Built once: every add says these, and putting a statement together costs more than SQLite's answer.
_STANDING = select(subjects.c.version, subjects.c.turn_of, subjects.c.turn_until).where(
    named_subject(subjects)
)
_ONE_MORE = update(subjects).where(named_subject(subjects)).values(version=subjects.c.version + 1)
_ONE_MORE_IF = _ONE_MORE.where(
    subjects.c.version == bindparam("expected"),
    _free_for(bindparam("event_id", type_=Id), bindparam("at", type_=BigInteger())),
)


def standing(connection: Connection, project_id: str, scope: Scope) -> tuple[int, Turn | None]:
    """How many commits a subject has seen, and whose turn it was given to last."""
    row = connection.execute(_STANDING, subject_names(project_id, scope)).one_or_none()
    if row is None:
        return 0, None
    turn = None if row.turn_of is None else Turn(row.turn_of, rows.time_from(row.turn_until))
    return row.version, turn


def advance(
    connection: Connection, project_id: str, scope: Scope, expected: int | None, event_id: str, at: datetime
) -> int:
    """Counts one more commit for the subject, if nobody else did since `expected` was read.

    A subject begins at the time of its first commit in microseconds, so that one which was erased and comes
    again never meets a version that it had before.

    Returns:
        The subject's version now; 0 where `expected` is None, for then it was not looked at.

    Raises:
        Conflict: somebody else did, or it is another request's turn.
    """
    subject = subject_names(project_id, scope)
    turn = {"expected": expected, "event_id": event_id, "at": rows.microseconds(at)}
    one_more = _ONE_MORE if expected is None else _ONE_MORE_IF
    if connection.execute(one_more, subject if expected is None else subject | turn).rowcount:
        return expected + 1 if expected else 0
    if expected:
        raise changed_meanwhile()
    first = {"project_id": project_id, **rows.subject_values(scope), "version": rows.microseconds(at)}
    try:
        with connection.begin_nested():
            connection.execute(insert(subjects), first)
    except IntegrityError:
        if expected is not None:
            raise
        # Somebody else's first commit came in between; who checks no version comes second.
        connection.execute(_ONE_MORE, subject)
        return 0
    return rows.microseconds(at) if expected is not None else 0


def take_turn(
    connection: Connection, project_id: str, scope: Scope, event_id: str, at: datetime, until: datetime
) -> bool:
    """Gives the subject's turn to a request, unless another has it."""
    subject = of_subject(subjects, project_id, scope)
    turn = {"turn_of": event_id, "turn_until": rows.microseconds(until)}
    free = _free_for(event_id, rows.microseconds(at))
    if connection.execute(update(subjects).where(subject, free).values(turn)).rowcount:
        return True
    # Of a subject that was erased meanwhile, nobody can have the turn.
    return not connection.scalar(select(exists().where(subject)))


def end_turn(connection: Connection, project_id: str, scope: Scope, event_id: str) -> None:
    """Takes the turn back from a request, if it still has it."""
    mine = and_(of_subject(subjects, project_id, scope), subjects.c.turn_of == event_id)
    connection.execute(update(subjects).where(mine).values(turn_of=None, turn_until=None))


def changed_meanwhile() -> Conflict:
    """What a request meets whose scope is not what it has read any more."""
    return Conflict("The memories of this scope were changed meanwhile.", reason=SCOPE_CHANGED)
