"""User profiles: the newest Python client has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.clients.releases import P2_2_1
from tests.clients.table import Check, Use, case, eventually

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where the person lives"}},
}


def profiled(method: str) -> Callable[[Check], Check]:
    """Enters a check for a method about profiles."""
    return case(method, P2_2_1)


def enabled(use: Use) -> None:
    """Turns profiles on for the project."""
    use.call("update_profile_settings", enabled=True, schema=SCHEMA)


@profiled("update_profile_settings")
@profiled("get_profile_settings")
def profile_settings(use: Use) -> None:
    """What is written is what is read; what is not written stays."""
    written = use.call(
        "update_profile_settings", enabled=True, schema=SCHEMA, custom_instructions="Be brief."
    )
    assert written["enabled"] is True
    assert written["entities"]["user"]["schema"] == SCHEMA
    use.call("update_profile_settings", custom_instructions=None)
    found = use.call("get_profile_settings")
    assert found["entities"]["user"] == {"schema": SCHEMA, "custom_instructions": None}
    use.call("update_profile_settings", enabled=False)
    assert use.call("get_profile_settings")["enabled"] is False


@profiled("get_profile_job")
@profiled("generate_profile")
@profiled("get_profile")
def profile(use: Use) -> None:
    """A profile is made of what is remembered of a user."""
    enabled(use)
    use.stored("Lives in Berlin")
    job = use.call("generate_profile", use.user, idempotency_key=use.user)
    again = use.call("generate_profile", use.user, idempotency_key=use.user)
    assert (again["job_id"], again["replayed"]) == (job["job_id"], True)
    done = eventually(
        lambda: use.call("get_profile_job", job["status_url"])["job"],
        lambda found: found["status"] in {"succeeded", "failed"},
    )
    assert (done["total"], done["succeeded"], done["failed"]) == (1, 1, 0)
    assert use.call("get_profile_job", job["job_id"])["job"] == done
    answer = use.call("get_profile", use.user)
    assert (answer["status"], answer["entity_id"]) == ("succeeded", use.user)
    assert (answer["profile"], answer["generation_count"]) == ({"city": "Berlin"}, 1)


@profiled("sample_profiles")
def sample_profiles(use: Use) -> None:
    """A few users get their profiles, to see what a schema makes of them."""
    alone = use.elsewhere()
    enabled(alone)
    alone.stored("Lives in Berlin")
    answer = alone.call("sample_profiles", limit=1)
    assert answer["sampled"] == 1
    assert answer["entity_ids"] == [alone.user]
    job = eventually(
        lambda: alone.call("get_profile_job", answer["status_url"])["job"],
        lambda found: found["status"] in {"succeeded", "failed"},
    )
    assert (job["status"], job["completed"]) == ("succeeded", 1)
    assert alone.call("get_profile", alone.user)["profile"] == {"city": "Berlin"}
