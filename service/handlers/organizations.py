"""AccountService: organizations and who belongs to them."""

from __future__ import annotations

from memoryd.v1 import account_service_pb2 as pb

from service.handlers.admin_fields import address_of, group_of, member_of, optional_text, role_of, uuid_of
from service.handlers.admin_proto import member_proto, organization_proto
from service.handlers.fields import Fields
from service.memory.members import MemberAdministration
from service.memory.organizations import OrganizationAdministration
from service.transport.call import current_call
from service.transport.chain import Context


class OrganizationMethods:
    """The methods about organizations."""

    _organizations: OrganizationAdministration
    _members: MemberAdministration

    async def ListOrganizations(
        self,
        request: pb.ListOrganizationsRequest,
        context: Context,
    ) -> pb.ListOrganizationsResponse:
        """The caller's organizations."""
        found = await self._organizations.list(current_call().principal)
        return pb.ListOrganizationsResponse(organizations=[organization_proto(each) for each in found])

    async def CreateOrganization(
        self,
        request: pb.CreateOrganizationRequest,
        context: Context,
    ) -> pb.CreateOrganizationResponse:
        """Makes an organization."""
        fields = Fields()
        name = fields.identifier("name", request.name)
        description = optional_text(fields, "description", request.description)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.CreateOrganizationResponse()
        made = await self._organizations.create(current_call().principal, name or "", description)
        return pb.CreateOrganizationResponse(organization=organization_proto(made))

    async def GetOrganization(
        self,
        request: pb.GetOrganizationRequest,
        context: Context,
    ) -> pb.GetOrganizationResponse:
        """One organization."""
        fields = Fields()
        organization_id = uuid_of(fields, "org_id", request.org_id)
        fields.raise_if_wrong()
        found = await self._organizations.get(current_call().principal, organization_id)
        return pb.GetOrganizationResponse(organization=organization_proto(found))

    async def DeleteOrganization(
        self,
        request: pb.DeleteOrganizationRequest,
        context: Context,
    ) -> pb.DeleteOrganizationResponse:
        """Deletes an organization."""
        fields = Fields()
        organization_id = uuid_of(fields, "org_id", request.org_id)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.DeleteOrganizationResponse()
        await self._organizations.delete(current_call().principal, organization_id)
        return pb.DeleteOrganizationResponse()

    async def ListOrganizationMembers(
        self,
        request: pb.ListOrganizationMembersRequest,
        context: Context,
    ) -> pb.ListOrganizationMembersResponse:
        """The members of an organization."""
        fields = Fields()
        group = group_of(fields, request.org_id)
        fields.raise_if_wrong()
        found = await self._members.list(current_call().principal, group)
        return pb.ListOrganizationMembersResponse(members=[member_proto(each) for each in found])

    async def AddOrganizationMember(
        self,
        request: pb.AddOrganizationMemberRequest,
        context: Context,
    ) -> pb.AddOrganizationMemberResponse:
        """Makes somebody a member of an organization."""
        fields = Fields()
        group = group_of(fields, request.org_id)
        email, role = address_of(fields, request.email), role_of(fields, request.role or "reader")
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.AddOrganizationMemberResponse()
        member = await self._members.add(current_call().principal, group, email, role)
        return pb.AddOrganizationMemberResponse(member=member_proto(member))

    async def UpdateOrganizationMember(
        self,
        request: pb.UpdateOrganizationMemberRequest,
        context: Context,
    ) -> pb.UpdateOrganizationMemberResponse:
        """Gives a member of an organization another role."""
        fields = Fields()
        group = group_of(fields, request.org_id)
        name, role = member_of(fields, request.email), role_of(fields, request.role)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.UpdateOrganizationMemberResponse()
        member = await self._members.change_role(current_call().principal, group, name, role)
        return pb.UpdateOrganizationMemberResponse(member=member_proto(member))

    async def RemoveOrganizationMember(
        self,
        request: pb.RemoveOrganizationMemberRequest,
        context: Context,
    ) -> pb.RemoveOrganizationMemberResponse:
        """Ends a membership of an organization."""
        fields = Fields()
        group, name = group_of(fields, request.org_id), member_of(fields, request.email)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.RemoveOrganizationMemberResponse()
        await self._members.remove(current_call().principal, group, name)
        return pb.RemoveOrganizationMemberResponse()
