"""Projects: memories apart from all others, with settings of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from service.memory.access import access_named_project, access_organization
from service.memory.accounts import AccessRole, Accounts, Principal, require_owner
from service.memory.members import Member
from service.memory.ports import Clock, ProjectSettings, Wake

KEPT_SETTINGS = (
    "retrieval_criteria",
    "enable_graph",
    "version",
    "memory_depth",
    "usecase_setting",
    "multilingual",
    "decay",
)
"""Settings of old clients that change nothing here. They come back as they were sent."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project."""

    id: str
    organization_id: str
    name: str
    description: str
    settings: ProjectSettings
    kept: Mapping[str, object]
    """What was sent of `KEPT_SETTINGS`."""
    created_at: datetime
    updated_at: datetime
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectUpdate:
    """What to change. None: leave it as it is; empty: back to the default."""

    name: str | None = None
    description: str | None = None
    custom_instructions: str | None = None
    agent_custom_instructions: str | None = None
    custom_categories: Mapping[str, str] | None = None
    inclusion_prompt: str | None = None
    exclusion_prompt: str | None = None
    kept: Mapping[str, object] = field(default_factory=dict)
    """Some of `KEPT_SETTINGS`; None as a value takes one away."""


class Projects(Protocol):
    """Keeps projects. Every method is one transaction."""

    async def list(self, principal: Principal, organization_id: str) -> Sequence[Project]:
        """Those of an organization that the caller may use, oldest first."""

    async def create(
        self, organization_id: str, name: str, description: str, owner: str, at: datetime
    ) -> Project:
        """Makes one that belongs to its owner.

        Raises:
            AlreadyExists: the organization has one of that name.
            NotFound: the organization was deleted.
        """

    async def get(self, project_id: str) -> Project:
        """One project.

        Raises:
            NotFound: it was deleted.
        """

    async def update(self, project_id: str, changes: ProjectUpdate, at: datetime) -> Project:
        """Changes a project.

        Raises:
            AlreadyExists: the organization has another one of that name.
            NotFound: it was deleted.
        """

    async def delete(self, project_id: str) -> None:
        """Deletes it with everything in it, all or nothing."""


class ProjectAdministration:
    """Shows, makes, changes and deletes projects.

    Every method raises NotFound for a project or an organization that the caller has no part in.
    """

    def __init__(self, accounts: Accounts, projects: Projects, clock: Clock, on_commit: Wake) -> None:
        self._accounts = accounts
        self._projects = projects
        self._now = clock
        self._on_commit = on_commit

    async def list(self, principal: Principal, organization_id: str) -> Sequence[Project]:
        """Those projects of an organization that the caller may use, oldest first."""
        await access_organization(self._accounts, principal, organization_id)
        return await self._projects.list(principal, organization_id)

    async def create(
        self, principal: Principal, organization_id: str, name: str, description: str
    ) -> Project:
        """Makes a project; the caller becomes its owner. Raises AlreadyExists.

        An owner of any project of the organization may: the key of one project makes the next one.
        """
        access = await access_organization(self._accounts, principal, organization_id)
        if not access.owns_project:
            require_owner(access.role)
        return await self._projects.create(organization_id, name, description, principal.member, self._now())

    async def get(self, principal: Principal, organization_id: str, project_id: str) -> Project:
        """One project."""
        await self._role(principal, organization_id, project_id)
        return await self._projects.get(project_id)

    async def update(
        self, principal: Principal, organization_id: str, project_id: str, changes: ProjectUpdate
    ) -> Project:
        """Changes a project. Owners only. Raises AlreadyExists."""
        require_owner(await self._role(principal, organization_id, project_id))
        return await self._projects.update(project_id, changes, self._now())

    async def delete(self, principal: Principal, organization_id: str, project_id: str) -> None:
        """Deletes a project with everything in it. Owners only."""
        require_owner(await self._role(principal, organization_id, project_id))
        await self._projects.delete(project_id)
        self._on_commit()

    async def _role(self, principal: Principal, organization_id: str, project_id: str) -> AccessRole:
        return (await access_named_project(self._accounts, principal, project_id, organization_id)).role
