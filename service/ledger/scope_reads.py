"""Reads the memories of a scope, with statements that are built once, and only what is not at hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, Select, and_, bindparam, select

from service.ledger import rows
from service.ledger.schema import memories, outbox
from service.ledger.scopes import RememberedScopes
from service.ledger.subjects import named_subject, standing, subject_names
from service.memory.model import Scope, Vector
from service.memory.ports import ReadAhead, ScopeSnapshot

MEMORY = tuple(memories.c[name] for name in rows.READ)
"""What `rows.memories_from` reads of the present memories."""

ALL = 2**63 - 1
"""More memories than any scope has."""


class ScopeReads:
    """Reads scopes as they are, and remembers what they held.

    Args:
        scopes: what is at hand.
    """

    def __init__(self, scopes: RememberedScopes) -> None:
        self._scopes = scopes

    def read(
        self,
        connection: Connection,
        project_id: str,
        scope: Scope,
        most: int = ALL,
        ahead: ReadAhead | None = None,
    ) -> ScopeSnapshot:
        """The newest of a scope's memories, oldest first, and what the index has not got of them yet.

        Args:
            connection: in a transaction, so that all is of one moment.
            project_id: whose.
            scope: the ids that a memory must carry.
            most: how many memories are wanted at most.
            ahead: is told of the memories unless they are at hand.
        """
        current, pending = _of_scope(tuple(scope.ids))
        asked = subject_names(project_id, scope) | {f"of_{name}": value for name, value in scope.ids.items()}

        def newest_first() -> Sequence[Row[Any]]:
            found = connection.execute(current, asked | {"most": most}).all()
            if ahead is not None:
                ahead(rows.texts_by_id(found))
            return found

        # All is of one moment, so what takes longest to be of use is read first.
        found = None if self._scopes.holds(project_id, scope) else newest_first()
        version, turn = standing(connection, project_id, scope)
        known = self._scopes.recall(project_id, scope, version)
        if known is None and found is None:
            found = newest_first()
        # Before memories are made of rows: while the database answers, whoever was told ahead gets on.
        vectors: dict[str, Vector] = {
            row.memory_id: rows.vector_from(row.vector)
            for row in connection.execute(pending, asked)
            if row.vector is not None
        }
        if known is None:
            known = rows.memories_from(reversed(found or ()))
            if len(known) < most:
                self._scopes.keep(project_id, scope, version, known)
        return ScopeSnapshot(version, known[-most:], vectors, turn)


@lru_cache
def _of_scope(names: tuple[str, ...]) -> tuple[Select[Any], Select[Any]]:
    """The memories that carry ids of these names, and their vectors that the index has not got yet."""
    inside = and_(named_subject(memories), *(memories.c[name] == bindparam(f"of_{name}") for name in names))
    newest_first = select(*MEMORY).where(inside).order_by(memories.c.sequence.desc())
    pending = (
        select(outbox.c.memory_id, outbox.c.vector)
        .join(memories, outbox.c.memory_id == memories.c.id)
        .where(inside, outbox.c.project_id == bindparam("of_project"))
        .order_by(outbox.c.sequence)
    )
    return newest_first.limit(bindparam("most", type_=BigInteger())), pending
