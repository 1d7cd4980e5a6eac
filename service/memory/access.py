"""What a caller may do in an organization and in the projects that a path names.

Unlike `service.memory.accounts.access_project`, which judges a selection, these say NotFound: what somebody
has no part in is not there.
"""

from __future__ import annotations

from dataclasses import replace

from service.memory.accounts import (
    AccessRole,
    Accounts,
    OrganizationAccess,
    Principal,
    ProjectAccess,
    ProjectSelection,
)
from service.memory.errors import NotFound

NO_ORGANIZATION = "Organization not found"
NO_PROJECT = "Organization or project not found"


async def access_organization(
    accounts: Accounts, principal: Principal, organization_id: str
) -> OrganizationAccess:
    """What the caller may do in an organization.

    Raises:
        NotFound: it is not there, or the caller has no part in it.
    """
    access = await accounts.organization_access(principal, organization_id)
    if access is None:
        raise NotFound(NO_ORGANIZATION)
    return replace(
        access,
        role=access.role and access.role.capped(principal.role),
        owns_project=access.owns_project and principal.role is AccessRole.OWNER,
    )


async def access_named_project(
    accounts: Accounts, principal: Principal, project_id: str, organization_id: str | None = None
) -> ProjectAccess:
    """What the caller may do in a project, of that organization if one is named.

    Raises:
        NotFound: it is not there, or the caller may not use it.
    """
    selection = ProjectSelection(org_id=organization_id, project_id=project_id)
    access = await accounts.project_access(principal, selection)
    if access is None:
        raise NotFound(NO_PROJECT)
    return replace(access, role=access.role.capped(principal.role))
