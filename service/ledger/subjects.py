"""Whose memories they are, how often those were committed to, and whose turn it is to do so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger import rows
from service.ledger.schema import subjects
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


def standing(connection: Connection, project_id: str, scope: Scope) -> tuple[int, Turn | None]:
    """How many commits a subject has seen, and whose turn it was given to last."""
    query = select(subjects.c.version, subjects.c.turn_of, subjects.c.turn_until)
    row = connection.execute(query.where(of_subject(subjects, project_id, scope))).one_or_none()
    if row is None:
        return 0, None
    turn = None if row.turn_of is None else Turn(row.turn_of, rows.time_from(row.turn_until))
    return row.version, turn


def advance(
    connection: Connection, project_id: str, scope: Scope, expected: int | None, event_id: str, at: datetime
) -> None:
    """Counts one more commit for the subject, if nobody else did since `expected` was read.

    Raises:
        Conflict: somebody else did, or it is another request's turn.
    """
    one_more = update(subjects).where(of_subject(subjects, project_id, scope))
    if expected is not None:
        one_more = one_more.where(subjects.c.version == expected, _free_for(event_id, at))
    if connection.execute(one_more.values(version=subjects.c.version + 1)).rowcount:
        return
    if expected:
        raise changed_meanwhile()
    first = insert(subjects).values(project_id=project_id, **rows.subject_values(scope), version=1)
    try:
        with connection.begin_nested():
            connection.execute(first)
    except IntegrityError:
        if expected is not None:
            raise
        # Somebody else's first commit came in between; who checks no version comes second.
        connection.execute(one_more.values(version=subjects.c.version + 1))


def take_turn(
    connection: Connection, project_id: str, scope: Scope, event_id: str, at: datetime, until: datetime
) -> bool:
    """Gives the subject's turn to a request, unless another has it."""
    subject = of_subject(subjects, project_id, scope)
    turn = {"turn_of": event_id, "turn_until": rows.microseconds(until)}
    if connection.execute(update(subjects).where(subject, _free_for(event_id, at)).values(turn)).rowcount:
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


def _free_for(event_id: str, at: datetime) -> ColumnElement[bool]:
    return or_(
        subjects.c.turn_of.is_(None),
        subjects.c.turn_of == event_id,
        subjects.c.turn_until < rows.microseconds(at),
    )
