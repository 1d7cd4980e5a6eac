"""Organizations: the tenants. Nothing of one can be seen from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from service.memory.access import access_organization
from service.memory.accounts import Accounts, Principal, require_owner
from service.memory.members import Member
from service.memory.ports import Clock, Wake


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant."""

    id: str
    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    members: tuple[Member, ...] = ()


class Organizations(Protocol):
    """Keeps organizations. Every method is one transaction."""

    async def list(self, member: str) -> Sequence[Organization]:
        """Those in which the member has a part, oldest first, without their members."""

    async def create(self, name: str, description: str, owner: str, at: datetime) -> Organization:
        """Makes one that belongs to its owner.

        Raises:
            AlreadyExists: the owner has a part in one of that name.
        """

    async def get(self, organization_id: str) -> Organization:
        """One organization.

        Raises:
            NotFound: it was deleted.
        """

    async def delete(self, organization_id: str) -> None:
        """Deletes it with its projects, members and keys, all or nothing."""


class OrganizationAdministration:
    """Shows, makes and deletes organizations.

    Every method raises NotFound for an organization that the caller has no part in.
    """

    def __init__(
        self, accounts: Accounts, organizations: Organizations, clock: Clock, on_commit: Wake
    ) -> None:
        self._accounts = accounts
        self._organizations = organizations
        self._now = clock
        self._on_commit = on_commit

    async def list(self, principal: Principal) -> Sequence[Organization]:
        """The caller's organizations, oldest first."""
        return await self._organizations.list(principal.member)

    async def create(self, principal: Principal, name: str, description: str) -> Organization:
        """Makes an organization; the caller becomes its owner. Raises AlreadyExists."""
        require_owner(principal.role)
        return await self._organizations.create(name, description, principal.member, self._now())

    async def get(self, principal: Principal, organization_id: str) -> Organization:
        """One organization. Who belongs to one of its projects only does not see its members."""
        access = await access_organization(self._accounts, principal, organization_id)
        organization = await self._organizations.get(organization_id)
        return organization if access.role else replace(organization, members=())

    async def delete(self, principal: Principal, organization_id: str) -> None:
        """Deletes an organization with everything in it. Owners only."""
        require_owner((await access_organization(self._accounts, principal, organization_id)).role)
        await self._organizations.delete(organization_id)
        self._on_commit()
