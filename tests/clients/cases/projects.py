"""The project, its settings, members and webhooks through the Python clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.clients.releases import P0_1_81, P0_1_118
from tests.clients.table import Use, case

CATEGORIES = [{"cooking": "recipes and techniques"}]
ANN = "ann@example.com"


@contextmanager
def settings_restored(use: Use) -> Iterator[None]:
    """The project is as it was, for the clients that share it."""
    try:
        yield
    finally:
        use.rest("PATCH", project_path(use), json={"custom_instructions": "", "custom_categories": []})


def project_path(use: Use) -> str:
    """The project's address."""
    here = use.rest("GET", "/v1/ping/")
    return f"/api/v1/orgs/organizations/{here['org_id']}/projects/{here['project_id']}/"


def project_id(use: Use) -> str:
    """The project's id, which an application has from its dashboard."""
    found: str = use.rest("GET", "/v1/ping/")["project_id"]
    return found


@case("get_project", since=P0_1_81)
def get_project(use: Use) -> None:
    """The fields asked for are told, and no others."""
    with settings_restored(use):
        use.rest("PATCH", project_path(use), json={"custom_instructions": "Be brief."})
        fields = ["custom_instructions", "custom_categories"]
        answer = use.call("get_project", fields=fields)
        assert answer["custom_instructions"] == "Be brief."
        assert sorted(answer) == sorted(fields)
        assert use.call("get_project")["custom_instructions"] == "Be brief."


@case("update_project", since=P0_1_81)
def update_project(use: Use) -> None:
    """New instructions and categories are found again."""
    with settings_restored(use):
        use.call("update_project", custom_instructions="Be brief.", custom_categories=CATEGORIES)
        found = use.call("get_project", fields=["custom_instructions", "custom_categories"])
        assert found == {"custom_instructions": "Be brief.", "custom_categories": CATEGORIES}


@case("project.get", since=P0_1_118)
def project_get(use: Use) -> None:
    """The same by its newer name; without fields, all of it."""
    with settings_restored(use):
        use.rest("PATCH", project_path(use), json={"custom_instructions": "Be brief."})
        assert use.call("project.get", fields=["custom_instructions"]) == {"custom_instructions": "Be brief."}
        assert use.call("project.get")["project_id"] == project_id(use)


@case("project.update", since=P0_1_118)
def project_update(use: Use) -> None:
    """Categories alone change; the instructions stay."""
    with settings_restored(use):
        use.call("project.update", custom_instructions="Be brief.")
        use.call("project.update", custom_categories=CATEGORIES)
        found = use.call("project.get", fields=["custom_instructions", "custom_categories"])
        assert found == {"custom_instructions": "Be brief.", "custom_categories": CATEGORIES}


@case("project.create", since=P0_1_118)
def project_create(use: Use) -> None:
    """A new project of the same organization has an id and its name."""
    answer = use.call("project.create", name=f"For {use.user}", description="A trial")
    org = use.rest("GET", "/v1/ping/")["org_id"]
    made = use.rest("GET", f"/api/v1/orgs/organizations/{org}/projects/{answer['project_id']}/")
    assert (made["name"], made["description"]) == (f"For {use.user}", "A trial")


@case("project.delete", since=P0_1_118)
def project_delete(use: Use) -> None:
    """The client's own project goes, and others of the organization stay."""
    there = use.elsewhere()
    there.stored("Lives in Berlin")
    doomed = there.client.call("project.get")["project_id"]
    assert "message" in there.call("project.delete")
    org = use.rest("GET", "/v1/ping/")["org_id"]
    left = use.rest("GET", f"/api/v1/orgs/organizations/{org}/projects/")
    assert doomed not in {each["project_id"] for each in left}
    assert project_id(use) in {each["project_id"] for each in left}


def roles(use: Use) -> dict[str, str]:
    """The members that the client reads, by address."""
    members = use.call("project.get_members")
    return {each["email"]: each["role"] for each in members["members"]}


@case("project.remove_member", since=P0_1_118)
@case("project.update_member", since=P0_1_118)
@case("project.add_member", since=P0_1_118)
@case("project.get_members", since=P0_1_118)
def members(use: Use) -> None:
    """A member comes, changes roles and goes."""
    use.call("project.add_member", email=ANN, role="READER")
    assert roles(use)[ANN] == "READER"
    use.call("project.update_member", email=ANN, role="OWNER")
    assert roles(use)[ANN] == "OWNER"
    use.call("project.remove_member", email=ANN)
    assert ANN not in roles(use)


@case("delete_webhook", since=P0_1_81)
@case("update_webhook", since=P0_1_81)
@case("create_webhook", since=P0_1_81)
@case("get_webhooks", since=P0_1_81)
def webhooks(use: Use) -> None:
    """A webhook is made, listed, changed and deleted."""
    project = project_id(use)
    made = use.call(
        "create_webhook",
        url="https://example.com/hook",
        name="Hook",
        project_id=project,
        event_types=["memory_add", "memory_delete"],
    )
    hook = made["webhook_id"]
    assert (made["name"], made["url"], made["is_active"]) == ("Hook", "https://example.com/hook", True)
    assert made["event_types"] == ["memory_add", "memory_delete"]
    assert hook in {each["webhook_id"] for each in use.call("get_webhooks", project_id=project)}
    use.call("update_webhook", webhook_id=hook, name="Other", event_types=["memory_update"])
    (found,) = [each for each in use.call("get_webhooks", project_id=project) if each["webhook_id"] == hook]
    assert (found["name"], found["url"]) == ("Other", "https://example.com/hook")
    assert found["event_types"] == ["memory_update"]
    assert "message" in use.call("delete_webhook", webhook_id=hook)
    assert hook not in {each["webhook_id"] for each in use.call("get_webhooks", project_id=project)}
