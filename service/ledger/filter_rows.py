"""What filters look at beside the memory itself: its metadata and categories, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, bindparam, delete, insert

from service.ledger.rows import Values
from service.ledger.schema import memory_categories, memory_metadata
from service.memory.filters.values import canonical, digest, folded
from service.memory.model import Memory, Metadata

VALUE, ELEMENT = "value", "element"
"""The kinds of a row of `memory_metadata`: a key's whole value, or one element of it where it is a list."""

TABLES = (memory_metadata, memory_categories)


def write(connection: Connection, project_id: str, memories: Sequence[Memory]) -> None:
    """Writes the rows of memories that have none."""
    metadata = [row for memory in memories for row in metadata_rows(project_id, memory.id, memory.metadata)]
    categories = [
        row for memory in memories for row in category_rows(project_id, memory.id, memory.categories)
    ]
    for table, rows in zip(TABLES, (metadata, categories), strict=True):
        if rows:
            connection.execute(insert(table), rows)


def rewrite(connection: Connection, project_id: str, memories: Sequence[Memory]) -> None:
    """Writes the rows of memories that may have some already."""
    changed = [{"changed_id": memory.id} for memory in memories]
    for table in TABLES if changed else ():
        old = delete(table).where(
            table.c.project_id == project_id, table.c.memory_id == bindparam("changed_id")
        )
        connection.execute(old, changed)
    write(connection, project_id, memories)


def key_digest(key: str) -> str:
    """How `memory_metadata` knows a key."""
    return digest(key)


def value_digest(value: object) -> str:
    """How `memory_metadata` knows a value."""
    return digest(canonical(value))


def name_digest(name_folded: str) -> str:
    """How `memory_categories` knows a name."""
    return digest(name_folded)


def metadata_rows(project_id: str, memory_id: str, metadata: Metadata | None) -> Iterator[Values]:
    """A row for each top-level value, and one for each element that a list has, once. null is no value."""
    for key, value in (metadata or {}).items():
        if value is None:
            continue
        row = {"memory_id": memory_id, "project_id": project_id, "key_digest": key_digest(key)}
        text = value if isinstance(value, str) else None
        yield row | {"kind": VALUE, "value_digest": value_digest(value), "text": text}
        if isinstance(value, list):
            for element in sorted({value_digest(element) for element in value}):
                yield row | {"kind": ELEMENT, "value_digest": element, "text": None}


def category_rows(project_id: str, memory_id: str, categories: Iterable[str]) -> Iterator[Values]:
    """A row for each category. Two that differ in case or Unicode form only are one."""
    for name in sorted({folded(name) for name in categories}):
        yield {
            "memory_id": memory_id,
            "project_id": project_id,
            "name_digest": name_digest(name),
            "name_folded": name,
        }
