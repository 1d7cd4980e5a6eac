"""Organizations, projects, members and webhooks as proto."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.exact_json import dumps
from memoryd.v1 import account_service_pb2 as pb
from memoryd.v1 import webhook_service_pb2

from service.memory.accounts import AccessRole
from service.memory.deliver import Delivery
from service.memory.members import Member
from service.memory.organizations import Organization
from service.memory.projects import Project
from service.memory.webhooks import Webhook

ROLES = {
    AccessRole.OWNER: pb.MEMBER_ROLE_OWNER,
    AccessRole.READER: pb.MEMBER_ROLE_READER,
}


def member_proto(member: Member) -> pb.Member:
    """A member."""
    return pb.Member(
        username=member.name,
        email=member.email,
        role=ROLES[member.role],
        created_at=_timestamp(member.created_at),
    )


def organization_proto(organization: Organization) -> pb.Organization:
    """An organization."""
    return pb.Organization(
        org_id=organization.id,
        name=organization.name,
        description=organization.description,
        created_at=_timestamp(organization.created_at),
        updated_at=_timestamp(organization.updated_at),
        members=[member_proto(member) for member in organization.members],
    )


def project_proto(project: Project) -> pb.Project:
    """A project."""
    settings = project.settings
    return pb.Project(
        project_id=project.id,
        org_id=project.organization_id,
        name=project.name,
        description=project.description,
        custom_instructions=settings.custom_instructions or "",
        agent_custom_instructions=settings.agent_custom_instructions or "",
        custom_categories=[
            pb.Category(name=name, description=description)
            for name, description in settings.custom_categories.items()
        ],
        inclusion_prompt=settings.includes or "",
        exclusion_prompt=settings.excludes or "",
        settings=dumps(project.kept),
        created_at=_timestamp(project.created_at),
        updated_at=_timestamp(project.updated_at),
        members=[member_proto(member) for member in project.members],
    )


def webhook_proto(webhook: Webhook) -> webhook_service_pb2.Webhook:
    """A webhook."""
    return webhook_service_pb2.Webhook(
        webhook_id=webhook.id,
        project_id=webhook.project_id,
        name=webhook.name,
        url=webhook.url,
        event_types=webhook.event_types,
        is_active=webhook.is_active,
        created_at=_timestamp(webhook.created_at),
        updated_at=_timestamp(webhook.updated_at),
    )


def delivery_proto(delivery: Delivery) -> webhook_service_pb2.WebhookDelivery:
    """What a webhook was told, or is to be told."""
    proto = webhook_service_pb2.WebhookDelivery(
        id=delivery.id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        memory_id=delivery.memory_id,
        state=webhook_service_pb2.WebhookDeliveryState.Value(
            f"WEBHOOK_DELIVERY_STATE_{delivery.state.value.upper()}"
        ),
        attempts=delivery.attempts,
        last_status=delivery.last_status,
        last_error=delivery.last_error or "",
        created_at=_timestamp(delivery.created_at),
    )
    if delivery.completed_at is None:
        proto.next_attempt_at.CopyFrom(_timestamp(delivery.next_attempt_at))
    else:
        proto.completed_at.CopyFrom(_timestamp(delivery.completed_at))
    return proto


def _timestamp(time: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(time)
    return stamp
