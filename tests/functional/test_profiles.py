"""Profiles over REST and gRPC against real servers, without and with a scripted model."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from memoryd.v1 import profile_service_pb2 as pb
from memoryd.v1.profile_service_pb2_grpc import ProfileServiceStub

from tests.functional.ledgers import LedgerFile
from tests.functional.test_auth import keys
from tests.running import Memoryd
from tests.scripted_openai import ScriptedOpenAI, slow, status, text

SETTINGS = "/v2/profiles/settings/"
JOBS = "/v2/profiles/jobs/"
AGE: dict[str, Any] = {
    "type": "object",
    "properties": {"age": {"type": "integer", "description": "How old"}},
    "required": ["age"],
}
FACTS: dict[str, Any] = {
    "type": "object",
    "properties": {"facts": {"type": "array", "items": {"type": "string"}}},
}


@pytest.fixture(scope="module")
def model() -> Iterator[ScriptedOpenAI]:
    """The language model."""
    with ScriptedOpenAI() as server:
        yield server


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd without a model."""
    with Memoryd(tmp_path_factory.mktemp("plain"), {"MEMORYD_REASONER": "rules"}) as running:
        yield running


@pytest.fixture(scope="module")
def asking(model: ScriptedOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd that asks the model."""
    settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": model.base_url}
    with Memoryd(tmp_path_factory.mktemp("asking"), settings) as running:
        yield running


@pytest.fixture
def user() -> str:
    """A user whom nobody else is."""
    return f"user-{uuid.uuid4()}"


def call(memoryd: Memoryd, verb: str, path: str, body: object = None, **more: Any) -> httpx.Response:
    """The bare answer of a route."""
    headers = {"Authorization": f"Token {memoryd.key}"} | more.pop("headers", {})
    return httpx.request(verb, memoryd.url + path, json=body, headers=headers, timeout=30, **more)


def said(memoryd: Memoryd, verb: str, path: str, body: object = None, **more: Any) -> dict[str, Any]:
    """What a route that succeeds answers."""
    answer = call(memoryd, verb, path, body, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def configure(memoryd: Memoryd, *, enabled: bool = True, **form: object) -> dict[str, Any]:
    """Sets the project's form of profiles; what is not named goes back to the default."""
    user = {"schema": None, "custom_instructions": None} | form
    return said(memoryd, "POST", SETTINGS, {"enabled": enabled, "entities": {"user": user}})


def remember(memoryd: Memoryd, user: str, *texts: str) -> None:
    """Stores texts as they are, the first one first."""
    for each in texts:
        memoryd.add(each, user_id=user, infer=False)


def trigger(memoryd: Memoryd, user: str, key: str | None = None) -> httpx.Response:
    """Asks for the profile of a user."""
    body = {"operation": "trigger", "entity_type": "user", "entity_id": user}
    return call(memoryd, "POST", JOBS, body, headers={} if key is None else {"Idempotency-Key": key})


def finished(memoryd: Memoryd, job_id: str) -> dict[str, Any]:
    """A job, once it is done."""
    limit = time.monotonic() + 20
    while (job := said(memoryd, "GET", f"{JOBS}{job_id}/")["job"])["status"] in {"pending", "running"}:
        assert time.monotonic() < limit
        time.sleep(0.05)
    return dict(job)


def generated(memoryd: Memoryd, user: str) -> dict[str, Any]:
    """A user's profile, once one was asked for and that is done with."""
    finished(memoryd, trigger(memoryd, user).json()["job_id"])
    return profile_of(memoryd, user)


def profile_of(memoryd: Memoryd, user: str) -> dict[str, Any]:
    """A user's profile."""
    return said(memoryd, "GET", f"/v2/entities/user/{user}/profile/")


def test_the_default_schema(plain: Memoryd, user: str) -> None:
    """Without a schema of its own a project has that which its settings show; texts come from memories."""
    settings = configure(plain)
    assert settings["entities"] == {"user": {"schema": None, "custom_instructions": None}}
    default = settings["capabilities"]["default_schema"]["properties"]
    remember(plain, user, "Lives in Munich", "Loves hiking")
    found = generated(plain, user)
    assert (found["status"], found["entity_type"], found["entity_id"]) == ("succeeded", "user", user)
    assert found["profile"].keys() <= default.keys()
    assert found["profile"]["location"] == "Lives in Munich"
    assert "Loves hiking" in found["profile"]["interests"]
    assert found["updated_at"].endswith("Z")
    assert found["error_reason"] is None


def test_settings_change_by_what_is_sent(plain: Memoryd) -> None:
    """What is absent stays, null takes away, and a schema may be JSON in a text."""
    configure(plain, schema=AGE, custom_instructions="Be brief")
    half = said(plain, "POST", SETTINGS, {"entities": {"user": {"schema": json.dumps(FACTS)}}})
    assert half["entities"]["user"] == {"schema": FACTS, "custom_instructions": "Be brief"}
    assert half["enabled"] is True
    said(plain, "POST", SETTINGS, {"enabled": False})
    none = said(plain, "POST", SETTINGS, {"entities": {"user": {"custom_instructions": None}}})
    assert (none["enabled"], none["entities"]["user"]["schema"]) == (False, FACTS)
    assert said(plain, "POST", SETTINGS, {}) == none == said(plain, "GET", SETTINGS)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"enabled": "yes"}, "enabled"),
        ({"schema": FACTS}, "schema"),
        ({"custom_instructions": "x"}, "custom_instructions"),
        ({"entities": []}, "entities"),
        ({"entities": {"agent": {}}}, "entities.agent"),
        ({"entities": {"user": "x"}}, "entities.user"),
        ({"entities": {"user": {"schema": []}}}, "entities.user.schema"),
        ({"entities": {"user": {"schema": "no json"}}}, "entities.user.schema"),
        ({"entities": {"user": {"schema": {}}}}, "entities.user.schema"),
        ({"entities": {"user": {"schema": {"type": "array"}}}}, "entities.user.schema"),
        (
            {"entities": {"user": {"schema": {"type": "object", "pattern": "(a+)+$"}}}},
            "entities.user.schema",
        ),
        ({"entities": {"user": {"custom_instructions": 1}}}, "entities.user.custom_instructions"),
    ],
)
def test_bad_settings_are_refused(plain: Memoryd, body: dict[str, Any], field: str) -> None:
    """A wrong setting is 400 with its name, and nothing is changed; none is ignored in silence."""
    before = said(plain, "GET", SETTINGS)
    answer = call(plain, "POST", SETTINGS, body | {"project_id": None})
    assert answer.status_code == 400, answer.text
    assert field in {each["field"] for each in answer.json()["violations"]}
    assert said(plain, "GET", SETTINGS) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "operation"),
        ({"operation": "guess"}, "operation"),
        ({"operation": "trigger"}, "entity_id"),
        ({"operation": "trigger", "entity_id": " "}, "entity_id"),
        ({"operation": "trigger", "entity_id": "a", "entity_type": "agent"}, "entity_type"),
        ({"operation": "sample", "entity_id": "a"}, "entity_id"),
        ({"operation": "sample", "limit": 0}, "limit"),
        ({"operation": "sample", "limit": 11}, "limit"),
        ({"operation": "sample", "limit": 2**40}, "limit"),
        ({"operation": "sample", "limit": "two"}, "limit"),
        ({"operation": "sample", "idempotency_key": "x" * 256}, "idempotency_key"),
    ],
)
def test_bad_jobs_are_refused(plain: Memoryd, body: dict[str, Any], field: str) -> None:
    """A wrong request is 400 with the field's name."""
    answer = call(plain, "POST", JOBS, body)
    assert answer.status_code == 400, answer.text
    assert field in {each["field"] for each in answer.json()["violations"]}


def test_profiles_are_off_until_they_are_enabled(plain: Memoryd, user: str) -> None:
    """Where they are off none is made, and one that was made before stays readable."""
    remember(plain, user, "Likes tea")
    configure(plain, enabled=False, schema=FACTS)
    refused = trigger(plain, user)
    assert (refused.status_code, "not enabled" in refused.json()["detail"]) == (400, True)
    assert call(plain, "POST", JOBS, {"operation": "sample"}).status_code == 400
    empty = profile_of(plain, user)
    assert (empty["status"], empty["profile"], empty["updated_at"]) == ("not_enabled", {}, None)
    configure(plain, schema=FACTS)
    assert profile_of(plain, user)["status"] == "insufficient_data"
    assert generated(plain, user)["profile"] == {"facts": ["Likes tea"]}
    configure(plain, enabled=False)
    assert profile_of(plain, user)["profile"] == {"facts": ["Likes tea"]}


def test_a_profile_is_made_anew(plain: Memoryd, user: str) -> None:
    """A profile says what was known when it was asked for last, and counts how often that was."""
    configure(plain, schema=FACTS)
    remember(plain, user, "Likes tea")
    generated(plain, user)
    remember(plain, user, "Lives in Munich")
    assert profile_of(plain, user)["profile"] == {"facts": ["Likes tea"]}
    again = generated(plain, user)
    assert again["profile"] == {"facts": ["Lives in Munich", "Likes tea"]}
    assert again["generation_count"] == 2


def test_nobody_and_nothing_are_not_found(plain: Memoryd, user: str) -> None:
    """A user of whom nothing is known has no profile and gets none; a job of nobody is not there."""
    configure(plain)
    for answer in (call(plain, "GET", f"/v2/entities/user/{user}/profile/"), trigger(plain, user)):
        assert (answer.status_code, answer.json()["detail"]) == (404, "Entity not found!")
    unknown = call(plain, "GET", f"{JOBS}{uuid.uuid4()}/")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "PROFILE_JOB_NOT_FOUND")
    assert call(plain, "GET", f"{JOBS}nonsense/").status_code == 400


def test_a_user_without_memories_is_skipped(plain: Memoryd, user: str) -> None:
    """Somebody made by hand has nothing to make a profile from."""
    configure(plain)
    assert call(plain, "POST", "/v1/users/", {"user_id": user}).status_code == 201
    job = finished(plain, trigger(plain, user).json()["job_id"])
    assert (job["status"], job["total"], job["skipped"], job["completed"]) == ("succeeded", 1, 1, 1)
    assert profile_of(plain, user)["status"] == "insufficient_data"


def test_an_id_may_be_anything(plain: Memoryd, user: str) -> None:
    """Ids with slashes and other letters stay whole."""
    configure(plain, schema=FACTS)
    strange = f"{user}/a b/é?#"
    remember(plain, strange, "Likes tea")
    finished(plain, trigger(plain, strange).json()["job_id"])
    found = profile_of(plain, quote(strange, safe=""))
    assert (found["entity_id"], found["profile"]) == (strange, {"facts": ["Likes tea"]})


def test_an_idempotency_key_is_for_one_request(plain: Memoryd, user: str) -> None:
    """The same request under the same key is the same job, made once; another request is 409."""
    configure(plain, schema=FACTS)
    remember(plain, user, "Likes tea")
    first = trigger(plain, user, user).json()
    assert (first["replayed"], first["entity_count_reserved"]) == (False, 1)
    assert first["status_url"] == f"{JOBS}{first['job_id']}/"
    finished(plain, first["job_id"])
    configure(plain, enabled=False)
    again = trigger(plain, user, user).json()
    assert again == first | {"replayed": True, "status": "succeeded"}
    assert profile_of(plain, user)["generation_count"] == 1
    for other in ({"operation": "sample"}, {"operation": "trigger", "entity_id": f"{user}x"}):
        answer = call(plain, "POST", JOBS, other, headers={"Idempotency-Key": user})
        assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    both = {"operation": "sample", "idempotency_key": "a"}
    assert call(plain, "POST", JOBS, both, headers={"Idempotency-Key": "b"}).status_code == 400


def test_a_sample_takes_who_is_known_best(plain: Memoryd, user: str) -> None:
    """The users with most memories get their profiles."""
    configure(plain, schema=FACTS)
    remember(plain, user, *(f"Likes tea {number}" for number in range(12)))
    remember(plain, f"{user}2", *(f"Likes tea {number}" for number in range(11)))
    answer = said(plain, "POST", JOBS, {"operation": "sample", "entity_type": "user", "limit": 2})
    assert (answer["sampled"], answer["entity_ids"]) == (2, [user, f"{user}2"])
    job = finished(plain, answer["job_id"])
    assert (job["operation"], job["total"], job["succeeded"]) == ("sample", 2, 2)
    assert job["enumeration_complete"] is True
    assert len(profile_of(plain, user)["profile"]["facts"]) == 12


def test_what_cannot_be_made_is_a_failure(plain: Memoryd, user: str) -> None:
    """A profile that lacks something required has failed for a reason; the one before it stays."""
    configure(plain, schema=FACTS)
    remember(plain, user, "Likes tea")
    generated(plain, user)
    configure(plain, schema=AGE)
    job = finished(plain, trigger(plain, user).json()["job_id"])
    assert (job["status"], job["failed"]) == ("failed", 1)
    (failure,) = job["failures"]
    assert (failure["entity_id"], failure["error_reason"]) == (user, "SCHEMA_CANNOT_BE_FILLED")
    found = profile_of(plain, user)
    assert (found["status"], found["error_reason"]) == ("failed", "SCHEMA_CANNOT_BE_FILLED")
    assert (found["profile"], found["generation_count"]) == ({"facts": ["Likes tea"]}, 1)


@pytest.mark.parametrize("how", ["entity", "all memories", "one memory", "forgetting"])
def test_a_profile_goes_with_the_last_memory(plain: Memoryd, user: str, how: str) -> None:
    """However a user is forgotten, no profile is left, neither in answers nor on the disk."""
    configure(plain, schema=FACTS)
    (event,) = plain.add("My phone number is 555-0100.", user_id=user)
    generated(plain, user)
    job = trigger(plain, user).json()["job_id"]
    if how == "entity":
        said(plain, "DELETE", f"/v2/entities/user/{user}/")
    elif how == "all memories":
        said(plain, "DELETE", f"/v1/memories/?user_id={user}")
    elif how == "one memory":
        said(plain, "DELETE", f"/v1/memories/{event['id']}/")
    else:
        (forgotten,) = plain.add("Please forget my phone number.", user_id=user)
        assert forgotten["event"] == "DELETE"
    assert finished(plain, job)["total"] == 1
    assert call(plain, "GET", f"/v2/entities/user/{user}/profile/").status_code == 404
    remember(plain, user, "Is back")
    back = profile_of(plain, user)
    assert (back["status"], back["profile"], back["generation_count"]) == ("insufficient_data", {}, 0)
    ledger = LedgerFile(plain.data_dir)
    for table in ("profiles", "profile_tasks"):
        assert ledger.rows(f"SELECT * FROM {table} WHERE user_id = ?", user) == []


def test_a_deleted_project_takes_its_profiles_along(plain: Memoryd, user: str) -> None:
    """Nothing of profiles refers to a project that is gone."""
    organization = said(plain, "GET", "/v1/ping/")["org_id"]
    path = f"/api/v1/orgs/organizations/{organization}/projects/"
    project = call(plain, "POST", path, {"name": user}).json()["project_id"]
    here = {"project_id": project}
    said(plain, "POST", SETTINGS, {"enabled": True} | here)
    plain.add("Likes tea", user_id=user, infer=False, project_id=project)
    body = {"operation": "trigger", "entity_id": user} | here
    said(plain, "POST", JOBS, body)
    assert call(plain, "GET", f"/v2/entities/user/{user}/profile/").status_code == 404
    assert said(plain, "GET", f"/v2/entities/user/{user}/profile/", params=here)["status"] != "not_enabled"
    assert call(plain, "DELETE", f"{path}{project}/").status_code == 200
    ledger = LedgerFile(plain.data_dir)
    for table in ("profiles", "profile_tasks", "profile_jobs", "profile_settings"):
        assert ledger.rows(f"SELECT * FROM {table} WHERE project_id = ?", project) == []


def test_readers_read(plain: Memoryd, user: str) -> None:
    """A reader sees profiles, jobs and settings, and can neither change settings nor ask for profiles."""
    configure(plain, schema=FACTS)
    remember(plain, user, "Likes tea")
    job = trigger(plain, user).json()["job_id"]
    finished(plain, job)
    made = keys(plain, "create", "--role", "reader")
    reader = {"headers": {"Authorization": f"Token {made.stdout.strip()}"}}
    for path in (SETTINGS, f"{JOBS}{job}/", f"/v2/entities/user/{user}/profile/"):
        said(plain, "GET", path, **reader)
    for path, body in ((SETTINGS, {}), (JOBS, {"operation": "sample"})):
        answer = call(plain, "POST", path, body, **reader)
        assert (answer.status_code, answer.json()["code"]) == (403, "READ_ONLY_KEY")


def test_the_model_writes_the_profile(asking: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """The model gets the schema, the instructions and the memories; a wrong answer is repaired once."""
    configure(asking, schema=AGE, custom_instructions="Be exact")
    remember(asking, user, "Is 41 years old")
    model.script(text('{"result": {"age": "forty"}}'), text('{"result": {"age": 41}}'))
    assert generated(asking, user)["profile"] == {"age": 41}
    data, _, repair = model.requests[-1]["messages"][1]["content"].partition("\n\n")
    shown = json.loads(data)
    assert (shown["schema"], shown["instructions"]) == (AGE, "Be exact")
    assert [each["memory"] for each in shown["memories"]] == ["Is 41 years old"]
    assert "$.age breaks type" in repair


def test_an_outage_of_the_model_is_a_failure(asking: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """A model that does not answer makes the profile fail with its reason."""
    configure(asking, schema=AGE)
    remember(asking, user, "Is 41 years old")
    model.script(status(401))
    assert generated(asking, user)["error_reason"] == "MODEL_AUTHENTICATION"


def test_a_profile_says_that_it_is_being_made(asking: Memoryd, model: ScriptedOpenAI, user: str) -> None:
    """While one is made the status is pending, and the form is that of the moment of the request."""
    configure(asking, schema=AGE)
    remember(asking, user, "Is 41 years old")
    model.script(slow(0.5, text('{"result": {"age": 41}}')))
    job = trigger(asking, user).json()
    configure(asking, schema=FACTS)
    early = profile_of(asking, user)
    assert (early["status"], early["profile"]) == ("pending", {})
    assert finished(asking, job["job_id"])["succeeded"] == 1
    assert profile_of(asking, user)["profile"] == {"age": 41}


def test_a_request_outlives_a_crash(model: ScriptedOpenAI, user: str, tmp_path: Path) -> None:
    """What was answered is stored: the next start makes the profile that the last one was making."""
    settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": model.base_url}
    with Memoryd(tmp_path, settings) as first:
        configure(first, schema=AGE)
        remember(first, user, "Is 41 years old")
        model.script(slow(5, text('{"result": {"age": 41}}')), text('{"result": {"age": 41}}'))
        asked = len(model.requests)
        job = trigger(first, user).json()["job_id"]
        while len(model.requests) == asked:
            time.sleep(0.02)
        first.kill()
    with Memoryd(tmp_path, settings) as second:
        assert finished(second, job)["succeeded"] == 1
        assert profile_of(second, user)["profile"] == {"age": 41}


async def test_profiles_over_grpc(plain: Memoryd, user: str) -> None:
    """Both faces tell the same."""
    configure(plain, schema=FACTS)
    remember(plain, user, "Likes tea")
    async with plain.channel() as channel:
        stub = ProfileServiceStub(channel)
        asked = pb.CreateProfileJobRequest(operation="trigger", entity_id=user, idempotency_key=user)
        created = await stub.CreateProfileJob(asked, metadata=plain.metadata)
        again = await stub.CreateProfileJob(asked, metadata=plain.metadata)
        finished(plain, created.job_id)
        wanted = pb.GetProfileRequest(entity_id=user)
        found = await stub.GetProfile(wanted, metadata=plain.metadata)
    assert (again.job_id, again.replayed) == (created.job_id, True)
    assert found.status == pb.PROFILE_STATUS_SUCCEEDED
    assert found.profile == '{"facts":["Likes tea"]}'


def test_profiles_need_a_key(plain: Memoryd) -> None:
    """Nobody reads or makes profiles without a key."""
    for verb, path in (
        ("GET", "/v2/entities/user/alex/profile/"),
        ("POST", JOBS),
        ("GET", f"{JOBS}{uuid.uuid4()}/"),
        ("GET", SETTINGS),
        ("POST", SETTINGS),
    ):
        assert httpx.request(verb, plain.url + path).status_code == 401
