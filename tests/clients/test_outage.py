"""What users see of a model that is down: an error that says so, never an empty success."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.client import Client, ClientRaised
from tests.clients.releases import ASYNC, N2_4_6, P0_1_40, P0_1_81, P0_1_118, P1_0_11, P2_2_1, SYNC
from tests.clients.table import Use, eventually
from tests.running import Memoryd

SAID = [{"role": "user", "content": "I live in Berlin. Now break down."}]

# The first test of a release also makes its environment.
pytestmark = pytest.mark.timeout(600)


def add_and_wait(client: Client, user: str) -> None:
    """An add whose answer holds the events, with each client's way to ask for that."""
    if client.driver.release == N2_4_6:
        client.call("add", SAID, {"user_id": user})
    elif client.driver.release == P1_0_11:
        client.call("add", SAID, user_id=user, async_mode=False)
    else:
        client.call("add", SAID, user_id=user)


@pytest.mark.parametrize(
    ("release", "kind", "raised_as"),
    [
        (P0_1_40, SYNC, "APIError"),
        (P0_1_81, ASYNC, "HTTPStatusError"),
        (P0_1_118, SYNC, "NetworkError"),
        (P1_0_11, SYNC, "NetworkError"),
        (N2_4_6, SYNC, "NetworkError"),
    ],
)
def test_an_add_that_waits_raises(
    release: str, kind: str, raised_as: str, opened: Callable[[str, str], Client], alex: str
) -> None:
    """The clients that know kinds of errors raise the one that is worth another try."""
    with pytest.raises(ClientRaised, match=r"model|503") as raised:
        add_and_wait(opened(release, kind), alex)
    assert raised.value.kind == raised_as


def test_an_add_that_does_not_wait_fails_visibly(
    opened: Callable[[str, str], Client], server: Memoryd, alex: str
) -> None:
    """The event of a queued add says what went wrong, and PENDING, for an outage is tried again later."""
    use = Use(opened(P2_2_1, SYNC), server, alex)
    event_id = use.call("add", SAID, user_id=alex)["event_id"]
    event = eventually(lambda: use.rest("GET", f"/v1/event/{event_id}/"), lambda event: event["error"])
    assert event["status"] == "PENDING"
    assert event["error"].startswith("MODEL_UNAVAILABLE: ")
    assert use.texts() == []
