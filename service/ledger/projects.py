"""Projects on SQL."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from memoryd.exact_json import dumps, loads
from sqlalchemy import Connection, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.ledger.database import Database
from service.ledger.memberships import member_from, membership_values, usable_projects
from service.ledger.removal import remove_projects
from service.ledger.rows import AnyRow, Values, microseconds, time_from
from service.ledger.schema import organizations, project_members, projects
from service.memory.access import NO_ORGANIZATION, NO_PROJECT
from service.memory.accounts import AccessRole, Principal
from service.memory.errors import AlreadyExists, NotFound
from service.memory.members import Member
from service.memory.ports import ProjectSettings
from service.memory.projects import KEPT_SETTINGS, Project, ProjectUpdate


class SqlProjects:
    """Implements `service.memory.projects.Projects`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, principal: Principal, organization_id: str) -> Sequence[Project]:
        """See the port."""
        usable = usable_projects(
            principal.member, projects.c.id, organization_wide=principal.organization_wide
        )
        usable = usable.where(projects.c.organization_id == organization_id)
        chosen = select(projects).where(projects.c.id.in_(select(usable.subquery().c.id)))
        return await self._database.read(lambda connection: _projects(connection, chosen))

    async def create(
        self, organization_id: str, name: str, description: str, owner: str, at: datetime
    ) -> Project:
        """See the port."""
        project_id = str(uuid.uuid4())
        there = select(organizations.c.id).where(organizations.c.id == organization_id)

        def create(connection: Connection) -> Project:
            if connection.scalar(there) is None:
                raise NotFound(NO_ORGANIZATION)
            connection.execute(
                insert(projects).values(
                    id=project_id,
                    organization_id=organization_id,
                    name=name,
                    description=description,
                    created_at=microseconds(at),
                )
            )
            connection.execute(
                insert(project_members).values(
                    project_id=project_id, **membership_values(Member(owner, AccessRole.OWNER, at))
                )
            )
            return _project(connection, project_id)

        return await self._unless_taken(create)

    async def get(self, project_id: str) -> Project:
        """See the port."""
        return await self._database.read(lambda connection: _project(connection, project_id))

    async def update(self, project_id: str, changes: ProjectUpdate, at: datetime) -> Project:
        """See the port."""

        def change(connection: Connection) -> Project:
            row = connection.execute(
                select(projects).where(projects.c.id == project_id).with_for_update()
            ).one_or_none()
            if row is None:
                raise NotFound(NO_PROJECT)
            values = _changed(changes, row) | {"updated_at": microseconds(at)}
            connection.execute(update(projects).where(projects.c.id == project_id).values(values))
            return _project(connection, project_id)

        return await self._unless_taken(change)

    async def delete(self, project_id: str) -> None:
        """See the port."""
        chosen = select(projects.c.id).where(projects.c.id == project_id)
        await self._database.write(lambda connection: remove_projects(connection, chosen))

    async def _unless_taken(self, work: Callable[[Connection], Project]) -> Project:
        try:
            return await self._database.write(work)
        except IntegrityError as error:
            raise AlreadyExists("The organization has a project of that name already.") from error


def settings_from(row: AnyRow) -> ProjectSettings:
    """What a project wants of every request."""
    categories = cast("Mapping[str, str]", loads(row.custom_categories)) if row.custom_categories else {}
    other = _other_settings(row)
    return ProjectSettings(
        categories,
        row.custom_instructions,
        cast("str | None", other.get("agent_custom_instructions")),
        cast("str | None", other.get("inclusion_prompt")),
        cast("str | None", other.get("exclusion_prompt")),
    )


def _other_settings(row: AnyRow) -> dict[str, object]:
    return cast("dict[str, object]", loads(row.settings)) if row.settings else {}


def _changed(changes: ProjectUpdate, row: AnyRow) -> Values:
    """The columns that the changes concern."""
    values: Values = {}
    for name in ("name", "description"):
        if (value := getattr(changes, name)) is not None:
            values[name] = value
    if changes.custom_instructions is not None:
        values["custom_instructions"] = changes.custom_instructions or None
    if changes.custom_categories is not None:
        values["custom_categories"] = dumps(changes.custom_categories) if changes.custom_categories else None
    texts = {
        name: value or None
        for name in ("agent_custom_instructions", "inclusion_prompt", "exclusion_prompt")
        if (value := getattr(changes, name)) is not None
    }
    if changed := {**changes.kept, **texts}:
        merged = _other_settings(row) | changed
        values["settings"] = dumps({name: value for name, value in merged.items() if value is not None})
    return values


def _project(connection: Connection, project_id: str) -> Project:
    found = _projects(connection, select(projects).where(projects.c.id == project_id))
    if not found:
        raise NotFound(NO_PROJECT)
    return found[0]


def _projects(connection: Connection, chosen: Select[Any]) -> list[Project]:
    """Projects with their members, oldest first: two queries, however many there are."""
    ordered = chosen.order_by(projects.c.created_at, projects.c.id)
    who = (
        select(project_members)
        .where(project_members.c.project_id.in_(select(chosen.subquery().c.id)))
        .order_by(project_members.c.created_at, project_members.c.member)
    )
    members: dict[str, list[Member]] = defaultdict(list)
    for row in connection.execute(who):
        members[row.project_id].append(member_from(row))
    return [_project_from(row, members[row.id]) for row in connection.execute(ordered)]


def _project_from(row: AnyRow, members: Sequence[Member]) -> Project:
    return Project(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        description=row.description,
        settings=settings_from(row),
        kept={name: value for name, value in _other_settings(row).items() if name in KEPT_SETTINGS},
        created_at=time_from(row.created_at),
        updated_at=time_from(row.created_at if row.updated_at is None else row.updated_at),
        members=tuple(members),
    )
