"""Projects, their settings, and who may use them."""

from __future__ import annotations

from fastapi import APIRouter
from memoryd.v1 import account_service_pb2 as pb
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import caller_of
from gateway.codec import accounts
from gateway.openapi import document, parameters
from gateway.routes.answers import answer_array, answer_object
from gateway.validation import call_checked, read_checked

ALL = "/api/v1/orgs/organizations/{org_id}/projects/"
ONE = f"{ALL}{{project_id}}/"
MEMBERS = f"{ONE}members/"

router = APIRouter(tags=["projects"])


@router.get(
    ALL,
    summary="List projects",
    response_model=None,
    responses=document.responses("Projects"),
    openapi_extra=parameters.path("org_id"),
)
async def list_projects(request: Request) -> Response:
    """Those projects of the organization that the caller may use."""
    caller = caller_of(request)
    decoded = accounts.addressed(pb.ListProjectsRequest, request.path_params, request.query_params)
    found = await read_checked(caller, caller.stubs.accounts.ListProjects, decoded)
    return answer_array([accounts.project_object(each) for each in found.projects])


@router.post(
    ALL,
    summary="Create a project",
    response_model=None,
    responses=document.responses("ProjectMade"),
    openapi_extra=parameters.body_of("ProjectRequest", "org_id"),
)
async def create_project(request: Request) -> Response:
    """The caller becomes its owner and may select it at once."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = accounts.decode_creation(
        pb.CreateProjectRequest, request.path_params, request.query_params, body
    )
    made = await call_checked(caller, caller.stubs.accounts.CreateProject, decoded)
    return answer_object({"message": "Project created successfully."} | accounts.project_object(made.project))


@router.get(
    ONE,
    summary="Show a project",
    response_model=None,
    responses=document.responses("Project"),
    openapi_extra=parameters.path("org_id", "project_id", query=parameters.FIELDS),
)
async def get_project(request: Request) -> Response:
    """One project with its settings; only some fields of it, if `fields` names them."""
    caller = caller_of(request)
    decoded = accounts.addressed(pb.GetProjectRequest, request.path_params, request.query_params)
    found = await read_checked(caller, caller.stubs.accounts.GetProject, decoded)
    return answer_object(accounts.project_object(found.project, accounts.fields_asked(request.query_params)))


@router.patch(
    ONE,
    summary="Change a project",
    response_model=None,
    responses=document.responses("ProjectMade"),
    openapi_extra=parameters.body_of("ProjectUpdate", "org_id", "project_id"),
)
async def update_project(request: Request) -> Response:
    """What the body does not name stays as it is; null and empty values set back. For owners."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = accounts.decode_project_update(request.path_params, request.query_params, body)
    changed = await call_checked(caller, caller.stubs.accounts.UpdateProject, decoded)
    return answer_object(
        {"message": "Project updated successfully"} | accounts.project_object(changed.project)
    )


@router.delete(
    ONE,
    summary="Delete a project",
    response_model=None,
    responses=document.responses("Done"),
    openapi_extra=parameters.path("org_id", "project_id"),
)
async def delete_project(request: Request) -> Response:
    """Everything in it goes with it. For owners."""
    caller = caller_of(request)
    decoded = accounts.addressed(pb.DeleteProjectRequest, request.path_params, request.query_params)
    await call_checked(caller, caller.stubs.accounts.DeleteProject, decoded)
    return answer_object({"message": "Project deleted successfully"})


@router.get(
    MEMBERS,
    summary="List the members of a project",
    response_model=None,
    responses=document.responses("Members"),
    openapi_extra=parameters.path("org_id", "project_id"),
)
async def list_project_members(request: Request) -> Response:
    """Who may use the project, and how. Members of its organization may, too."""
    caller = caller_of(request)
    decoded = accounts.addressed(pb.ListProjectMembersRequest, request.path_params, request.query_params)
    found = await read_checked(caller, caller.stubs.accounts.ListProjectMembers, decoded)
    return answer_object({"members": [accounts.member_object(each) for each in found.members]})


@router.post(
    MEMBERS,
    summary="Add a member to a project",
    response_model=None,
    responses=document.responses("MemberChanged"),
    openapi_extra=parameters.body_of("MemberRequest", "org_id", "project_id"),
)
async def add_project_member(request: Request) -> Response:
    """Keys with this address may use the project. For owners."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = accounts.decode_member(
        pb.AddProjectMemberRequest, request.path_params, request.query_params, body
    )
    made = await call_checked(caller, caller.stubs.accounts.AddProjectMember, decoded)
    return answer_object(
        {"message": "User added to the project successfully."} | accounts.member_object(made.member)
    )


@router.put(
    MEMBERS,
    summary="Change the role of a member of a project",
    response_model=None,
    responses=document.responses("MemberChanged"),
    openapi_extra=parameters.body_of("MemberRequest", "org_id", "project_id"),
)
async def update_project_member(request: Request) -> Response:
    """For owners; the last owner stays one."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = accounts.decode_member(
        pb.UpdateProjectMemberRequest, request.path_params, request.query_params, body
    )
    changed = await call_checked(caller, caller.stubs.accounts.UpdateProjectMember, decoded)
    return answer_object(
        {"message": "User role updated successfully."} | accounts.member_object(changed.member)
    )


@router.delete(
    MEMBERS,
    summary="Remove a member from a project",
    response_model=None,
    responses=document.responses("Done"),
    openapi_extra=parameters.path("org_id", "project_id", query=parameters.EMAIL),
)
async def remove_project_member(request: Request) -> Response:
    """A membership of the organization stays. For owners; the last owner stays."""
    caller = caller_of(request)
    decoded = accounts.decode_removal(
        pb.RemoveProjectMemberRequest, request.path_params, request.query_params
    )
    await call_checked(caller, caller.stubs.accounts.RemoveProjectMember, decoded)
    return answer_object({"message": "Member removed from the project"})
