"""Previews: what messages would change is shown, and happens as shown or not at all."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.functional.api import Api
from tests.functional.conftest import Model, shown_in
from tests.functional.ledgers import LedgerFile, wait_until
from tests.scripted_openai import Body, Reply, add, delete, held, plan, update

PREVIEW = "/v1/memories/preview/"
SAID = [{"role": "user", "content": "I moved to Munich, have a dog, and play chess no more"}]
NOT_FOUND = (404, "Preview not found!")


def _plan(body: Body) -> Reply:
    refs = {fact["text"]: fact["id"] for fact in shown_in(body)["known"]}
    return plan(
        [
            update(refs["Lives in Berlin"], "Lives in Munich", quote="moved to Munich"),
            delete(refs["Plays chess"], quote="play chess no more"),
            add("Has a dog", quote="have a dog"),
            delete("m99", quote="no more"),
        ]
    )


def previewed(api: Api, model: Model, user: str) -> dict[str, Any]:
    """A preview of three changes."""
    api.store(user, "Lives in Berlin", "Plays chess")
    model.answers_always(_plan)
    shown: dict[str, Any] = api.ok("POST", PREVIEW, {"messages": SAID, "user_id": user, "metadata": {"n": 1}})
    return shown


def commit(shown: dict[str, Any]) -> str:
    """The path that commits it."""
    return f"{PREVIEW}{shown['plan_id']}/commit/"


def test_a_preview_shows_and_changes_nothing(api: Api, model: Model, user: str) -> None:
    """Operations, rejections and candidates are told; memories, history and events stay as they were."""
    events = api.ok("GET", "/v1/events/")["count"]
    shown = previewed(api, model, user)
    told = {(each["event"], each["before"], each["after"]) for each in shown["operations"]}
    assert told == {
        ("UPDATE", "Lives in Berlin", "Lives in Munich"),
        ("DELETE", "Plays chess", None),
        ("ADD", None, "Has a dog"),
    }
    evidence = {each["event"]: each["evidence"] for each in shown["operations"]}
    assert SAID[0]["content"][evidence["ADD"]["start"] : evidence["ADD"]["end"]] == "have a dog"
    assert [(each["event"], each["reason"]) for each in shown["rejected"]] == [("DELETE", "UNKNOWN_ID")]
    assert {each["memory"] for each in shown["candidates"]} == {"Lives in Berlin", "Plays chess"}
    assert sorted(api.texts(user)) == ["Lives in Berlin", "Plays chess"]
    assert api.ok("GET", "/v1/events/")["count"] == events + 1


def test_a_commit_does_what_was_shown(api: Api, model: Model, user: str) -> None:
    """The plan is carried out without the model; doing so twice gives the same answer and no more."""
    shown = previewed(api, model, user)
    asked = model.asked
    done = api.ok("POST", commit(shown), {})
    assert {(each["event"], each["id"]) for each in done["results"]} == {
        (each["event"], each["id"]) for each in shown["operations"]
    }
    assert sorted(api.texts(user)) == ["Has a dog", "Lives in Munich"]
    assert api.ok("POST", commit(shown), {}) == done
    assert sorted(api.texts(user)) == ["Has a dog", "Lives in Munich"]
    assert model.asked == asked
    (found,) = api.ok(
        "POST", "/v2/memories/search/", {"query": "dog", "filters": {"user_id": user}, "top_k": 1}
    )
    assert (found["memory"], found["metadata"]) == ("Has a dog", {"n": 1})
    event = api.ok("GET", f"/v1/event/{done['event_id']}/")
    assert event["status"] == "SUCCEEDED"


def test_an_outdated_preview_is_refused(api: Api, model: Model, user: str) -> None:
    """After any change in the scope nothing of the plan happens, and nothing tells of the attempt."""
    shown = previewed(api, model, user)
    api.store(user, "Loves tea")
    events = api.ok("GET", "/v1/events/")["count"]
    status, _ = api.refused("POST", commit(shown), {})
    assert status == 409
    assert sorted(api.texts(user)) == ["Lives in Berlin", "Loves tea", "Plays chess"]
    assert api.ok("GET", "/v1/events/")["count"] == events


def test_many_commits_at_once_are_one(api: Api, model: Model, user: str) -> None:
    """Ten commits of one plan at once make its changes once and all answer alike."""
    shown = previewed(api, model, user)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: api.ok("POST", commit(shown), {}), range(10)))
    assert {answer["event_id"] for answer in answers} == {answers[0]["event_id"]}
    assert sorted(api.texts(user)) == ["Has a dog", "Lives in Munich"]


def test_messages_as_they_are_can_be_previewed(api: Api, user: str) -> None:
    """Without inference every message is an operation."""
    shown = api.ok("POST", PREVIEW, {"messages": SAID, "user_id": user, "infer": False})
    assert [each["after"] for each in shown["operations"]] == [SAID[0]["content"]]
    assert api.texts(user) == []
    api.ok("POST", commit(shown), {})
    assert api.texts(user) == [SAID[0]["content"]]


@pytest.mark.parametrize("plan_id", ["00000000-0000-4000-8000-000000000000", "no-uuid"])
def test_a_preview_that_is_none(api: Api, plan_id: str) -> None:
    """An unknown plan is not found; what is no id is said to be none."""
    refused = api.refused("POST", f"{PREVIEW}{plan_id}/commit/", {})
    assert refused == (NOT_FOUND if plan_id != "no-uuid" else (400, "plan_id should be a valid UUID"))


def test_what_is_erased_meanwhile_is_not_kept(api: Api, model: Model, ledger: LedgerFile, user: str) -> None:
    """A preview whose memories are erased while the model thinks is 409, and nothing of it stays."""
    api.store(user, "Lives in Berlin", "Plays chess")
    erased = threading.Event()
    model.answers_always(lambda body: held(erased.is_set, _plan(body)))
    with ThreadPoolExecutor(1) as clients:
        showing = clients.submit(api.refused, "POST", PREVIEW, {"messages": SAID, "user_id": user})
        wait_until(lambda: model.asked)
        api.ok("DELETE", f"/v2/entities/user/{user}/", erase=True)
        erased.set()
        assert showing.result()[0] == 409
    assert ledger.rows("SELECT 1 FROM previews WHERE user_id = ?", user) == []
