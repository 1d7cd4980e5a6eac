"""Callers of the administration, each with a key of their own."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx

from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database, sqlite_url
from service.memory.accounts import AccessRole, new_secret
from tests.running import Memoryd

ORGANIZATIONS = "/api/v1/orgs/organizations/"
WEBHOOKS = "/api/v1/webhooks/"


@dataclass(frozen=True)
class Caller:
    """Somebody with a key."""

    memoryd: Memoryd
    key: str

    def call(self, verb: str, path: str, body: object = None, **query: Any) -> httpx.Response:
        """The bare answer."""
        return httpx.request(
            verb,
            self.memoryd.url + path,
            json=body,
            params=query,
            headers={"Authorization": f"Token {self.key}"},
            timeout=60,
        )

    def ok(self, verb: str, path: str, body: object = None, **query: Any) -> Any:
        """The JSON of an answer that is a success."""
        answer = self.call(verb, path, body, **query)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def refused(self, verb: str, path: str, body: object = None, **query: Any) -> tuple[int, str, str]:
        """Status, code and text of an answer that is no success."""
        answer = self.call(verb, path, body, **query)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["code"], answer.json()["error"]

    def ping(self, **query: str) -> httpx.Response:
        """Who the caller is."""
        return self.call("GET", "/v1/ping/", **query)

    def organization(self) -> str:
        """The path of a fresh organization of the caller's."""
        name = f"org {uuid.uuid4()}"
        made = self.ok("POST", ORGANIZATIONS, {"name": name})
        return f"{ORGANIZATIONS}{made['org_id']}/"

    def project(self, organization: str | None = None) -> str:
        """The path of a fresh project, in the key's own organization if none is named."""
        if organization is None:
            organization = f"{ORGANIZATIONS}{self.ping().json()['org_id']}/"
        made = self.ok("POST", f"{organization}projects/", {"name": f"project {uuid.uuid4()}"})
        return f"{organization}projects/{made['project_id']}/"

    def with_key(
        self,
        project: str | None = None,
        role: AccessRole = AccessRole.OWNER,
        *,
        email: str = "",
        organization_wide: bool = False,
    ) -> Caller:
        """Somebody else, whose key was made for a project, the default one if none is named."""
        secret = new_secret()
        project_id = self.ping().json()["project_id"] if project is None else id_of(project)

        async def create() -> None:
            with closing(Database(sqlite_url(self.memoryd.data_dir / "ledger.sqlite3"))) as database:
                await SqlAccounts(database).create_key(
                    secret,
                    project_id,
                    "test",
                    role,
                    datetime.now(UTC),
                    organization_wide=organization_wide,
                    email=email,
                )

        asyncio.run(create())
        return replace(self, key=secret)

    def adds(self, text: str, **fields: Any) -> httpx.Response:
        """Stores a message as it is."""
        body = {"messages": text, "user_id": "alex", "infer": False, **fields}
        return self.call("POST", "/v1/memories/", body)


def id_of(path: str) -> str:
    """The last id in a path."""
    return path.rstrip("/").rpartition("/")[2]


def an_address() -> str:
    """An email address that nobody else has."""
    return f"{uuid.uuid4()}@example.com"
