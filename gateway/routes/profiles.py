"""Profiles: what is known of a user, as one document."""

from __future__ import annotations

from fastapi import APIRouter
from memoryd.v1.profile_service_pb2 import (
    GetProfileJobRequest,
    GetProfileRequest,
    GetProfileSettingsRequest,
)
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import caller_of
from gateway.codec import profiles
from gateway.codec.project import decode_selection
from gateway.openapi import document
from gateway.openapi.profiles import JOB_BODY
from gateway.routes.answers import answer_object
from gateway.validation import call_checked, read_checked

router = APIRouter(tags=["profiles"])


# An id may hold slashes. What ends with /profile is read as a profile here, and as an id under /v1/entities/.
@router.get(
    "/v2/entities/user/{entity_id:entity_id}/profile/",
    summary="Get a profile",
    response_model=None,
    responses=document.responses("Profile"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def get_profile(request: Request, entity_id: str) -> Response:
    """Gives the profile of a user, and how far the newest request for one has come."""
    caller = caller_of(request)
    decoded = decode_selection(GetProfileRequest(entity_id=entity_id), request.query_params)
    found = await read_checked(caller, caller.stubs.profiles.GetProfile, decoded)
    return answer_object(profiles.profile_object(found))


@router.post(
    "/v2/profiles/jobs/",
    summary="Make profiles",
    response_model=None,
    responses=document.responses("ProfileJobCreated"),
    openapi_extra=JOB_BODY,
)
async def create_profile_job(request: Request) -> Response:
    """Stores a request for the profile of one user (`trigger`) or of a few (`sample`), made afterwards."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = profiles.decode_job(body, request.query_params, request.headers)
    created = await call_checked(caller, caller.stubs.profiles.CreateProfileJob, decoded)
    return answer_object(profiles.created_object(created))


@router.get(
    "/v2/profiles/jobs/{job_id}/",
    summary="Get a request for profiles",
    response_model=None,
    responses=document.responses("ProfileJobState"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def get_profile_job(request: Request, job_id: str) -> Response:
    """Says how far a request has come."""
    caller = caller_of(request)
    decoded = decode_selection(GetProfileJobRequest(job_id=job_id), request.query_params)
    found = await read_checked(caller, caller.stubs.profiles.GetProfileJob, decoded)
    return answer_object({"job": profiles.job_object(found.job)})


@router.get(
    "/v2/profiles/settings/",
    summary="Get the settings of profiles",
    response_model=None,
    responses=document.responses("ProfileSettings"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def get_profile_settings(request: Request) -> Response:
    """Says whether profiles are made, in which form, and what the default form is."""
    caller = caller_of(request)
    decoded = decode_selection(GetProfileSettingsRequest(), request.query_params)
    found = await read_checked(caller, caller.stubs.profiles.GetProfileSettings, decoded)
    return answer_object(profiles.settings_object(found))


@router.post(
    "/v2/profiles/settings/",
    summary="Change the settings of profiles",
    response_model=None,
    responses=document.responses("ProfileSettings"),
    openapi_extra=document.request_body("UpdateProfileSettings"),
)
async def update_profile_settings(request: Request) -> Response:
    """Changes what is given; null sets a schema or instructions back."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = profiles.decode_settings(body, request.query_params)
    changed = await call_checked(caller, caller.stubs.profiles.UpdateProfileSettings, decoded)
    return answer_object(profiles.settings_object(changed))
