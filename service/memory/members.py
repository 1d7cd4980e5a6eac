"""Who may use an organization or a project, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.memory.access import access_named_project, access_organization
from service.memory.accounts import AccessRole, Accounts, Principal, require_owner
from service.memory.errors import PermissionDenied
from service.memory.ports import Clock

NO_MEMBER = "Member not found"
LAST_OWNER = "The last owner must stay an owner."


@dataclass(frozen=True, slots=True)
class Group:
    """What has members: an organization, or one project of it."""

    organization_id: str
    project_id: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group."""

    name: str
    """An email address in lower case, or the id of a key without one."""
    role: AccessRole
    created_at: datetime

    @property
    def email(self) -> str:
        """The address; empty when a key is a member by itself."""
        return self.name if "@" in self.name else ""


class Members(Protocol):
    """Keeps members. Every method is one transaction."""

    async def list(self, group: Group) -> Sequence[Member]:
        """The members, longest-standing first."""

    async def add(self, group: Group, member: Member) -> None:
        """Adds a member.

        Raises:
            AlreadyExists: it is one.
            NotFound: the group was deleted.
        """

    async def change_role(self, group: Group, name: str, role: AccessRole) -> Member:
        """Gives a member another role.

        Raises:
            NotFound: no such member.
            InvalidRequest: the group would be left without an owner.
        """

    async def remove(self, group: Group, name: str) -> None:
        """Ends a membership; for an organization also those of its projects.

        Raises:
            NotFound: no such member.
            InvalidRequest: the group would be left without an owner.
        """


class MemberAdministration:
    """Shows and changes who is a member. Only owners change anything.

    Every method raises NotFound for a group that the caller has no part in.
    """

    def __init__(self, accounts: Accounts, members: Members, clock: Clock) -> None:
        self._accounts = accounts
        self._members = members
        self._now = clock

    async def list(self, principal: Principal, group: Group) -> Sequence[Member]:
        """The members. Who belongs to a project only does not see its organization's."""
        if await self._role(principal, group) is None:
            raise PermissionDenied("Only members of the organization may see its members.")
        return await self._members.list(group)

    async def add(self, principal: Principal, group: Group, email: str, role: AccessRole) -> Member:
        """Makes somebody a member. Raises AlreadyExists when somebody is one."""
        require_owner(await self._role(principal, group))
        member = Member(email, role, self._now())
        await self._members.add(group, member)
        return member

    async def change_role(self, principal: Principal, group: Group, name: str, role: AccessRole) -> Member:
        """Gives a member another role. Raises InvalidRequest for the last owner."""
        require_owner(await self._role(principal, group))
        return await self._members.change_role(group, name, role)

    async def remove(self, principal: Principal, group: Group, name: str) -> None:
        """Ends a membership. Raises InvalidRequest for the last owner."""
        require_owner(await self._role(principal, group))
        await self._members.remove(group, name)

    async def _role(self, principal: Principal, group: Group) -> AccessRole | None:
        if group.project_id is None:
            return (await access_organization(self._accounts, principal, group.organization_id)).role
        access = await access_named_project(
            self._accounts, principal, group.project_id, group.organization_id
        )
        return access.role
