"""Who may do what: every RPC and every route, with and without a key, and which project a key may choose."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import httpx
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from gateway import routing
from service.memory.accounts import new_secret
from tests.functional.conftest import Model
from tests.functional.faces import Rest, refusal_of
from tests.functional.ledgers import LedgerFile
from tests.running import Memoryd, environment
from tests.scripted_openai import add, plan

OPEN_SERVICES = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
OPEN_ROUTES = {"/healthz", "/readyz", "/openapi.json", "/docs"}


def keys(memoryd: Memoryd, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`memoryd keys ...` beside a running memoryd."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("memoryd")), "keys", *arguments],
        env=environment(memoryd.data_dir, {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(frozen=True)
class Keys:
    """Keys made by the command line while memoryd serves."""

    reader: str
    organization_wide: str
    revoked: str


@dataclass(frozen=True)
class Places:
    """Organizations and projects: the key's own, another project beside it, and somebody else's."""

    own_organization: str
    own: str
    sibling: str
    foreign_organization: str
    foreign: str


@pytest.fixture(scope="module")
def made(memoryd: Memoryd) -> Keys:
    """One key of each kind."""
    reader = keys(memoryd, "create", "--role", "reader", "--name", "dashboard")
    wide = keys(memoryd, "create", "--organization-wide")
    revoked = keys(memoryd, "create")
    assert (reader.returncode, wide.returncode, revoked.returncode) == (0, 0, 0), reader.stderr
    secret = revoked.stdout.strip()
    assert ping(memoryd, f"Token {secret}").status_code == 200
    [key_id] = re.findall(r"id ([0-9a-f-]{36})", revoked.stderr)
    assert keys(memoryd, "revoke", key_id).returncode == 0
    return Keys(reader.stdout.strip(), wide.stdout.strip(), secret)


@pytest.fixture(scope="module")
def places(memoryd: Memoryd) -> Places:
    """A second project in the key's organization, and one of another organization."""
    ledger = LedgerFile(memoryd.data_dir)
    own = httpx.get(f"{memoryd.url}/v1/ping/", headers={"Authorization": f"Token {memoryd.key}"}).json()
    sibling, organization, foreign = (str(uuid.uuid4()) for _ in range(3))
    ledger.run("INSERT INTO organizations (id, name, created_at) VALUES (?, 'rivals', 1)", organization)
    for project, owner, name in ((sibling, own["org_id"], "second"), (foreign, organization, "theirs")):
        ledger.run(
            "INSERT INTO projects (id, organization_id, name, created_at) VALUES (?, ?, ?, 1)",
            project,
            owner,
            name,
        )
    return Places(own["org_id"], own["project_id"], sibling, organization, foreign)


def ping(memoryd: Memoryd, authorization: str | None, **query: str) -> httpx.Response:
    """GET /v1/ping/."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return httpx.get(f"{memoryd.url}/v1/ping/", headers=headers, params=query)


@pytest.fixture(params=["no key", "wrong key", "revoked key", "other scheme", "scheme only"])
def authorization(request: pytest.FixtureRequest, memoryd: Memoryd, made: Keys) -> str | None:
    """An Authorization value that is not good enough."""
    return {
        "no key": None,
        "wrong key": f"Token {new_secret()}",
        "revoked key": f"Token {made.revoked}",
        "other scheme": f"Basic {memoryd.key}",
        "scheme only": "Token",
    }[request.param]


def methods(channel: grpc.Channel) -> Iterator[str]:
    """The full name of every RPC that the server reflects and that is not open to all."""
    database = ProtoReflectionDescriptorDatabase(channel)
    pool = DescriptorPool(database)
    for service in database.get_services():
        if service not in OPEN_SERVICES:
            for method in pool.FindServiceByName(service).methods:
                yield f"/{service}/{method.name}"


def test_every_rpc_needs_a_key(channel: grpc.Channel, authorization: str | None) -> None:
    """Whatever RPC the server has: without a valid key it is UNAUTHENTICATED, and its request is not read."""
    metadata = () if authorization is None else (("authorization", authorization),)
    found = list(methods(channel))
    assert "/memoryd.v1.MemoryService/AddMemories" in found
    for name in found:
        method: grpc.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(name)
        with pytest.raises(grpc.RpcError) as caught:
            list(method(b"\xff\xff", metadata=metadata, timeout=10))
        refused = refusal_of(caught.value)
        assert (refused.status, refused.reason) == ("UNAUTHENTICATED", "INVALID_API_KEY"), name
        assert "Invalid API key" in refused.text


def _fitting(parameter: re.Match[str]) -> str:
    """A value for a parameter of a path: a kind of entity, or an id."""
    return "user" if parameter[1].endswith("type") else str(uuid.uuid4())


@pytest.fixture(scope="module")
def routes() -> list[tuple[str, str]]:
    """The verb and path of every route of the gateway that is not open to all."""
    return [
        (verb, re.sub(r"\{(\w+)[^}]*\}", _fitting, path))
        for verb, path in routing.paths()
        if path not in OPEN_ROUTES
    ]


def test_every_route_needs_a_key(
    memoryd: Memoryd, routes: list[tuple[str, str]], authorization: str | None
) -> None:
    """Whatever route the gateway has: without a valid key it is 401, in JSON."""
    assert ("POST", "/v1/memories/") in routes
    headers = {} if authorization is None else {"Authorization": authorization}
    for verb, path in routes:
        answer = httpx.request(verb, memoryd.url + path, headers=headers, content=b"{}")
        assert answer.status_code == 401, (verb, path)
        assert answer.headers["www-authenticate"] == "Token"
        assert "Invalid API key" in answer.json()["detail"]


def test_open_to_all(memoryd: Memoryd, channel: grpc.Channel) -> None:
    """Health, reflection and the documentation need no key."""
    for path in sorted(OPEN_ROUTES):
        assert httpx.get(memoryd.url + path).status_code == 200, path
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    for service in ("", "live", "memoryd.v1.MemoryService"):
        answer = check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("scheme", ["Token", "token", "TOKEN", "Bearer", "bearer", "Token  "])
def test_schemes(memoryd: Memoryd, scheme: str) -> None:
    """Both schemes, in any case, on both faces."""
    assert ping(memoryd, f"{scheme} {memoryd.key}").json()["status"] == "ok"


def test_two_keys(memoryd: Memoryd, channel: grpc.Channel) -> None:
    """Of two keys neither counts, though one is good."""
    method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
        "/memoryd.v1.AccountService/Ping"
    )
    for other in ("Token wrong", f"Token {memoryd.key}"):
        with pytest.raises(grpc.RpcError) as caught:
            method(b"", metadata=(*memoryd.metadata, ("authorization", other)), timeout=10)
        assert refusal_of(caught.value).status == "UNAUTHENTICATED"


def test_own_ids_and_names(memoryd: Memoryd, places: Places) -> None:
    """The key's own organization and project may be named, by id in any case and by name."""
    for query in (
        {"org_id": places.own_organization},
        {"org_id": places.own_organization.upper(), "project_id": places.own.upper()},
        {"project_id": places.own},
        {"org_name": "default", "project_name": "default"},
        {"org_name": "default"},
    ):
        answer = ping(memoryd, f"Token {memoryd.key}", **query)
        assert answer.status_code == 200, (query, answer.text)
        assert answer.json()["project_id"] == places.own


@pytest.mark.parametrize("wide", [False, True], ids=["key of a project", "key of an organization"])
def test_foreign_ids_and_names(memoryd: Memoryd, made: Keys, places: Places, wide: bool) -> None:
    """What is somebody else's, or nobody's, is 403 for every key, and the two look alike."""
    key = made.organization_wide if wide else memoryd.key
    texts = set()
    for query in (
        {"org_id": places.foreign_organization},
        {"project_id": places.foreign},
        {"org_id": places.own_organization, "project_id": places.foreign},
        {"org_id": places.foreign_organization, "project_id": places.own},
        {"project_name": "theirs"},
        {"org_name": "rivals"},
        {"project_id": str(uuid.uuid4())},
        {"org_name": "nobody's"},
    ):
        answer = ping(memoryd, f"Token {key}", **query)
        assert (answer.status_code, answer.json()["code"]) == (403, "PERMISSION_DENIED"), query
        texts.add(answer.json()["error"])
    assert len(texts) == 1


def test_sibling_project(memoryd: Memoryd, made: Keys, places: Places) -> None:
    """Another project of the organization is for keys of the whole organization only."""
    for query in ({"project_id": places.sibling}, {"project_name": "second"}):
        assert ping(memoryd, f"Token {memoryd.key}", **query).status_code == 403
        answer = ping(memoryd, f"Token {made.organization_wide}", **query)
        assert answer.json()["project_id"] == places.sibling


@pytest.mark.parametrize(
    "query",
    [
        {"org_id": "1"},
        {"project_id": "x" * 36},
        {"project_id": "{" + str(uuid.uuid4()) + "}"},
        {"org_id": ""},
    ],
)
def test_malformed_ids(memoryd: Memoryd, query: dict[str, str]) -> None:
    """An id that is no UUID is 400 and names its field."""
    answer = ping(memoryd, f"Token {memoryd.key}", **query)
    assert answer.status_code == 400, answer.text
    assert answer.json()["violations"][0]["field"] == next(iter(query))


def test_projects_share_nothing(
    memoryd: Memoryd, made: Keys, places: Places, model: Model, user: str
) -> None:
    """What is added to one project is not known in another, for the same user."""
    model.answers(plan([add("Has a dog", quote="a dog")]), plan(), plan())
    wide = Rest(replace(memoryd, key=made.organization_wide))
    wide.add("I have a dog", user_id=user, project_id=places.sibling)
    wide.add("Hello", user_id=user)
    assert model.known == []
    wide.add("Hello", user_id=user, project_name="second")
    assert model.known == ["Has a dog"]


def test_a_reader_may_not_write(memoryd: Memoryd, made: Keys, ledger: LedgerFile, user: str) -> None:
    """A reader's key can ask who it is, and add nothing."""
    assert ping(memoryd, f"Token {made.reader}").status_code == 200
    before = ledger.counts()
    refused = Rest(replace(memoryd, key=made.reader)).refused("I have a dog", user_id=user)
    assert (refused.status, refused.reason) == ("PERMISSION_DENIED", "READ_ONLY_KEY")
    assert ledger.counts() == before


def test_keys_are_nowhere_stored(memoryd: Memoryd, made: Keys) -> None:
    """No file of the data directory holds a key, and the list shows but its end."""
    listed = keys(memoryd, "list")
    assert listed.returncode == 0
    assert made.reader[-4:] in listed.stdout
    for secret in (made.reader, made.revoked, made.organization_wide, memoryd.key):
        assert secret not in listed.stdout + listed.stderr
        for path in memoryd.data_dir.rglob("*"):
            assert path.is_dir() or secret.encode() not in path.read_bytes(), path


def test_a_key_cannot_be_revoked_twice(memoryd: Memoryd) -> None:
    """Revoking what is not there is an error with exit code 2 and a message."""
    gone = keys(memoryd, "revoke", str(uuid.uuid4()))
    assert (gone.returncode, gone.stderr.strip()) == (2, "memoryd: there is no valid key with that id")


def test_revoked_is_revoked_at_once(memoryd: Memoryd) -> None:
    """However many calls read the key at the moment: who calls after it was revoked is refused."""
    created = keys(memoryd, "create", "--role", "reader")
    secret = created.stdout.strip()
    [key_id] = re.findall(r"id ([0-9a-f-]{36})", created.stderr)
    revoked = threading.Event()
    late: list[int] = []

    def call(_: int) -> None:
        with httpx.Client(base_url=memoryd.url, headers={"Authorization": f"Token {secret}"}) as client:
            while True:
                after = revoked.is_set()
                status = client.get("/v1/ping/").status_code
                if after:
                    late.append(status)
                    return

    with ThreadPoolExecutor(8) as threads:
        calls = threads.map(call, range(8))
        assert keys(memoryd, "revoke", key_id).returncode == 0
        revoked.set()
        list(calls)
    assert late == [401] * 8
