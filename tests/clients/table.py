"""The table of cases: for each public method of a client one use of it, and what its user would look at."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from tests.clients.client import Client
from tests.clients.releases import ASYNC, PYTHON, SYNC
from tests.running import Memoryd, environment

PATIENCE = 30.0
"""Seconds that a test waits for what the server does in the background."""


@dataclass(frozen=True)
class Use:
    """One client in the hands of one user, and the server behind it.

    Args:
        client: the client.
        server: the memoryd that it talks to.
        user: a user id of whom nothing is known yet.
    """

    client: Client
    server: Memoryd
    user: str

    @property
    def release(self) -> str:
        """The client's release."""
        return self.client.driver.release

    def call(self, method: str, *args: object, **kwargs: object) -> Any:
        """Calls a method of the client."""
        return self.client.call(method, *args, **kwargs)

    def stored(self, *texts: str, **fields: object) -> list[str]:
        """Stores texts as memories of the user, word for word, and gives their ids."""
        messages = [{"role": "user", "content": text} for text in texts]
        scope = {"user_id": self.user} | fields
        events = self.rest("POST", "/v1/memories/", json={"messages": messages, "infer": False} | scope)
        return [event["id"] for event in events]

    def texts(self, **scope: str) -> list[str]:
        """The texts that the server has now, oldest first: the user's, or those of a scope."""
        listed = self.rest("GET", "/v1/memories/", params=scope or {"user_id": self.user})
        return [each["memory"] for each in sorted(listed, key=lambda each: str(each["created_at"]))]

    def rest(self, method: str, path: str, **more: Any) -> Any:
        """What the server says to a plain request that succeeds."""
        headers = {"Authorization": f"Token {self.server.key}"}
        answer = httpx.request(method, self.server.url + path, headers=headers, timeout=60, **more)
        assert answer.is_success, answer.text
        return answer.json()

    def finished(self, event_id: str) -> dict[str, Any]:
        """The event, once the server is done with it."""
        event: dict[str, Any] = eventually(
            lambda: self.rest("GET", f"/v1/event/{event_id}/"),
            lambda event: event["status"] in {"SUCCEEDED", "FAILED"},
        )
        return event

    def elsewhere(self) -> Use:
        """The same kind of client with a key for a new project, which holds nothing yet."""
        key = self._key_of(self._new_project())
        name = "apiKey" if self.release.startswith("npm-") else "api_key"
        client = self.client.driver.open(self.client.kind, {name: key, "host": self.server.url})
        return Use(client, _with_key(self.server, key), self.user)

    def _new_project(self) -> str:
        here = self.rest("GET", "/v1/ping/")
        path = f"/api/v1/orgs/organizations/{here['org_id']}/projects/"
        project: str = self.rest("POST", path, json={"name": f"project {uuid.uuid4().hex}"})["project_id"]
        return project

    def _key_of(self, project: str) -> str:
        """An operator's command, on the running server's data."""
        made = subprocess.run(
            [str(Path(sys.executable).with_name("memoryd")), "keys", "create", "--project", project],
            env=environment(self.server.data_dir, {}),
            capture_output=True,
            text=True,
            check=True,
        )
        return made.stdout.strip()


def _with_key(server: Memoryd, key: str) -> Memoryd:
    """The same running server, asked with another key."""
    return Memoryd(
        server.data_dir,
        key=key,
        process=server.process,
        grpc_port=server.grpc_port,
        http_port=server.http_port,
    )


def eventually(ask: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """The first answer that is done."""
    limit = time.monotonic() + PATIENCE
    while not done(answer := ask()):
        assert time.monotonic() < limit, f"still {answer} after {PATIENCE} s"
        time.sleep(0.05)
    return answer


Check: TypeAlias = Callable[[Use], None]


@dataclass(frozen=True)
class Case:
    """What one release's user does with one method."""

    release: str
    kind: str
    method: str
    check: Check
    note: str = ""
    """What the README should add, as a sentence without its full stop."""

    @property
    def name(self) -> str:
        """Tells the case from all others."""
        return f"{self.release}-{self.kind}-{self.method}-{self.check.__name__}"


CASES: list[Case] = []


def case(
    method: str,
    *releases: str,
    kinds: Sequence[str] = (SYNC, ASYNC),
    since: str = PYTHON[0],
    until: str = PYTHON[-1],
    note: str = "",
) -> Callable[[Check], Check]:
    """Enters a check for a method: of the releases named, else of the Python ones in a range."""
    chosen = releases or PYTHON[PYTHON.index(since) : PYTHON.index(until) + 1]

    def enter(check: Check) -> Check:
        CASES.extend(Case(release, kind, method, check, note) for release in chosen for kind in kinds)
        return check

    return enter
