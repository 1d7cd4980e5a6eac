from __future__ import annotations

import uuid

import pytest

from service.memory.accounts import AccessRole
from tests.functional.administration import Caller, an_address, id_of
from tests.running import Memoryd

READ_ONLY = (403, "READ_ONLY_KEY", "This API key may only read.")


@pytest.fixture
def owner(memoryd: Memoryd) -> Caller:
    """The owner of the default project and its organization."""
    return Caller(memoryd, memoryd.key)


@pytest.fixture
def organization(owner: Caller) -> str:
    """A fresh organization of the owner's."""
    return owner.organization()


@pytest.fixture
def project(owner: Caller, organization: str) -> str:
    """A fresh project in it."""
    return owner.project(organization)


@pytest.fixture(params=["organization", "project"])
def group(request: pytest.FixtureRequest, organization: str, project: str) -> str:
    """Either of the two things that have members."""
    return organization if request.param == "organization" else project


def roles(caller: Caller, group: str) -> dict[str, str]:
    """The members of a group and their roles."""
    members = caller.ok("GET", f"{group}members/")["members"]
    return {member["username"]: member["role"] for member in members}


def test_add_change_remove(owner: Caller, group: str) -> None:
    """Members come, change roles and go; addresses and roles may be written in any case."""
    email = an_address()
    [creator] = roles(owner, group)
    added = owner.ok("POST", f"{group}members/", {"email": email.upper(), "role": "Reader"})
    assert (added["username"], added["email"], added["role"]) == (email, email, "READER")
    assert roles(owner, group) == {creator: "OWNER", email: "READER"}
    changed = owner.ok("PUT", f"{group}members/", {"email": email, "role": "owner"})
    assert (changed["role"], changed["message"]) == ("OWNER", "User role updated successfully.")
    assert roles(owner, group)[email] == "OWNER"
    assert "message" in owner.ok("DELETE", f"{group}members/", email=email.title())
    assert roles(owner, group) == {creator: "OWNER"}


def test_twice_and_never(owner: Caller, group: str) -> None:
    """Adding a member again is 409; changing or removing somebody who is none is 404."""
    email, members = an_address(), f"{group}members/"
    owner.ok("POST", members, {"email": email, "role": "OWNER"})
    assert owner.refused("POST", members, {"email": email, "role": "READER"})[:2] == (409, "ALREADY_EXISTS")
    for answer in (
        owner.refused("PUT", members, {"email": an_address(), "role": "OWNER"}),
        owner.refused("DELETE", members, email=an_address()),
    ):
        assert answer == (404, "NOT_FOUND", "Member not found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "nobody"},
        {"email": "a b@example.com"},
        {"email": "\u212aate@example.com"},
        {"email": "a@b@c"},
        {"email": f"{'x' * 250}@example.com"},
        {"email": 5},
        {"email": "a@example.com", "role": "ADMIN"},
        {"email": "a@example.com", "role": 1},
    ],
)
def test_bad_members(owner: Caller, group: str, body: object) -> None:
    """What is no address or no role is 400 and names its field."""
    answer = owner.call("POST", f"{group}members/", body)
    assert answer.status_code == 400
    assert {violation["field"] for violation in answer.json()["violations"]} <= {"email", "role"}


def test_the_last_owner_stays(owner: Caller, group: str) -> None:
    """The last owner can neither leave nor become a reader; with a second one, either can."""
    [creator] = roles(owner, group)
    members, email = f"{group}members/", an_address()
    owner.ok("POST", members, {"email": email, "role": "READER"})
    for answer in (
        owner.refused("DELETE", members, email=creator),
        owner.refused("PUT", members, {"email": creator, "role": "READER"}),
    ):
        assert answer == (400, "INVALID_REQUEST", "The last owner must stay an owner.")
    owner.ok("PUT", members, {"email": creator, "role": "OWNER"})
    owner.ok("PUT", members, {"email": email, "role": "OWNER"})
    owner.ok("DELETE", members, email=creator)
    assert owner.refused("GET", members)[0] == 404


def test_a_member_reads_and_does_not_write(owner: Caller, group: str, project: str) -> None:
    """A reader sees the project and changes nothing in it, though its key could; an owner may."""
    email = an_address()
    person = owner.with_key(email=email)
    assert person.ping(project_id=id_of(project)).status_code == 403
    owner.ok("POST", f"{group}members/", {"email": email, "role": "READER"})

    assert person.ping(project_id=id_of(project)).json()["project_id"] == id_of(project)
    assert person.ok("GET", project)["project_id"] == id_of(project)
    answer = person.adds("Has a dog", project_id=id_of(project))
    assert (answer.status_code, answer.json()["code"]) == (403, "READ_ONLY_KEY")
    for verb, path, body in (
        ("PATCH", project, {"custom_instructions": "x"}),
        ("DELETE", project, None),
        ("POST", f"{project}members/", {"email": "a@example.com"}),
        ("PUT", f"{project}members/", {"email": email, "role": "OWNER"}),
        ("POST", f"/api/v1/webhooks/projects/{id_of(project)}/", {"url": "https://example.com"}),
    ):
        assert person.refused(verb, path, body) == READ_ONLY, (verb, path)
    assert person.refused("DELETE", f"{project}members/", email=email) == READ_ONLY

    owner.ok("PUT", f"{group}members/", {"email": email, "role": "OWNER"})
    assert person.adds("Has a dog", project_id=id_of(project)).status_code == 200
    owner.ok("DELETE", f"{group}members/", email=email)
    assert person.ping(project_id=id_of(project)).status_code == 403
    assert person.refused("GET", project)[0] == 404


def test_a_readers_key_of_an_owner(owner: Caller, project: str) -> None:
    """A key may never do more than it was made for, whoever owns it."""
    email = an_address()
    owner.ok("POST", f"{project}members/", {"email": email, "role": "OWNER"})
    key = owner.with_key(role=AccessRole.READER, email=email)
    assert key.ok("GET", project)
    assert key.refused("PATCH", project, {"description": "x"}) == READ_ONLY
    assert key.adds("Has a dog", project_id=id_of(project)).status_code == 403


def test_removal_closes_the_keys_own_project(owner: Caller, project: str) -> None:
    """A key made for a person opens its own project only while the person is a member there."""
    email = an_address()
    key = owner.with_key(project, email=email)
    assert roles(owner, project)[email] == "OWNER"
    assert key.adds("Has a dog").status_code == 200
    owner.ok("DELETE", f"{project}members/", email=email)
    assert key.ping().status_code == 403
    assert key.adds("Has a cat").status_code == 403
    # The operator can let the person in again.
    again = owner.with_key(project, AccessRole.READER, email=email)
    assert again.ping().status_code == 200
    assert key.adds("Has a cat").json()["code"] == "READ_ONLY_KEY"


def test_the_nearer_membership_counts(owner: Caller, organization: str, project: str) -> None:
    """What a member may do in a project, the project says before its organization does."""
    email, other = an_address(), owner.project(organization)
    owner.ok("POST", f"{organization}members/", {"email": email, "role": "OWNER"})
    owner.ok("POST", f"{project}members/", {"email": email, "role": "READER"})
    person = owner.with_key(email=email)
    assert person.adds("Has a dog", project_id=id_of(project)).status_code == 403
    assert person.adds("Has a dog", project_id=id_of(other)).status_code == 200
    owner.ok("DELETE", f"{organization}members/", email=email)
    for path in (project, other):
        assert person.refused("GET", path)[0] == 404


def test_a_machines_key_is_a_member_by_itself(owner: Caller, project: str) -> None:
    """A key without an address stands in the list under its id, and can be removed."""
    machine = owner.with_key(project, AccessRole.READER)
    [listed] = [
        member
        for member in owner.ok("GET", f"{project}members/")["members"]
        if (member["role"], member["email"]) == ("READER", None)
    ]
    uuid.UUID(listed["username"])
    assert machine.ping().status_code == 200
    owner.ok("DELETE", f"{project}members/", email=listed["username"])
    assert machine.ping().status_code == 403
