"""Webhooks: who is told when memories change."""

from __future__ import annotations

from fastapi import APIRouter
from memoryd.v1.webhook_service_pb2 import CreateWebhookRequest, ListWebhooksRequest
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import caller_of
from gateway.codec import webhooks
from gateway.codec.accounts import addressed
from gateway.codec.pages import paged
from gateway.openapi import document, parameters
from gateway.openapi.accounts import DELIVERY_QUERY
from gateway.routes.answers import address_of, answer_array, answer_object
from gateway.validation import call_checked, read_checked

ALL = "/api/v1/webhooks/projects/{project_id}/"
ONE = "/api/v1/webhooks/{webhook_id}/"
TOLD = "/api/v1/webhooks/{webhook_id}/deliveries/"

router = APIRouter(tags=["webhooks"])


@router.get(
    ALL,
    summary="List webhooks",
    response_model=None,
    responses=document.responses("Webhooks"),
    openapi_extra=parameters.path("project_id"),
)
async def list_webhooks(request: Request) -> Response:
    """The webhooks of a project."""
    caller = caller_of(request)
    decoded = addressed(ListWebhooksRequest, request.path_params, request.query_params)
    found = await read_checked(caller, caller.stubs.webhooks.ListWebhooks, decoded)
    return answer_array([webhooks.webhook_object(each) for each in found.webhooks])


@router.post(
    ALL,
    summary="Create a webhook",
    response_model=None,
    status_code=201,
    responses=document.responses("WebhookMade", status=201),
    openapi_extra=parameters.body_of("WebhookRequest", "project_id"),
)
async def create_webhook(request: Request) -> Response:
    """It is active at once. `secret`, with which deliveries are signed, is shown here only. For owners."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = addressed(CreateWebhookRequest, request.path_params, request.query_params, body)
    made = await call_checked(
        caller, caller.stubs.webhooks.CreateWebhook, webhooks.decode_creation(decoded, body)
    )
    return answer_object(webhooks.webhook_object(made.webhook) | {"secret": made.secret}, 201)


@router.put(
    ONE,
    summary="Change a webhook",
    response_model=None,
    responses=document.responses("WebhookChanged"),
    openapi_extra=parameters.body_of("WebhookUpdate", "webhook_id", query=parameters.SELECTION),
)
async def update_webhook(request: Request) -> Response:
    """What the body does not name stays as it is. For owners of the project."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = webhooks.decode_update(request.path_params["webhook_id"], body, request.query_params)
    changed = await call_checked(caller, caller.stubs.webhooks.UpdateWebhook, decoded)
    rotated = {"secret": changed.secret} if changed.secret else {}
    return answer_object(
        {"message": "Webhook updated successfully"} | webhooks.webhook_object(changed.webhook) | rotated
    )


@router.delete(
    ONE,
    summary="Delete a webhook",
    response_model=None,
    responses=document.responses("Done"),
    openapi_extra=parameters.path("webhook_id", query=parameters.SELECTION),
)
async def delete_webhook(request: Request) -> Response:
    """For owners of the project."""
    caller = caller_of(request)
    decoded = webhooks.decode_removal(request.path_params["webhook_id"], request.query_params)
    await call_checked(caller, caller.stubs.webhooks.DeleteWebhook, decoded)
    return answer_object({"message": "Webhook deleted successfully"})


@router.get(
    TOLD,
    summary="List deliveries of a webhook",
    response_model=None,
    responses=document.responses("WebhookDeliveries"),
    openapi_extra=parameters.path("webhook_id", query=DELIVERY_QUERY),
)
async def list_webhook_deliveries(request: Request) -> Response:
    """What was sent and what is still to be sent, the newest first."""
    caller = caller_of(request)
    decoded = webhooks.decode_deliveries(request.path_params["webhook_id"], request.query_params)
    found = await read_checked(caller, caller.stubs.webhooks.ListWebhookDeliveries, decoded)
    results = [webhooks.delivery_object(each) for each in found.deliveries]
    return answer_object(
        paged(address_of(request), results, count=found.count, page=found.page, page_size=found.page_size)
    )
