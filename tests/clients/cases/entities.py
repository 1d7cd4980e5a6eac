"""Users, agents, apps and runs through the Python clients."""

from __future__ import annotations

import pytest

from tests.clients.client import ClientRaised
from tests.clients.releases import P0_1_40, P0_1_81, P0_1_118
from tests.clients.table import Use, case


@case("users")
def users(use: Use) -> None:
    """Everybody of whom something is remembered is listed, with how much."""
    use.stored("Lives in Berlin", "Loves hiking")
    use.stored("Answers within an hour", user_id=None, agent_id=f"{use.user}-agent")
    entities = use.call("users")["results"]
    (user,) = [each for each in entities if each["name"] == use.user]
    assert (user["type"], user["total_memories"]) == ("user", 2)
    (agent,) = [each for each in entities if each["name"] == f"{use.user}-agent"]
    assert (agent["type"], agent["total_memories"]) == ("agent", 1)


@case("delete_users", P0_1_40)
def delete_everybody(use: Use) -> None:
    """0.1.40 knows no names: it deletes all entities, by their ids."""
    use.stored("Lives in Berlin")
    assert use.call("delete_users") == {"message": "All users, agents, and sessions deleted."}
    assert use.texts() == []
    assert use.call("users")["results"] == []


@case("delete_users", since=P0_1_81)
def delete_one_user(use: Use) -> None:
    """One user goes with all memories; others stay."""
    use.stored("Lives in Berlin", "Loves hiking")
    use.stored("Is vegetarian", user_id=f"{use.user}-2")
    assert use.call("delete_users", user_id=use.user) == {"message": "Entity deleted successfully."}
    assert use.texts() == []
    assert use.texts(user_id=f"{use.user}-2") == ["Is vegetarian"]
    assert use.user not in {each["name"] for each in use.call("users")["results"]}


@case("delete_users", since=P0_1_118)
def delete_a_user_with_a_slash(use: Use) -> None:
    """An id that is no path segment: the older of these clients send it as it is."""
    name = f"{use.user}/home & café?" if use.release == "mem0ai-2.2.1" else f"{use.user}/home"
    use.stored("Lives in Berlin", user_id=name)
    use.call("delete_users", user_id=name)
    assert use.texts(user_id=name) == []


@case("delete_users", P0_1_81)
def delete_nobody(use: Use) -> None:
    """0.1.81 looks the name up in the list and says so when it is not there."""
    with pytest.raises(ClientRaised, match="No entity found with the provided ID"):
        use.call("delete_users", user_id=use.user)


@case("reset")
def reset(use: Use) -> None:
    """Everything that the project remembers is gone."""
    use.stored("Lives in Berlin", agent_id=f"{use.user}-agent", run_id=f"{use.user}-run")
    answer = use.call("reset")
    assert answer == {"message": "Client reset successful. All users and memories deleted."}
    assert use.texts() == []
    assert use.call("users")["results"] == []
