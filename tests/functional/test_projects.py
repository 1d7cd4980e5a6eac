from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from dataclasses import replace
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from memoryd.v1 import account_service_pb2 as pb
from memoryd.v1 import webhook_service_pb2

from service.memory.accounts import AccessRole
from tests.functional.administration import WEBHOOKS, Caller, an_address, id_of
from tests.functional.conftest import Model
from tests.functional.faces import Rest, refusal_of
from tests.functional.ledgers import LedgerFile, wait_until
from tests.running import Memoryd
from tests.scripted_openai import add, plan

Answer = TypeVar("Answer", bound=Message)

CATEGORIES = [{"cooking": "what is cooked"}, {"art": "paintings"}]
SENT_BY_CLIENTS = {
    "retrieval_criteria": [{"name": "joy", "weight": 1.50, "id": 12345678901234567890}],
    "enable_graph": True,
    "version": "v2",
    "memory_depth": "deep",
    "usecase_setting": 3,
    "multilingual": True,
    "decay": False,
}


@pytest.fixture
def owner(memoryd: Memoryd) -> Caller:
    """The owner of the default project."""
    return Caller(memoryd, memoryd.key)


@pytest.fixture
def project(owner: Caller) -> str:
    """A fresh project."""
    return owner.project()


def collections_of(memoryd: Memoryd, project_id: str) -> int:
    """How many collections the index has for a project."""
    path = memoryd.data_dir / "chroma" / "chroma.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM collections")]
    return sum(project_id in name for name in names)


def test_create_and_select(owner: Caller) -> None:
    """The key that makes a project owns it and may select it at once, by id and by name."""
    organization = owner.ping().json()["org_id"]
    name = f"project {uuid.uuid4()}"
    made = owner.ok(
        "POST", f"/api/v1/orgs/organizations/{organization}/projects/", {"name": name, "description": "Ours"}
    )
    assert made["message"] == "Project created successfully."
    assert (made["name"], made["description"], made["org_id"]) == (name, "Ours", organization)
    assert made["custom_instructions"] is made["custom_categories"] is made["retrieval_criteria"] is None
    assert [member["role"] for member in made["members"]] == ["OWNER"]
    for query in ({"project_id": made["project_id"]}, {"project_name": name}):
        assert owner.ping(**query).json()["project_id"] == made["project_id"]
    assert owner.adds("Has a dog", project_name=name).status_code == 200
    listed = owner.ok("GET", f"/api/v1/orgs/organizations/{organization}/projects/")
    assert {key: made[key] for key in made if key != "message"} in listed


def test_names(owner: Caller, project: str) -> None:
    """A name is unique in its organization, and free in another."""
    every, name = project.removesuffix(f"{id_of(project)}/"), owner.ok("GET", project)["name"]
    assert owner.refused("POST", every, {"name": name})[:2] == (409, "ALREADY_EXISTS")
    other = owner.project()
    assert owner.refused("PATCH", other, {"name": name})[:2] == (409, "ALREADY_EXISTS")
    owner.ok("POST", f"{owner.organization()}projects/", {"name": name})
    owner.ok("PATCH", project, {"name": name})


def test_who_makes_projects(owner: Caller) -> None:
    """Owners of the organization or of one of its projects make further ones; readers do not."""
    organization = owner.organization()
    project, email = owner.project(organization), an_address()
    owner.with_key(project).project(organization)
    body = {"name": "x"}
    reader = owner.with_key(project, AccessRole.READER)
    assert reader.refused("POST", f"{organization}projects/", body)[:2] == (403, "READ_ONLY_KEY")
    owner.ok("POST", f"{organization}members/", {"email": email})
    person = owner.with_key(email=email)
    assert person.refused("POST", f"{organization}projects/", body)[:2] == (403, "READ_ONLY_KEY")


def test_settings_come_back_as_sent(owner: Caller, project: str) -> None:
    """Whatever clients set comes back, alone if asked for, and stays until it is set back."""
    settings = {
        "custom_instructions": "Keep tastes only.",
        "custom_categories": CATEGORIES,
        "agent_custom_instructions": "Keep promises.",
        "inclusion_prompt": "food",
        "exclusion_prompt": "names",
        **SENT_BY_CLIENTS,
    }
    changed = owner.ok("PATCH", project, settings | {"unknown": 1, "org_id": project.split("/")[5]})
    assert changed["message"] == "Project updated successfully"
    shown = owner.ok("GET", project)
    assert {name: shown[name] for name in settings} == settings
    assert shown["updated_at"] > shown["created_at"]
    asked = owner.ok("GET", project, fields=["custom_categories", "enable_graph"])
    assert asked == {"custom_categories": CATEGORIES, "enable_graph": True}
    assert owner.ok("GET", project, fields="name,version") == {"name": shown["name"], "version": "v2"}

    owner.ok("PATCH", project, {"description": "Ours"})
    kept = owner.ok("GET", project)
    assert {name: kept[name] for name in settings} == settings
    owner.ok("PATCH", project, dict.fromkeys(settings) | {"custom_categories": [], "name": None})
    reset = owner.ok("GET", project)
    assert {name: reset[name] for name in settings} == dict.fromkeys(settings)
    assert (reset["name"], reset["description"]) == (shown["name"], "Ours")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": 1}, "name"),
        ({"custom_instructions": 1}, "custom_instructions"),
        ({"custom_instructions": ["a", 1]}, "custom_instructions"),
        ({"custom_instructions": "x" * 10_001}, "custom_instructions"),
        ({"custom_categories": ["sports"]}, "custom_categories[0]"),
        ({"custom_categories": [{"": "nothing"}]}, "custom_categories"),
        ({"inclusion_prompt": {}}, "inclusion_prompt"),
        ({"retrieval_criteria": "x" * 70_000}, "settings"),
        ({"project_id": "another"}, "project_id"),
    ],
)
def test_bad_settings(owner: Caller, project: str, body: dict[str, object], field: str) -> None:
    """What cannot be a setting is 400, names its field, and changes nothing."""
    before = owner.ok("GET", project)
    answer = owner.call("PATCH", project, {"description": "changed"} | body)
    assert answer.status_code == 400
    assert field in [violation["field"] for violation in answer.json()["violations"]]
    assert owner.ok("GET", project) == before


def test_instructions_of_several_lines(owner: Caller, project: str) -> None:
    """Instructions may come as a list, one a line."""
    changed = owner.ok("PATCH", project, {"custom_instructions": ["Keep tastes.", "Keep places."]})
    assert changed["custom_instructions"] == "Keep tastes.\nKeep places."


def test_settings_reach_the_model(owner: Caller, project: str, model: Model, user: str) -> None:
    """The model reads a project's instructions, categories and prompts, where a call has none of its own."""
    owner.ok(
        "PATCH",
        project,
        {
            "custom_instructions": "Keep tastes only.",
            "custom_categories": CATEGORIES,
            "agent_custom_instructions": "Keep promises.",
            "inclusion_prompt": "facts about food",
            "exclusion_prompt": "names of people",
        },
    )
    rest = Rest(replace(owner.memoryd))
    model.answers(plan([add("Likes stew", quote="stew", categories=["cooking"])]), plan(), plan(), plan())

    [added] = rest.add("I like stew", user_id=user, project_id=id_of(project))
    assert added.categories == ("cooking",)
    for text in ("Keep tastes only.", "paintings", "facts about food", "names of people"):
        assert text in model.rules
    assert "Keep promises." not in model.rules

    rest.add([{"role": "assistant", "content": "I answer fast"}], agent_id=user, project_id=id_of(project))
    assert "Keep promises." in model.rules

    own = {
        "custom_instructions": "Keep places only.",
        "custom_categories": [{"travel": "trips"}],
        "includes": "journeys",
        "excludes": "prices",
    }
    rest.add("I like stew", user_id=user, project_id=id_of(project), **own)
    for text in ("Keep places only.", "trips", "journeys", "prices"):
        assert text in model.rules
    for text in ("Keep tastes only.", "paintings", "facts about food", "names of people"):
        assert text not in model.rules

    rest.add("I like stew", user_id=user)
    assert "Keep tastes only." not in model.rules


def test_delete(owner: Caller, memoryd: Memoryd) -> None:
    """A deleted project leaves no row and no vector; its key opens nothing, but is a key."""
    project = owner.project()
    project_id = id_of(project)
    key = owner.with_key(project, email=an_address())
    machine = owner.with_key(project)
    assert machine.adds("Has a dog", metadata={"a": 1}).status_code == 200
    assert machine.adds("Has a cat").status_code == 200
    machine.ok("POST", f"{WEBHOOKS}projects/{project_id}/", {"url": "https://example.com"})
    ledger = LedgerFile(memoryd.data_dir)
    wait_until(lambda: not ledger.rows("SELECT 1 FROM outbox WHERE project_id = ?", project_id))
    assert collections_of(memoryd, project_id)

    assert machine.ok("DELETE", project) == {"message": "Project deleted successfully"}
    tables = [row["name"] for row in ledger.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        columns = [row["name"] for row in ledger.rows(f"PRAGMA table_info({table})")]
        if "project_id" in columns and table != "dropped_projects":
            assert not ledger.rows(f"SELECT 1 FROM {table} WHERE project_id = ?", project_id), table
    wait_until(lambda: not ledger.rows("SELECT 1 FROM dropped_projects"))
    assert not collections_of(memoryd, project_id)

    for caller in (key, machine):
        assert caller.ping().status_code == 403
        assert caller.adds("Has a fish").status_code == 403
        assert caller.refused("GET", project)[0] == 404
    assert owner.refused("DELETE", project)[0] == 404
    assert owner.ping().status_code == 200
    # The key is still one: it can be let into another project.
    made = machine.project(machine.organization())
    assert machine.ping(project_id=id_of(made)).status_code == 200


def test_strangers_see_nothing(owner: Caller, project: str) -> None:
    """Somebody else's project is as if it were not there; so is one's own under another organization."""
    organization = owner.organization()
    stranger = owner.with_key(owner.project(organization), organization_wide=True)
    nowhere = project.replace(id_of(project), str(uuid.uuid4()))
    for verb, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"name": "mine"}),
        ("DELETE", "", None),
        ("GET", "members/", None),
        ("POST", "members/", {"email": "a@example.com", "role": "OWNER"}),
    ):
        seen = {stranger.refused(verb, base + path, body) for base in (project, nowhere)}
        seen.add(owner.refused(verb, f"{organization}projects/{id_of(project)}/{path}", body))
        assert seen == {(404, "NOT_FOUND", "Organization or project not found")}, (verb, path)


def test_a_key_of_one_project(owner: Caller) -> None:
    """A key of one project sees that one only, even in the list of its organization."""
    organization = owner.organization()
    project, other = owner.project(organization), owner.project(organization)
    key = owner.with_key(project)
    assert [each["project_id"] for each in key.ok("GET", f"{organization}projects/")] == [id_of(project)]
    assert key.refused("GET", other)[0] == 404
    wide = owner.with_key(project, organization_wide=True)
    assert len(wide.ok("GET", f"{organization}projects/")) == 2


def test_ping(owner: Caller) -> None:
    """Ping tells the address of the key, and the organization of the project that it selects."""
    organization, email = owner.organization(), an_address()
    project = owner.project(organization)
    key = owner.with_key(email=email.upper())
    own = owner.ping().json()
    assert key.ping().json() == {**own, "user_email": email}
    owner.ok("POST", f"{project}members/", {"email": email})
    selected = key.ping(project_id=id_of(project)).json()
    assert (selected["org_id"], selected["project_id"]) == (id_of(organization), id_of(project))


def test_over_grpc(owner: Caller, memoryd: Memoryd, channel: grpc.Channel, project: str) -> None:
    """The service says over gRPC what the gateway says over REST."""

    def call(service: str, name: str, request: Message, answer: type[Answer]) -> Answer:
        method: grpc.UnaryUnaryMultiCallable[Message, Answer] = channel.unary_unary(
            f"/memoryd.v1.{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )
        return method(request, metadata=memoryd.metadata, timeout=30)

    organization_id, project_id = project.split("/")[5], id_of(project)
    categories = pb.CategoryList(categories=[pb.Category(name="cooking", description="what is cooked")])
    call(
        "AccountService",
        "UpdateProject",
        pb.UpdateProjectRequest(
            org_id=organization_id,
            project_id=project_id,
            custom_categories=categories,
            settings='{"decay":true}',
        ),
        pb.UpdateProjectResponse,
    )
    assert owner.ok("GET", project, fields=["custom_categories", "decay"]) == {
        "custom_categories": [{"cooking": "what is cooked"}],
        "decay": True,
    }
    shown = call(
        "AccountService",
        "GetProject",
        pb.GetProjectRequest(org_id=organization_id, project_id=project_id),
        pb.GetProjectResponse,
    )
    assert shown.project.members[0].role == pb.MEMBER_ROLE_OWNER

    made = call(
        "WebhookService",
        "CreateWebhook",
        webhook_service_pb2.CreateWebhookRequest(project_id=id_of(project), url="https://example.com"),
        webhook_service_pb2.CreateWebhookResponse,
    )
    [listed] = owner.ok("GET", f"{WEBHOOKS}projects/{id_of(project)}/")
    assert listed["webhook_id"] == made.webhook.webhook_id

    with pytest.raises(grpc.RpcError) as caught:
        call(
            "AccountService",
            "UpdateProject",
            pb.UpdateProjectRequest(
                org_id=organization_id, project_id=project_id, settings='{"theme": 1}', name=""
            ),
            pb.UpdateProjectResponse,
        )
    refused = refusal_of(caught.value)
    assert (refused.status, refused.fields) == ("INVALID_ARGUMENT", ("name", "settings"))
