"""WebhookService: each method reads the proto, calls one use case, and writes the proto."""

from __future__ import annotations

from collections.abc import Sequence

from memoryd.v1 import webhook_service_pb2 as pb
from memoryd.v1.webhook_service_pb2_grpc import WebhookServiceServicer

from service.handlers.add_request import given_in, selection_from
from service.handlers.admin_fields import optional_text, uuid_of
from service.handlers.admin_proto import delivery_proto, webhook_proto
from service.handlers.fields import LONGEST_ID, Fields
from service.handlers.pages import page_from
from service.memory.deliver import Deliveries, DeliveryState
from service.memory.pages import within
from service.memory.webhooks import (
    DEFAULT_EVENT_TYPES,
    EVENT_TYPES,
    WebhookAdministration,
    WebhookUpdate,
    event_types_from,
    new_signing_secret,
    url_complaint,
)
from service.transport.call import current_call
from service.transport.chain import Context

STATES = tuple(state.value.upper() for state in DeliveryState)


class WebhookHandlers(WebhookServiceServicer):
    """Who wants to be told when memories change."""

    def __init__(self, webhooks: WebhookAdministration, deliveries: Deliveries) -> None:
        self._webhooks = webhooks
        self._deliveries = deliveries

    async def ListWebhooks(
        self,
        request: pb.ListWebhooksRequest,
        context: Context,
    ) -> pb.ListWebhooksResponse:
        """A project's webhooks."""
        fields = Fields()
        project_id = uuid_of(fields, "project_id", request.project_id)
        fields.raise_if_wrong()
        found = await self._webhooks.list(current_call().principal, project_id)
        return pb.ListWebhooksResponse(webhooks=[webhook_proto(each) for each in found])

    async def CreateWebhook(
        self,
        request: pb.CreateWebhookRequest,
        context: Context,
    ) -> pb.CreateWebhookResponse:
        """Makes a webhook."""
        fields = Fields()
        project_id = uuid_of(fields, "project_id", request.project_id)
        name = optional_text(fields, "name", request.name, LONGEST_ID)
        url, event_types = _url(fields, request.url), _event_types(fields, request.event_types)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.CreateWebhookResponse()
        secret = new_signing_secret()
        made = await self._webhooks.create(
            current_call().principal, project_id, name, url, event_types or DEFAULT_EVENT_TYPES, secret
        )
        return pb.CreateWebhookResponse(webhook=webhook_proto(made), secret=secret)

    async def UpdateWebhook(
        self,
        request: pb.UpdateWebhookRequest,
        context: Context,
    ) -> pb.UpdateWebhookResponse:
        """Changes a webhook."""
        fields = Fields()
        selection = selection_from(request, fields)
        webhook_id = uuid_of(fields, "webhook_id", request.webhook_id)
        changes = _update_from(request, fields)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.UpdateWebhookResponse()
        changed = await self._webhooks.update(current_call().principal, selection, webhook_id, changes)
        return pb.UpdateWebhookResponse(webhook=webhook_proto(changed), secret=changes.secret or "")

    async def DeleteWebhook(
        self,
        request: pb.DeleteWebhookRequest,
        context: Context,
    ) -> pb.DeleteWebhookResponse:
        """Deletes a webhook."""
        fields = Fields()
        selection = selection_from(request, fields)
        webhook_id = uuid_of(fields, "webhook_id", request.webhook_id)
        fields.raise_if_wrong()
        if request.validate_only:
            return pb.DeleteWebhookResponse()
        await self._webhooks.delete(current_call().principal, selection, webhook_id)
        return pb.DeleteWebhookResponse()

    async def ListWebhookDeliveries(
        self,
        request: pb.ListWebhookDeliveriesRequest,
        context: Context,
    ) -> pb.ListWebhookDeliveriesResponse:
        """What was sent, and what is still to be sent."""
        fields = Fields()
        selection, page = selection_from(request, fields), page_from(given_in(request), fields)
        webhook_id = uuid_of(fields, "webhook_id", request.webhook_id)
        state = fields.choice("state", request.state, STATES) if request.HasField("state") else None
        fields.raise_if_wrong()
        project_id = await self._webhooks.readable(current_call().principal, selection, webhook_id)
        wanted = None if state is None else DeliveryState(state.lower())
        listing = within(page, await self._deliveries.deliveries(project_id, webhook_id, wanted, page))
        return pb.ListWebhookDeliveriesResponse(
            count=listing.count,
            deliveries=[delivery_proto(each) for each in listing.items],
            page=page.number,
            page_size=page.size,
        )


def _update_from(request: pb.UpdateWebhookRequest, fields: Fields) -> WebhookUpdate:
    return WebhookUpdate(
        name=optional_text(fields, "name", request.name, LONGEST_ID) if request.HasField("name") else None,
        url=_url(fields, request.url) if request.HasField("url") else None,
        event_types=_event_types(fields, request.event_types) or None,
        is_active=request.is_active if request.HasField("is_active") else None,
        secret=new_signing_secret() if request.rotate_secret else None,
    )


def _url(fields: Fields, url: str) -> str:
    if complaint := url_complaint(url):
        fields.wrong("url", f"url {complaint}")
    return url


def _event_types(fields: Fields, names: Sequence[str]) -> tuple[str, ...]:
    known = event_types_from(names)
    if known is None:
        fields.wrong("event_types", f"event_types must be of: {', '.join(EVENT_TYPES)}")
    return known or ()
