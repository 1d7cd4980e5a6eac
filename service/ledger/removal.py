"""Deletes projects with everything in them."""

from __future__ import annotations

from sqlalchemy import Connection, Select, Table, delete, insert, update

from service.ledger.schema import api_keys, dropped_projects, metadata, projects


def remove_projects(connection: Connection, chosen: Select[tuple[str]]) -> None:
    """Deletes the projects whose ids a query gives, and every row of every table that belongs to one.

    Their vectors are left for the writer of the index, see `dropped_projects`. Keys stay, without a project
    of their own.
    """
    # Locked first: what is under way for such a project either ended before or fails.
    connection.execute(chosen.with_for_update()).all()
    connection.execute(insert(dropped_projects).from_select(["project_id"], chosen))
    connection.execute(update(api_keys).where(api_keys.c.project_id.in_(chosen)).values(project_id=None))
    for table in _tables_of_projects():
        connection.execute(delete(table).where(table.c.project_id.in_(chosen)))
    connection.execute(delete(projects).where(projects.c.id.in_(chosen)))


def _tables_of_projects() -> list[Table]:
    """The tables whose rows belong to a project, those first that nothing refers to."""
    return [
        table
        for table in reversed(metadata.sorted_tables)
        if table is not api_keys and any(key.column is projects.c.id for key in table.foreign_keys)
    ]
