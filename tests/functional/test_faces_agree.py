"""Both faces give the same results, make the same changes, and refuse in the same words."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass

from gateway.errors import HTTP_STATUS
from tests.functional.agreement import (
    Binding,
    Case,
    bindings,
    differences,
    filled,
    leaves,
    proto_fields,
    said_in,
)
from tests.functional.cases import CASES, SCHEMA
from tests.functional.faces import Refused, refusal_of
from tests.functional.ledgers import LedgerFile
from tests.property.isolation.answers import call_whole
from tests.property.isolation.methods import METHODS
from tests.running import Memoryd

NOBODY = "00000000-0000-4000-8000-000000000000"
UNFINISHED = {
    "EVENT_STATUS_PENDING",
    "EVENT_STATUS_RUNNING",
    "PROFILE_JOB_STATUS_PENDING",
    "PROFILE_JOB_STATUS_RUNNING",
}


class World(dict[str, str]):
    """What a case is about, made when it is first spoken of; nobody else's."""

    def __init__(self, faces: Faces) -> None:
        super().__init__(user=f"user-{uuid.uuid4().hex}", nobody=NOBODY)
        self._faces = faces

    def __missing__(self, name: str) -> str:
        """Makes the thing of this name."""
        getattr(self, f"_make_{name}")()
        return self[name]

    def _add(self, name: str, **more: Any) -> None:
        said = [{"role": "user", "content": f"Likes tea, {name}"}]
        fields = {"messages": said, "user_id": self["user"], "run_id": f"run-{self['user']}", "infer": False}
        made = self._faces.rpc("AddMemories", fields | more)
        self[name], self[f"{name}_event"] = made["results"][0]["id"], made["event_id"]

    def _make_memory(self) -> None:
        self._add("memory", metadata='{"cups": 2, "kinds": ["green", "black"], "id": 1234567890123456789}')

    def _make_memory_event(self) -> None:
        self._make_memory()

    def _make_failed(self) -> None:
        self._add("unlucky")
        ledger = LedgerFile(self._faces._memoryd.data_dir)
        failed = "UPDATE requests SET status = 'FAILED', reason = 'TEST' WHERE id = ?"
        ledger.run(failed, self["unlucky_event"])
        self["failed"] = self["unlucky_event"]

    def _make_other(self) -> None:
        self._add("other")

    def _make_changed(self) -> None:
        self._add("changed")
        self._faces.rpc("UpdateMemory", {"memory_id": self["changed"], "text": "Likes coffee"})

    def _make_plan(self) -> None:
        said = [{"role": "user", "content": "My name is Alex."}]
        fields = {"messages": said, "user_id": self["user"]}
        self["plan"] = self._faces.rpc("PreviewMemories", fields)["plan_id"]

    def _make_outdated(self) -> None:
        self._make_plan()
        self["outdated"] = self["plan"]
        self._make_memory()

    def _make_fixed(self) -> None:
        self._add("fixed", immutable=True)

    def _make_run(self) -> None:
        self._add("in_run")
        self["run"] = f"run-{self['user']}"

    def _make_export(self) -> None:
        self["export"] = self._faces.rpc("CreateExport", {"schema": SCHEMA, "user_id": self["user"]})["id"]
        while self._faces.rpc("GetExport", {"memory_export_id": self["export"]})["status"] in UNFINISHED:
            time.sleep(0.02)

    def _make_profiled(self) -> None:
        self["profiled"] = f"profiled-{self['user']}"
        self._add("in_profile", user_id=self["profiled"])
        self._faces.rpc("UpdateProfileSettings", {"enabled": True})
        asked = {"operation": "trigger", "entity_id": self["profiled"]}
        asked["idempotency_key"] = f"key-{self['user']}"
        made = self._faces.rpc("CreateProfileJob", asked)
        self["job"] = made["job_id"]
        while self._faces.rpc("GetProfileJob", {"job_id": self["job"]})["job"]["status"] in UNFINISHED:
            time.sleep(0.02)

    def _make_job(self) -> None:
        self._make_profiled()

    def _make_org(self) -> None:
        made = self._faces.rpc("CreateOrganization", {"name": f"org-{self['user']}"})
        self["org"] = made["organization"]["org_id"]

    def _make_project(self) -> None:
        made = self._faces.rpc("CreateProject", {"org_id": self["org"], "name": f"project-{self['user']}"})
        self["project"] = made["project"]["project_id"]

    def _make_member(self) -> None:
        self["member"] = "ann@example.test"
        self._faces.rpc("AddOrganizationMember", {"org_id": self["org"], "email": self["member"]})

    def _make_colleague(self) -> None:
        self["colleague"] = "bob@example.test"
        group = {"org_id": self["org"], "project_id": self["project"]}
        self._faces.rpc("AddProjectMember", {**group, "email": self["colleague"]})

    def _make_webhook(self) -> None:
        fields = {"project_id": self["project"], "name": "w", "url": "https://example.test/"}
        self["webhook"] = self._faces.rpc("CreateWebhook", fields)["webhook"]["webhook_id"]


class Faces:
    """Both faces of a memoryd."""

    def __init__(self, memoryd: Memoryd, channel: grpc.Channel, client: httpx.Client) -> None:
        self._memoryd = memoryd
        self._channel = channel
        self._client = client

    def rpc(self, name: str, fields: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
        """The answer of a method as a dictionary."""
        method = METHODS[name]
        request = GetMessageClass(method.input_type)(**proto_fields(fields))
        metadata = (("authorization", f"Token {key or self._memoryd.key}"),)
        message = call_whole(self._channel, method, request, metadata, 30)
        answer: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
        return answer

    def refusal(self, name: str, fields: Mapping[str, Any], key: str | None = None) -> tuple[int, Refused]:
        """The HTTP status of a method's error, and the error."""
        with pytest.raises(grpc.RpcError) as caught:
            self.rpc(name, fields, key)
        refused = refusal_of(caught.value)
        return HTTP_STATUS[grpc.StatusCode[refused.status]], refused

    def rest(self, binding: Binding, fields: Mapping[str, Any], key: str | None = None) -> httpx.Response:
        """The answer of a route."""
        path, body, query = binding.request(fields)
        headers = {"Authorization": f"Token {key or self._memoryd.key}"}
        return self._client.request(binding.verb, path, json=body, params=query, headers=headers)


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faces]:
    """A memoryd that needs no model."""
    with (
        Memoryd(tmp_path_factory.mktemp("faces"), {"MEMORYD_REASONER": "rules"}) as memoryd,
        grpc.insecure_channel(f"127.0.0.1:{memoryd.grpc_port}") as channel,
        httpx.Client(base_url=memoryd.url, timeout=30) as client,
    ):
        yield Faces(memoryd, channel, client)


EACH = [
    pytest.param(case, binding, id=f"{case.label}-{binding.verb}{binding.path}")
    for case in CASES
    for binding in case.bindings()
]


@pytest.mark.parametrize(("case", "binding"), EACH)
def test_faces_agree(faces: Faces, case: Case, binding: Binding) -> None:
    """What gRPC answers, REST answers, each in a world of its own."""
    one, other = World(faces), World(faces)
    asked, spelled = filled(case.fields, one), _spelled(case, other)
    if case.code != "OK":
        _refuse_alike(faces, case.method, asked, binding, spelled)
        return
    told, shown = faces.rpc(case.method, asked), faces.rest(binding, spelled)
    assert shown.status_code in {200, 201}, shown.text
    if case.quiet:
        assert shown.json().keys() <= {"message", "count"}
    else:
        assert differences(leaves(told, one), leaves(said_in(shown), other), case.more) == {}


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ({"memory": "a"}, {"memory": "b"}),
        ({"memory": "a"}, {}),
        ({}, {"memory": "a"}),
        ({"results": [{"memory": "a"}, {"memory": "b"}]}, [{"memory": "b"}, {"memory": "a"}]),
        ({"metadata": '{"a": 1}'}, {"metadata": {"a": 2}}),
        ({"categories": ["a"]}, {"categories": None}),
        ({"count": "2"}, {"count": 3}),
    ],
)
def test_a_difference_is_noticed(told: Any, shown: Any) -> None:
    """The comparison sees other values, missing names, new names, and another order."""
    assert differences(leaves(told, {}), leaves(shown, {}), ())
    assert not differences(leaves(told, {}), leaves(told, {}), ())


PLAIN = {case.method: case for case in reversed(CASES) if case.code == "OK"}


@pytest.mark.parametrize("method", METHODS)
def test_no_method_is_missing(method: str) -> None:
    """Every method of every service, and every path to it, stands in the table with a success."""
    paths = {binding.path for binding in bindings(METHODS[method])}
    successes = [case for case in CASES if (case.method, case.code) == (method, "OK")]
    shown = {binding.path for case in successes for binding in case.bindings()}
    assert shown == paths


@pytest.mark.parametrize("method", PLAIN)
def test_keys_and_projects_are_refused_alike(faces: Faces, method: str) -> None:
    """A wrong key, somebody else's project, and a malformed one are refused in the same words."""
    case = PLAIN[method]
    world = World(faces)
    asked = filled(case.fields, world)
    for binding in case.bindings():
        spelled = _spelled(case, world)
        _refuse_alike(faces, method, asked, binding, spelled, "m0-a-key-that-is-nobodys")
        if "project_id" in METHODS[method].input_type.fields_by_name and "{project_id}" not in binding.path:
            for project in (NOBODY, "no-uuid"):
                more = {"project_id": project}
                _refuse_alike(faces, method, asked | more, binding, spelled | more)


def _refuse_alike(
    faces: Faces,
    method: str,
    asked: Mapping[str, Any],
    binding: Binding,
    spelled: Mapping[str, Any],
    key: str | None = None,
) -> None:
    status, refused = faces.refusal(method, asked, key)
    shown = faces.rest(binding, spelled, key)
    assert shown.status_code == status, shown.text
    body = shown.json()
    if refused.reason == "SCOPE_REQUIRED" and isinstance(body, list):
        assert body == [refused.text]
        return
    fields = tuple(violation["field"] for violation in body.get("violations", ()))
    assert (body["code"], body["error"], fields) == (refused.reason, refused.text, refused.fields)


def _spelled(case: Case, world: World) -> dict[str, Any]:
    fields = {**case.fields, **case.rest}
    spelled: dict[str, Any] = filled(
        {name: value for name, value in fields.items() if value is not None}, world
    )
    return spelled
