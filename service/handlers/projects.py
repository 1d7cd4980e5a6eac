"""AccountService: projects, their settings, and who may use them."""

from __future__ import annotations

from memoryd.v1 import account_service_pb2 as pb

from service.handlers.admin_fields import address_of, group_of, member_of, optional_text, role_of, uuid_of
from service.handlers.admin_proto import member_proto, project_proto
from service.handlers.fields import Fields
from service.handlers.project_update import update_from
from service.memory.members import MemberAdministration
from service.memory.projects import ProjectAdministration
from service.transport.call import current_call
from service.transport.chain import Context


class ProjectMethods:
    """The methods about projects."""

    _projects: ProjectAdministration
    _members: MemberAdministration

    async def ListProjects(
        self,
        request: pb.ListProjectsRequest,
        context: Context,
    ) -> pb.ListProjectsResponse:
        """The projects that the caller may use."""
        fields = Fields()
        organization_id = uuid_of(fields, "org_id", request.org_id)
        fields.raise_if_wrong()
        found = await self._projects.list(current_call().principal, organization_id)
        return pb.ListProjectsResponse(projects=[project_proto(each) for each in found])

    async def CreateProject(
        self,
        request: pb.CreateProjectRequest,
        context: Context,
    ) -> pb.CreateProjectResponse:
        """Makes a project."""
        fields = Fields()
        organization_id = uuid_of(fields, "org_id", request.org_id)
        name = fields.identifier("name", request.name)
        description = optional_text(fields, "description", request.description)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.CreateProjectResponse()
        made = await self._projects.create(current_call().principal, organization_id, name or "", description)
        return pb.CreateProjectResponse(project=project_proto(made))

    async def GetProject(
        self,
        request: pb.GetProjectRequest,
        context: Context,
    ) -> pb.GetProjectResponse:
        """One project."""
        fields = Fields()
        organization_id = uuid_of(fields, "org_id", request.org_id)
        project_id = uuid_of(fields, "project_id", request.project_id)
        fields.raise_if_wrong()
        found = await self._projects.get(current_call().principal, organization_id, project_id)
        return pb.GetProjectResponse(project=project_proto(found))

    async def UpdateProject(
        self,
        request: pb.UpdateProjectRequest,
        context: Context,
    ) -> pb.UpdateProjectResponse:
        """Changes a project."""
        fields = Fields()
        organization_id = uuid_of(fields, "org_id", request.org_id)
        project_id = uuid_of(fields, "project_id", request.project_id)
        changes = update_from(request, fields)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.UpdateProjectResponse()
        changed = await self._projects.update(current_call().principal, organization_id, project_id, changes)
        return pb.UpdateProjectResponse(project=project_proto(changed))

    async def DeleteProject(
        self,
        request: pb.DeleteProjectRequest,
        context: Context,
    ) -> pb.DeleteProjectResponse:
        """Deletes a project."""
        fields = Fields()
        organization_id = uuid_of(fields, "org_id", request.org_id)
        project_id = uuid_of(fields, "project_id", request.project_id)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.DeleteProjectResponse()
        await self._projects.delete(current_call().principal, organization_id, project_id)
        return pb.DeleteProjectResponse()

    async def ListProjectMembers(
        self,
        request: pb.ListProjectMembersRequest,
        context: Context,
    ) -> pb.ListProjectMembersResponse:
        """The members of a project."""
        fields = Fields()
        group = group_of(fields, request.org_id, request.project_id)
        fields.raise_if_wrong()
        found = await self._members.list(current_call().principal, group)
        return pb.ListProjectMembersResponse(members=[member_proto(each) for each in found])

    async def AddProjectMember(
        self,
        request: pb.AddProjectMemberRequest,
        context: Context,
    ) -> pb.AddProjectMemberResponse:
        """Makes somebody a member of a project."""
        fields = Fields()
        group = group_of(fields, request.org_id, request.project_id)
        email, role = address_of(fields, request.email), role_of(fields, request.role or "reader")
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.AddProjectMemberResponse()
        member = await self._members.add(current_call().principal, group, email, role)
        return pb.AddProjectMemberResponse(member=member_proto(member))

    async def UpdateProjectMember(
        self,
        request: pb.UpdateProjectMemberRequest,
        context: Context,
    ) -> pb.UpdateProjectMemberResponse:
        """Gives a member of a project another role."""
        fields = Fields()
        group = group_of(fields, request.org_id, request.project_id)
        name, role = member_of(fields, request.email), role_of(fields, request.role)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.UpdateProjectMemberResponse()
        member = await self._members.change_role(current_call().principal, group, name, role)
        return pb.UpdateProjectMemberResponse(member=member_proto(member))

    async def RemoveProjectMember(
        self,
        request: pb.RemoveProjectMemberRequest,
        context: Context,
    ) -> pb.RemoveProjectMemberResponse:
        """Ends a membership of a project."""
        fields = Fields()
        group = group_of(fields, request.org_id, request.project_id)
        name = member_of(fields, request.email)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.RemoveProjectMemberResponse()
        await self._members.remove(current_call().principal, group, name)
        return pb.RemoveProjectMemberResponse()
