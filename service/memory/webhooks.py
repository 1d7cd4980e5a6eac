"""Webhooks: who is told when the memories of a project change."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from service.memory.access import access_named_project
from service.memory.accounts import (
    AccessRole,
    Accounts,
    Principal,
    ProjectSelection,
    require_owner,
    select_project,
)
from service.memory.errors import NotFound
from service.memory.ports import Clock

EVENT_TYPES = ("memory_add", "memory_update", "memory_delete", "memory_categorize")
DEFAULT_EVENT_TYPES = ("memory_add", "memory_update", "memory_delete")
LONGEST_URL = 2048
NO_WEBHOOK = "Webhook not found"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told."""

    id: str
    project_id: str
    name: str
    url: str
    event_types: tuple[str, ...]
    is_active: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class WebhookUpdate:
    """What to change. None: leave it as it is."""

    name: str | None = None
    url: str | None = None
    event_types: tuple[str, ...] | None = None
    is_active: bool | None = None
    secret: str | None = None


class Webhooks(Protocol):
    """Keeps webhooks. Every method is one transaction."""

    async def list(self, project_id: str) -> Sequence[Webhook]:
        """A project's webhooks, oldest first."""

    async def create(
        self, project_id: str, name: str, url: str, event_types: Sequence[str], secret: str, at: datetime
    ) -> Webhook:
        """Makes an active webhook that is told of what happens from now on, signed with the secret.

        Raises:
            NotFound: the project was deleted.
        """

    async def project_of(self, webhook_id: str) -> str | None:
        """The id of the webhook's project, if there is such a webhook."""

    async def update(
        self, project_id: str, webhook_id: str, changes: WebhookUpdate, at: datetime
    ) -> Webhook | None:
        """Changes a webhook; None when the project has no such one."""

    async def delete(self, project_id: str, webhook_id: str) -> bool:
        """Deletes a webhook; False when the project has no such one."""


class WebhookAdministration:
    """Shows, makes, changes and deletes webhooks. Only owners of the project change anything."""

    def __init__(self, accounts: Accounts, webhooks: Webhooks, clock: Clock) -> None:
        self._accounts = accounts
        self._webhooks = webhooks
        self._now = clock

    async def list(self, principal: Principal, project_id: str) -> Sequence[Webhook]:
        """A project's webhooks, oldest first. Raises NotFound for a project that the caller may not use."""
        await access_named_project(self._accounts, principal, project_id)
        return await self._webhooks.list(project_id)

    async def create(
        self,
        principal: Principal,
        project_id: str,
        name: str,
        url: str,
        event_types: Sequence[str],
        secret: str,
    ) -> Webhook:
        """Makes a webhook. Raises NotFound for a project that the caller may not use."""
        require_owner((await access_named_project(self._accounts, principal, project_id)).role)
        return await self._webhooks.create(project_id, name, url, event_types, secret, self._now())

    async def update(
        self, principal: Principal, selection: ProjectSelection, webhook_id: str, changes: WebhookUpdate
    ) -> Webhook:
        """Changes a webhook. Raises NotFound for one of a project that the caller may not use."""
        project_id = await self._writable(principal, selection, webhook_id)
        changed = await self._webhooks.update(project_id, webhook_id, changes, self._now())
        if changed is None:
            raise NotFound(NO_WEBHOOK)
        return changed

    async def delete(self, principal: Principal, selection: ProjectSelection, webhook_id: str) -> None:
        """Deletes a webhook. Raises NotFound for one of a project that the caller may not use."""
        project_id = await self._writable(principal, selection, webhook_id)
        if not await self._webhooks.delete(project_id, webhook_id):
            raise NotFound(NO_WEBHOOK)

    async def readable(self, principal: Principal, selection: ProjectSelection, webhook_id: str) -> str:
        """The webhook's project. Raises NotFound for one of a project that the caller may not use."""
        return (await self._access(principal, selection, webhook_id))[0]

    async def _writable(self, principal: Principal, selection: ProjectSelection, webhook_id: str) -> str:
        """The webhook's project, if the caller may write there and the selection allows it."""
        project_id, role = await self._access(principal, selection, webhook_id)
        require_owner(role)
        return project_id

    async def _access(
        self, principal: Principal, selection: ProjectSelection, webhook_id: str
    ) -> tuple[str, AccessRole]:
        allowed = None
        if selection != ProjectSelection():
            allowed = await select_project(self._accounts, principal, selection)
        project_id = await self._webhooks.project_of(webhook_id)
        if project_id is None or allowed not in {None, project_id}:
            raise NotFound(NO_WEBHOOK)
        access = await self._accounts.project_access(principal, ProjectSelection(project_id=project_id))
        if access is None:
            raise NotFound(NO_WEBHOOK)
        return project_id, access.role.capped(principal.role)


def new_signing_secret() -> str:
    """A fresh secret with 256 random bits, to sign deliveries with."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def url_complaint(url: str) -> str | None:
    """What is wrong with a webhook's address, if anything is.

    Whether the address may be reached is judged when something is sent: a name can point elsewhere then.
    """
    if len(url) > LONGEST_URL:
        return f"must have at most {LONGEST_URL} characters"
    if not all("!" <= letter <= "~" for letter in url) or "\\" in url:
        return "must be written in printable ASCII without spaces"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "must be an http or https URL"
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return "must be an http or https URL"
    if "@" in parts.netloc:
        return "must not hold credentials"
    return None


def event_types_from(names: Sequence[str]) -> tuple[str, ...] | None:
    """The event types, each once; None when one of them is unknown. `memory:add` is `memory_add`."""
    known = tuple(dict.fromkeys(name.replace(":", "_") for name in names))
    return known if set(known) <= set(EVENT_TYPES) else None
