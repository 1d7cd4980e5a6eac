from __future__ import annotations

import uuid

import pytest

from tests.functional.administration import WEBHOOKS, Caller, id_of
from tests.running import Memoryd

HOOK = {"url": "https://example.com/hook?a=b", "name": "logger", "event_types": ["memory_add"]}


@pytest.fixture
def owner(memoryd: Memoryd) -> Caller:
    """The owner of the default project."""
    return Caller(memoryd, memoryd.key)


@pytest.fixture
def project(owner: Caller) -> str:
    """A fresh project."""
    return owner.project()


def test_create_list_update_delete(owner: Caller, project: str) -> None:
    """A webhook is made active, found, changed and deleted."""
    every = f"{WEBHOOKS}projects/{id_of(project)}/"
    answer = owner.call("POST", every, HOOK)
    made = answer.json()
    assert (answer.status_code, made["is_active"], made["project"]) == (201, True, id_of(project))
    assert {name: made[name] for name in HOOK} == HOOK
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert owner.ok("GET", every) == [made]

    one = f"{WEBHOOKS}{made['webhook_id']}/"
    changed = owner.ok("PUT", one, {"name": "other", "event_types": ["memory:delete", "memory_delete"]})
    assert changed["message"] == "Webhook updated successfully"
    assert (changed["name"], changed["url"], changed["event_types"]) == (
        "other",
        HOOK["url"],
        ["memory_delete"],
    )
    assert owner.ok("PUT", one, {"is_active": False, "name": None})["is_active"] is False
    assert owner.ok("PUT", one, {"rotate_secret": True})["secret"] not in {secret, ""}
    assert owner.ok("GET", every)[0]["name"] == "other"
    assert owner.ok("DELETE", one) == {"message": "Webhook deleted successfully"}
    assert owner.ok("GET", every) == []
    assert owner.refused("DELETE", one) == (404, "NOT_FOUND", "Webhook not found")


def test_defaults(owner: Caller, project: str) -> None:
    """An address is enough: every change is told."""
    made = owner.ok("POST", f"{WEBHOOKS}projects/{id_of(project)}/", {"url": "http://127.0.0.1:9/"})
    assert made["event_types"] == ["memory_add", "memory_update", "memory_delete"]
    assert made["name"] == ""


@pytest.mark.parametrize(
    "change",
    [
        {"url": None},
        {"url": ""},
        {"url": "example.com"},
        {"url": "ftp://example.com"},
        {"url": "file:///etc/passwd"},
        {"url": "http://"},
        {"url": "https://user:secret@example.com"},
        {"url": "https://user@example.com"},
        {"url": "https://example.com:0/"},
        {"url": "https://example.com:99999/"},
        {"url": "https://exa mple.com"},
        {"url": "https://example.com\\@evil.example"},
        {"url": "https://[::1"},
        {"url": "https://exämple.com"},
        {"url": "https://example.com/" + "x" * 2048},
        {"event_types": ["memory_burn"]},
        {"event_types": "memory_add"},
        {"event_types": [1]},
        {"name": "x" * 256},
        {"name": 7},
    ],
)
def test_bad_webhooks(owner: Caller, project: str, change: dict[str, object]) -> None:
    """What cannot be told, or reached, is 400 and names its field; nothing is stored."""
    every = f"{WEBHOOKS}projects/{id_of(project)}/"
    answer = owner.call("POST", every, HOOK | change)
    assert answer.status_code == 400
    assert {violation["field"] for violation in answer.json()["violations"]} == set(change)
    assert "secret" not in answer.text
    assert owner.ok("GET", every) == []


def test_strangers(owner: Caller, project: str) -> None:
    """Somebody else's webhook is as if it were not there, and so is one of another project."""
    made = owner.ok("POST", f"{WEBHOOKS}projects/{id_of(project)}/", HOOK)
    stranger = owner.with_key(owner.project(owner.organization()))
    change: dict[str, object] = {"name": "mine"}
    for verb, body in (("PUT", change), ("DELETE", None)):
        seen = {
            stranger.refused(verb, f"{WEBHOOKS}{webhook}/", body)
            for webhook in (made["webhook_id"], uuid.uuid4())
        }
        assert seen == {(404, "NOT_FOUND", "Webhook not found")}
        elsewhere = owner.refused(
            verb, f"{WEBHOOKS}{made['webhook_id']}/", body, project_id=owner.ping().json()["project_id"]
        )
        assert elsewhere == (404, "NOT_FOUND", "Webhook not found")
    for verb in ("GET", "POST"):
        seen = {
            stranger.refused(verb, f"{WEBHOOKS}projects/{each}/", HOOK)
            for each in (id_of(project), uuid.uuid4())
        }
        assert seen == {(404, "NOT_FOUND", "Organization or project not found")}


def test_malformed_ids(owner: Caller) -> None:
    """An id that is no UUID is 400."""
    assert owner.refused("DELETE", f"{WEBHOOKS}wh_123/")[2] == "webhook_id should be a valid UUID"
    assert owner.refused("GET", f"{WEBHOOKS}projects/proj_123/")[2] == "project_id should be a valid UUID"
