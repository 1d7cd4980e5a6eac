"""Organizations and who belongs to them."""

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

ALL = "/api/v1/orgs/organizations/"
ONE = f"{ALL}{{org_id}}/"
MEMBERS = f"{ONE}members/"

router = APIRouter(tags=["organizations"])


@router.get(
    ALL, summary="List organizations", response_model=None, responses=document.responses("Organizations")
)
async def list_organizations(request: Request) -> Response:
    """The organizations that the caller belongs to, or has a project in."""
    caller = caller_of(request)
    found = await caller(caller.stubs.accounts.ListOrganizations, pb.ListOrganizationsRequest())
    return answer_array([accounts.organization_object(each) for each in found.organizations])


@router.post(
    ALL,
    summary="Create an organization",
    response_model=None,
    responses=document.responses("OrganizationMade"),
    openapi_extra=parameters.body_of("OrganizationRequest"),
)
async def create_organization(request: Request) -> Response:
    """The caller becomes its owner."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = accounts.decode_creation(pb.CreateOrganizationRequest, {}, request.query_params, body)
    made = await call_checked(caller, caller.stubs.accounts.CreateOrganization, decoded)
    message = {"message": "Organization created successfully."}
    return answer_object(message | accounts.organization_object(made.organization))


@router.get(
    ONE,
    summary="Show an organization",
    response_model=None,
    responses=document.responses("Organization"),
    openapi_extra=parameters.path("org_id"),
)
async def get_organization(request: Request) -> Response:
    """One organization with its members."""
    caller = caller_of(request)
    decoded = accounts.addressed(pb.GetOrganizationRequest, request.path_params, request.query_params)
    found = await read_checked(caller, caller.stubs.accounts.GetOrganization, decoded)
    return answer_object(accounts.organization_object(found.organization))


@router.delete(
    ONE,
    summary="Delete an organization",
    response_model=None,
    responses=document.responses("Done"),
    openapi_extra=parameters.path("org_id"),
)
async def delete_organization(request: Request) -> Response:
    """Its projects and keys go with it. For owners."""
    caller = caller_of(request)
    decoded = accounts.addressed(pb.DeleteOrganizationRequest, request.path_params, request.query_params)
    await call_checked(caller, caller.stubs.accounts.DeleteOrganization, decoded)
    return answer_object({"message": "Organization deleted successfully!"})


@router.get(
    MEMBERS,
    summary="List the members of an organization",
    response_model=None,
    responses=document.responses("Members"),
    openapi_extra=parameters.path("org_id"),
)
async def list_organization_members(request: Request) -> Response:
    """Who may use all projects of the organization, and how."""
    caller = caller_of(request)
    decoded = accounts.addressed(pb.ListOrganizationMembersRequest, request.path_params, request.query_params)
    found = await read_checked(caller, caller.stubs.accounts.ListOrganizationMembers, decoded)
    return answer_object({"members": [accounts.member_object(each) for each in found.members]})


@router.post(
    MEMBERS,
    summary="Add a member to an organization",
    response_model=None,
    responses=document.responses("MemberChanged"),
    openapi_extra=parameters.body_of("MemberRequest", "org_id"),
)
async def add_organization_member(request: Request) -> Response:
    """Keys with this address may use all projects of the organization. For owners."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = accounts.decode_member(
        pb.AddOrganizationMemberRequest, request.path_params, request.query_params, body
    )
    made = await call_checked(caller, caller.stubs.accounts.AddOrganizationMember, decoded)
    return answer_object({"message": "User added to the organization."} | accounts.member_object(made.member))


@router.put(
    MEMBERS,
    summary="Change the role of a member of an organization",
    response_model=None,
    responses=document.responses("MemberChanged"),
    openapi_extra=parameters.body_of("MemberRequest", "org_id"),
)
async def update_organization_member(request: Request) -> Response:
    """For owners; the last owner stays one."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = accounts.decode_member(
        pb.UpdateOrganizationMemberRequest, request.path_params, request.query_params, body
    )
    changed = await call_checked(caller, caller.stubs.accounts.UpdateOrganizationMember, decoded)
    return answer_object(
        {"message": "User role updated successfully."} | accounts.member_object(changed.member)
    )


@router.delete(
    MEMBERS,
    summary="Remove a member from an organization",
    response_model=None,
    responses=document.responses("Done"),
    openapi_extra=parameters.path("org_id", query=parameters.EMAIL),
)
async def remove_organization_member(request: Request) -> Response:
    """The member leaves the organization's projects too. For owners; the last owner stays."""
    caller = caller_of(request)
    decoded = accounts.decode_removal(
        pb.RemoveOrganizationMemberRequest, request.path_params, request.query_params
    )
    await call_checked(caller, caller.stubs.accounts.RemoveOrganizationMember, decoded)
    return answer_object({"message": "User removed from the organization."})
