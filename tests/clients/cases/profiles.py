"""User profiles, a beta of the hosted platform: the newest Python client has them, memoryd does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.clients.releases import P2_2_1
from tests.clients.table import Check, Use, case, eventually

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Where the person lives"}},
}


NOTE = "profiles are a beta of the hosted platform; memoryd does not serve them"


def profiled(method: str) -> Callable[[Check], Check]:
    """Enters a check for a method about profiles."""
    return case(method, P2_2_1, note=NOTE, served=False)


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
    job = use.call("generate_profile", use.user)
    done = eventually(
        lambda: use.call("get_profile_job", job["status_url"])["job"],
        lambda found: found["status"] in {"succeeded", "failed"},
    )
    assert (done["total"], done["succeeded"], done["failed"]) == (1, 1, 0)
    assert use.call("get_profile_job", job["job_id"])["job"] == done
    answer = use.call("get_profile", use.user)
    assert (answer["status"], answer["entity_id"]) == ("succeeded", use.user)
    assert answer["profile"] == {"city": "Berlin"}


@profiled("sample_profiles")
def sample_profiles(use: Use) -> None:
    """A few users get their profiles, to see what a schema makes of them."""
    enabled(use)
    use.stored("Lives in Berlin")
    answer = use.call("sample_profiles", limit=1)
    assert answer["sampled"] == len(answer["entity_ids"]) == 1
