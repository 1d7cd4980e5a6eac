"""Entities: whom memories are about."""

from __future__ import annotations

from fastapi import APIRouter
from memoryd.v1.entity_service_pb2 import (
    GetEntityRequest,
    GetStatsRequest,
    ListEntityFiltersRequest,
)
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import caller_of
from gateway.codec import entities
from gateway.codec.pages import paged
from gateway.codec.project import decode_selection
from gateway.openapi import document
from gateway.openapi.entities import DELETE_PARAMETERS, LIST_PARAMETERS
from gateway.routes.answers import address_of, answer_object
from gateway.validation import call_checked, read_checked

CREATED = 201

router = APIRouter(tags=["entities"])


@router.get(
    "/v1/entities/",
    summary="List entities",
    response_model=None,
    responses=document.responses("Entities"),
    openapi_extra=LIST_PARAMETERS,
)
async def list_entities(request: Request) -> Response:
    """Lists users, agents, apps and runs by type and name, with the number of their memories."""
    caller = caller_of(request)
    decoded = entities.decode_list(request.query_params)
    found = await read_checked(caller, caller.stubs.entities.ListEntities, decoded)
    results = [entities.entity_object(entity) for entity in found.entities]
    page = paged(address_of(request), results, count=found.count, page=found.page, page_size=found.page_size)
    return answer_object({**page, **entities.totals_object(found.totals)})


@router.get(
    "/v1/entities/filters/",
    summary="List filters by entity",
    response_model=None,
    responses=document.responses("EntityFilters"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def list_entity_filters(request: Request) -> Response:
    """Says by which fields memories can be filtered for an entity, and how many entities each has."""
    caller = caller_of(request)
    decoded = decode_selection(ListEntityFiltersRequest(), request.query_params)
    found = await read_checked(caller, caller.stubs.entities.ListEntityFilters, decoded)
    return answer_object({"results": entities.filter_objects(found)})


# An id may hold slashes.
@router.get(
    "/v1/entities/{entity_type}/{entity_id:entity_id}/",
    name="get_entity_v1",
    summary="Get an entity",
    response_model=None,
    responses=document.responses("Entity"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
@router.get(
    "/v2/entities/{entity_type}/{entity_id:entity_id}/",
    summary="Get an entity",
    response_model=None,
    responses=document.responses("Entity"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def get_entity(request: Request, entity_type: str, entity_id: str) -> Response:
    """Gives one entity."""
    caller = caller_of(request)
    asked = GetEntityRequest(entity_type=entity_type, entity_id=entity_id)
    decoded = decode_selection(asked, request.query_params)
    found = await read_checked(caller, caller.stubs.entities.GetEntity, decoded)
    return answer_object(entities.entity_object(found.entity))


@router.delete(
    "/v1/entities/{entity_type}/{entity_id:entity_id}/",
    name="delete_entity_v1",
    summary="Delete an entity",
    response_model=None,
    responses=document.responses("EntityDeleted"),
    openapi_extra=DELETE_PARAMETERS,
)
@router.delete(
    "/v2/entities/{entity_type}/{entity_id:entity_id}/",
    summary="Delete an entity",
    response_model=None,
    responses=document.responses("EntityDeleted"),
    openapi_extra=DELETE_PARAMETERS,
)
async def delete_entity(request: Request, entity_type: str, entity_id: str) -> Response:
    """Deletes an entity with all its memories. Their past stays, unless `erase` takes it along for good."""
    caller = caller_of(request)
    decoded = entities.decode_delete(entity_type, entity_id, request.query_params)
    deleted = await call_checked(caller, caller.stubs.entities.DeleteEntity, decoded)
    return answer_object(entities.deleted_object(deleted))


@router.post(
    "/v1/users/",
    status_code=CREATED,
    summary="Create a user",
    response_model=None,
    responses=document.responses("Entity", CREATED),
    openapi_extra=document.request_body("CreateUser"),
)
async def create_user(request: Request) -> Response:
    """Makes a user by hand, or replaces the metadata of one that is there."""
    return await _create(request, "user_id")


@router.post(
    "/v1/agents/",
    status_code=CREATED,
    summary="Create an agent",
    response_model=None,
    responses=document.responses("Entity", CREATED),
    openapi_extra=document.request_body("CreateAgent"),
)
async def create_agent(request: Request) -> Response:
    """Makes an agent by hand, or replaces the metadata of one that is there."""
    return await _create(request, "agent_id")


@router.post(
    "/v1/apps/",
    status_code=CREATED,
    summary="Create an app",
    response_model=None,
    responses=document.responses("Entity", CREATED),
    openapi_extra=document.request_body("CreateApp"),
)
async def create_app(request: Request) -> Response:
    """Makes an application by hand, or replaces the metadata of one that is there."""
    return await _create(request, "app_id")


@router.post(
    "/v1/runs/",
    status_code=CREATED,
    summary="Create a run",
    response_model=None,
    responses=document.responses("Entity", CREATED),
    openapi_extra=document.request_body("CreateRun"),
)
async def create_run(request: Request) -> Response:
    """Makes a run by hand, or replaces the metadata of one that is there."""
    return await _create(request, "run_id")


@router.get(
    "/v1/stats/",
    summary="Count what there is",
    response_model=None,
    responses=document.responses("Stats"),
    openapi_extra=document.PROJECT_PARAMETERS,
)
async def get_stats(request: Request) -> Response:
    """Counts the project's memories, requests and entities."""
    caller = caller_of(request)
    decoded = decode_selection(GetStatsRequest(), request.query_params)
    stats = await read_checked(caller, caller.stubs.entities.GetStats, decoded)
    return answer_object(
        {
            "total_memories": stats.total_memories,
            "total_add_events": stats.total_add_events,
            "total_search_events": stats.total_search_events,
            **entities.totals_object(stats.totals),
        }
    )


async def _create(request: Request, id_field: str) -> Response:
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = entities.decode_create(id_field, body, request.query_params)
    created = await call_checked(caller, caller.stubs.entities.CreateEntity, decoded)
    # Clients read the id under the name that they gave it.
    return answer_object({id_field: created.entity.id, **entities.entity_object(created.entity)}, CREATED)
