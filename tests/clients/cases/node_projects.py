"""Entities, exports, the project and webhooks through the clients on Node."""

from __future__ import annotations

from tests.clients.cases.exports import SCHEMA, exported
from tests.clients.cases.memories import NOBODY
from tests.clients.cases.node_memories import assert_refused, name, named, node
from tests.clients.cases.projects import CATEGORIES, project_path, settings_restored
from tests.clients.table import Use


@node("users")
def users(use: Use) -> None:
    """Everybody of whom something is remembered is listed, with how much."""
    use.stored("Lives in Berlin", "Loves hiking")
    (user,) = [each for each in use.call("users")["results"] if each["name"] == use.user]
    assert (user["type"], user[name(use, "total_memories")]) == ("user", 2)


@node("deleteUser")
def delete_user(use: Use) -> None:
    """The deprecated call deletes by the entity's id."""
    use.stored("Lives in Berlin")
    (user,) = [each for each in use.call("users")["results"] if each["name"] == use.user]
    assert "message" in use.call("deleteUser", {"entity_id": user["id"], "entity_type": "user"})
    assert use.texts() == []


@node("deleteUsers")
def delete_users(use: Use) -> None:
    """One user goes with all memories; then everybody does."""
    use.stored("Lives in Berlin")
    use.stored("Is vegetarian", user_id=f"{use.user}-2")
    one = use.call("deleteUsers", named(use, user_id=use.user))
    assert one == {"message": "Entity deleted successfully."}
    assert use.texts() == []
    assert use.texts(user_id=f"{use.user}-2") == ["Is vegetarian"]
    assert use.call("deleteUsers")["message"] == "All users, agents, apps and runs deleted."
    assert use.call("users")["results"] == []


@node("getMemoryExport")
@node("createMemoryExport")
def exports(use: Use) -> None:
    """What comes back has the form that was asked for."""
    use.stored("Lives in Berlin")
    created = use.call("createMemoryExport", {"schema": SCHEMA, "filters": {"user_id": use.user}})
    assert created["id"]
    which = named(use, memory_export_id=created["id"])
    assert exported(lambda: use.call("getMemoryExport", which)) == {"city": "Berlin"}
    assert_refused(
        use,
        "MemoryNotFoundError",
        "No memory export request found",
        "getMemoryExport",
        named(use, memory_export_id=NOBODY),
    )


@node("getProject")
def get_project(use: Use) -> None:
    """The fields asked for are told, and no others."""
    with settings_restored(use):
        use.rest("PATCH", project_path(use), json={"custom_instructions": "Be brief."})
        fields = [name(use, "custom_instructions"), name(use, "custom_categories")]
        answer = use.call("getProject", {"fields": fields})
        assert answer[fields[0]] == "Be brief."
        assert sorted(answer) == sorted(fields)


@node("updateProject")
def update_project(use: Use) -> None:
    """New instructions and categories are found again."""
    with settings_restored(use):
        wishes = named(use, custom_instructions="Be brief.", custom_categories=CATEGORIES)
        use.call("updateProject", wishes)
        assert use.call("getProject", {"fields": list(wishes)}) == wishes


@node("deleteWebhook")
@node("updateWebhook")
@node("createWebhook")
@node("getWebhooks")
def webhooks(use: Use) -> None:
    """A webhook is made, listed, changed and deleted."""
    made = use.call(
        "createWebhook", {"name": "Hook", "url": "https://example.com/hook", "eventTypes": ["memory_add"]}
    )
    hook = made[name(use, "webhook_id")]
    assert (made["name"], made[name(use, "is_active")]) == ("Hook", True)
    use.call("updateWebhook", {"webhookId": hook, "name": "Other", "eventTypes": ["memory_update"]})
    (found,) = [each for each in use.call("getWebhooks") if each[name(use, "webhook_id")] == hook]
    assert (found["name"], found["url"]) == ("Other", "https://example.com/hook")
    assert found[name(use, "event_types")] == ["memory_update"]
    assert "message" in use.call("deleteWebhook", {"webhookId": hook})
    assert hook not in {each[name(use, "webhook_id")] for each in use.call("getWebhooks")}
