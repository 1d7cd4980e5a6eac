"""Webhooks as JSON, and requests about them as proto."""

from __future__ import annotations

from collections.abc import Mapping

from memoryd.v1.webhook_service_pb2 import (
    CreateWebhookRequest,
    DeleteWebhookRequest,
    ListWebhookDeliveriesRequest,
    UpdateWebhookRequest,
    Webhook,
    WebhookDelivery,
    WebhookDeliveryState,
)
from starlette.datastructures import QueryParams

from gateway.codec.fields import Fields, assign
from gateway.codec.memory import rfc3339
from gateway.codec.project import read_project
from gateway.codec.query import QueryFields
from gateway.errors import Violation
from gateway.validation import Decoded


def decode_creation(
    decoded: Decoded[CreateWebhookRequest], body: Mapping[str, object]
) -> Decoded[CreateWebhookRequest]:
    """A new webhook, for the project that the path names."""
    violations = list(decoded.violations)
    fields = Fields(body, "", violations)
    for name in ("name", "url"):
        if (value := fields.text(name)) is not None:
            setattr(decoded.request, name, value)
    decoded.request.event_types.extend(_event_types(fields))
    return Decoded(decoded.request, violations)


def decode_update(
    webhook_id: str, body: Mapping[str, object], query: QueryParams
) -> Decoded[UpdateWebhookRequest]:
    """What to change of a webhook. Null is the same as absent."""
    violations: list[Violation] = []
    fields = Fields(body, "", violations)
    request = UpdateWebhookRequest(
        webhook_id=webhook_id,
        name=fields.text("name"),
        url=fields.text("url"),
        is_active=fields.flag("is_active"),
        rotate_secret=bool(fields.flag("rotate_secret")),
        event_types=_event_types(fields),
    )
    for selected, value in read_project(fields, query).items():
        setattr(request, selected, value)
    return Decoded(request, violations)


def decode_removal(webhook_id: str, query: QueryParams) -> Decoded[DeleteWebhookRequest]:
    """Which webhook."""
    violations: list[Violation] = []
    request = DeleteWebhookRequest(webhook_id=webhook_id)
    for selected, value in read_project(Fields({}, "", violations), query).items():
        setattr(request, selected, value)
    return Decoded(request, violations)


def decode_deliveries(webhook_id: str, query: QueryParams) -> Decoded[ListWebhookDeliveriesRequest]:
    """Which deliveries of a webhook a query asks for."""
    violations: list[Violation] = []
    fields, request = QueryFields(query, violations), ListWebhookDeliveriesRequest(webhook_id=webhook_id)
    assign(
        request,
        {
            "state": fields.text("state"),
            **{name: fields.integer(name) for name in ("page", "page_size")},
            **read_project(Fields({}, "", violations), query),
        },
    )
    return Decoded(request, violations)


def delivery_object(delivery: WebhookDelivery) -> dict[str, object]:
    """One change that a webhook was told, or is to be told."""
    pending = delivery.HasField("next_attempt_at")
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_type,
        "memory_id": delivery.memory_id,
        "state": WebhookDeliveryState.Name(delivery.state).removeprefix("WEBHOOK_DELIVERY_STATE_"),
        "attempts": delivery.attempts,
        "last_status": delivery.last_status if delivery.HasField("last_status") else None,
        "last_error": delivery.last_error or None,
        "created_at": rfc3339(delivery.created_at),
        "next_attempt_at": rfc3339(delivery.next_attempt_at) if pending else None,
        "completed_at": None if pending else rfc3339(delivery.completed_at),
    }


def webhook_object(webhook: Webhook) -> dict[str, object]:
    """A webhook."""
    return {
        "webhook_id": webhook.webhook_id,
        "name": webhook.name,
        "url": webhook.url,
        "event_types": list(webhook.event_types),
        "is_active": webhook.is_active,
        "project": webhook.project_id,
        "project_id": webhook.project_id,
        "created_at": rfc3339(webhook.created_at),
        "updated_at": rfc3339(webhook.updated_at),
    }


def _event_types(fields: Fields) -> list[str]:
    value = fields.values.get("event_types")
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return [str(name) for name in value]
    fields.fault("event_types", "must be a list of strings")
    return []
