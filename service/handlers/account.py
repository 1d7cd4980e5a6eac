"""AccountService: who is calling. Its other methods are in the modules of their nouns."""

from __future__ import annotations

from memoryd.v1 import account_service_pb2 as pb
from memoryd.v1.account_service_pb2_grpc import AccountServiceServicer

from service.handlers.add_request import selection_from
from service.handlers.fields import Fields
from service.handlers.organizations import OrganizationMethods
from service.handlers.projects import ProjectMethods
from service.memory.accounts import Accounts, access_project
from service.memory.members import MemberAdministration
from service.memory.organizations import OrganizationAdministration
from service.memory.projects import ProjectAdministration
from service.transport.call import current_call
from service.transport.chain import Context


class AccountHandlers(OrganizationMethods, ProjectMethods, AccountServiceServicer):
    """Organizations, projects, their members, and keys."""

    def __init__(
        self,
        accounts: Accounts,
        organizations: OrganizationAdministration,
        projects: ProjectAdministration,
        members: MemberAdministration,
    ) -> None:
        self._accounts = accounts
        self._organizations = organizations
        self._projects = projects
        self._members = members

    async def Ping(
        self,
        request: pb.PingRequest,
        context: Context,
    ) -> pb.PingResponse:
        """Says for which organization and project the caller speaks."""
        fields = Fields()
        selection = selection_from(request, fields)
        fields.raise_if_wrong()
        principal = current_call().principal
        access = await access_project(self._accounts, principal, selection)
        return pb.PingResponse(
            status="ok",
            org_id=access.organization_id,
            project_id=access.project_id,
            user_email=principal.email,
        )
