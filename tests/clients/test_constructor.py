"""What happens when a client is constructed: it asks who it is, and may name its project."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from tests.clients.client import Client, ClientRaised, Driver
from tests.clients.releases import ASYNC, P0_1_40, P0_1_81, P0_1_118, P1_0_11, PYTHON, SYNC
from tests.clients.table import Use
from tests.running import Memoryd

# The first test of a release also makes its environment.
pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("kind", [SYNC, ASYNC])
@pytest.mark.parametrize("release", PYTHON)
def test_a_wrong_key_constructs_no_client(
    release: str, kind: str, drivers: Callable[[str], Driver], server: Memoryd
) -> None:
    """The client raises before anything is sent with the key; 0.1.40 has words of its own for it."""
    with pytest.raises(ClientRaised, match=r"Invalid API [Kk]ey") as raised:
        drivers(release).open(kind, {"api_key": "m0-wrong", "host": server.url})
    assert raised.value.kind == "ValueError"


@pytest.mark.parametrize("release", [P0_1_40, P0_1_81, P0_1_118, P1_0_11])
def test_a_client_may_name_its_project(
    release: str,
    drivers: Callable[[str], Driver],
    opened: Callable[[str, str], Client],
    server: Memoryd,
    alex: str,
) -> None:
    """The key's own project may be named; the project of somebody else constructs no client."""
    use = Use(opened(release, SYNC), server, alex)
    here = use.rest("GET", "/v1/ping/")
    address = {"api_key": server.key, "host": server.url}
    own = {"org_id": here["org_id"], "project_id": here["project_id"]}
    use.stored("Lives in Berlin")
    client = drivers(release).open(SYNC, address | own)
    found = client.call("search", "Berlin", user_id=alex)
    assert (found["results"] if isinstance(found, dict) else found)[0]["memory"] == "Lives in Berlin"
    with pytest.raises(ClientRaised) as raised:
        drivers(release).open(SYNC, address | own | {"project_id": str(uuid.uuid4())})
    assert raised.value.kind == "ValueError"


def test_a_client_may_name_its_project_by_name(
    drivers: Callable[[str], Driver], opened: Callable[[str, str], Client], server: Memoryd, alex: str
) -> None:
    """0.1.40 still takes the names of the organization and the project."""
    use = Use(opened(P0_1_40, SYNC), server, alex)
    here = use.rest("GET", "/v1/ping/")
    organization = use.rest("GET", f"/api/v1/orgs/organizations/{here['org_id']}/")
    path = f"/api/v1/orgs/organizations/{here['org_id']}/projects/{here['project_id']}/"
    names = {"organization": organization["name"], "project": use.rest("GET", path)["name"]}
    use.stored("Lives in Berlin")
    client = drivers(P0_1_40).open(SYNC, {"api_key": server.key, "host": server.url} | names)
    assert [each["memory"] for each in client.call("get_all", user_id=alex)] == ["Lives in Berlin"]
