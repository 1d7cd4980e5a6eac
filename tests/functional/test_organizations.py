from __future__ import annotations

import uuid

import pytest

from service.memory.accounts import AccessRole
from tests.functional.administration import ORGANIZATIONS, Caller, an_address, id_of
from tests.functional.ledgers import LedgerFile
from tests.running import Memoryd


@pytest.fixture
def operator(memoryd: Memoryd) -> Caller:
    """The owner of the default project and its organization."""
    return Caller(memoryd, memoryd.key)


def test_create_and_show(operator: Caller) -> None:
    """A new organization belongs to the caller, who finds it by its id and in the list."""
    name = f"org {uuid.uuid4()}"
    made = operator.ok("POST", ORGANIZATIONS, {"name": name, "description": "Ours"})
    assert made["message"] == "Organization created successfully."
    shown = operator.ok("GET", f"{ORGANIZATIONS}{made['org_id']}/")
    assert shown == {key: value for key, value in made.items() if key != "message"}
    assert (shown["name"], shown["description"], shown["id"]) == (name, "Ours", shown["org_id"])
    assert [member["role"] for member in shown["members"]] == ["OWNER"]
    assert shown["org_id"] in [each["org_id"] for each in operator.ok("GET", ORGANIZATIONS)]


def test_names(operator: Caller) -> None:
    """A name is taken for its owner, and free for everybody else."""
    name = f"org {uuid.uuid4()}"
    operator.ok("POST", ORGANIZATIONS, {"name": name})
    assert operator.refused("POST", ORGANIZATIONS, {"name": name})[:2] == (409, "ALREADY_EXISTS")
    stranger = operator.with_key(operator.project(operator.organization()))
    stranger.ok("POST", ORGANIZATIONS, {"name": name})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": 1}, "name"),
        ({"name": "a", "description": "b\0"}, "description"),
    ],
)
def test_bad_names(operator: Caller, body: object, field: str) -> None:
    """What cannot be a name is 400 and names its field."""
    answer = operator.call("POST", ORGANIZATIONS, body)
    assert answer.status_code == 400
    assert field in [violation["field"] for violation in answer.json()["violations"]]


def test_strangers_see_nothing(operator: Caller) -> None:
    """Somebody else's organization is as if it were not there, whatever one asks of it."""
    theirs = operator.organization()
    stranger = operator.with_key(operator.project(operator.organization()), organization_wide=True)
    nowhere = f"{ORGANIZATIONS}{uuid.uuid4()}/"
    for verb, path, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("GET", "members/", None),
        ("POST", "members/", {"email": "a@example.com", "role": "OWNER"}),
        ("PUT", "members/", {"email": "a@example.com", "role": "OWNER"}),
        ("GET", "projects/", None),
        ("POST", "projects/", {"name": "mine"}),
    ):
        seen = {stranger.refused(verb, base + path, body) for base in (theirs, nowhere)}
        assert seen == {(404, "NOT_FOUND", "Organization not found")}, (verb, path)
    seen = {stranger.refused("DELETE", f"{base}members/", email="a@b.c") for base in (theirs, nowhere)}
    assert seen == {(404, "NOT_FOUND", "Organization not found")}
    assert theirs not in [f"{ORGANIZATIONS}{each['org_id']}/" for each in stranger.ok("GET", ORGANIZATIONS)]


def test_malformed_ids(operator: Caller) -> None:
    """An id that is no UUID is 400, in the contract's words."""
    assert operator.refused("GET", f"{ORGANIZATIONS}mine/") == (
        400,
        "INVALID_REQUEST",
        "org_id should be a valid UUID",
    )


def test_a_readers_key_makes_nothing(operator: Caller) -> None:
    """A reader's key makes no organization."""
    reader = operator.with_key(role=AccessRole.READER)
    assert reader.refused("POST", ORGANIZATIONS, {"name": "x"})[:2] == (403, "READ_ONLY_KEY")


def test_delete(operator: Caller, memoryd: Memoryd) -> None:
    """A deleted organization takes its projects, members and keys along."""
    organization = operator.organization()
    project = operator.project(organization)
    key = operator.with_key(project)
    operator.ok("POST", f"{organization}members/", {"email": an_address()})
    assert operator.adds("Has a dog", project_id=id_of(project)).status_code == 200

    deleted = operator.ok("DELETE", organization)
    assert deleted == {"message": "Organization deleted successfully!"}
    assert operator.refused("GET", organization)[0] == 404
    assert operator.refused("GET", project)[0] == 404
    assert key.ping().status_code == 401
    assert operator.adds("Hello", project_id=id_of(project)).status_code == 403
    ledger = LedgerFile(memoryd.data_dir)
    for table, column in (("organization_members", "organization_id"), ("api_keys", "organization_id")):
        assert not ledger.rows(f"SELECT 1 FROM {table} WHERE {column} = ?", id_of(organization))


def test_only_owners_delete(operator: Caller) -> None:
    """An organization's reader, and the owner of but one of its projects, cannot delete it."""
    organization = operator.organization()
    project = operator.project(organization)
    email = an_address()
    operator.ok("POST", f"{organization}members/", {"email": email, "role": "reader"})
    reader, owner_of_one = operator.with_key(email=email), operator.with_key(project)
    for caller in (reader, owner_of_one):
        assert caller.refused("DELETE", organization)[:2] == (403, "READ_ONLY_KEY")
    assert [member["username"] for member in reader.ok("GET", organization)["members"]][1:] == [email]
    assert owner_of_one.ok("GET", organization)["members"] == []
    assert owner_of_one.refused("GET", f"{organization}members/")[:2] == (403, "PERMISSION_DENIED")
