"""One request on both faces: the annotation says how REST spells it, and leaves say what came back."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from string import Template
from typing import Any
from urllib.parse import quote

import httpx
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor

from tests.property.isolation.methods import METHODS

JSON_FIELDS = {
    "metadata",
    "filters",
    "schema",
    "default_schema",
    "payload",
    "profile",
    "result",
    "settings",
    "structured_data_schema",
}
"""Fields of protos that hold JSON as text, and are JSON in REST."""

RENAMED = {
    "users": "total_users",
    "agents": "total_agents",
    "apps": "total_apps",
    "runs": "total_runs",
    "request_id": "event_id",
}
"""What gRPC and REST have called differently, gRPC's name first."""

ONE_SIDED = {
    # REST says more for old clients.
    "message",
    "name",
    "session_id",
    "next",
    "previous",
    # REST says less in a bare array or a bare value.
    "count",
    "has_next",
    "page",
    "page_size",
    "status",
    "id",
    "created_at",
    "updated_at",
    "event_id",
    # A worker may have begun on one side.
    "started_at",
}
"""Names that may stand on one side only."""

REPEATED = {"status", "event_id", "memory", "id", "created_at", "updated_at"}
"""Names whose values REST says more than once."""

UNEQUAL = {"latency", "cursor", "secret", "exports"}
"""Names whose values are never the same twice."""

UNSETTLED = {"PENDING", "RUNNING"}
"""How far a request has come that a worker may or may not have begun in the meantime."""

LOWERED = ("ENTITY_TYPE_", "PROFILE_STATUS_", "PROFILE_JOB_STATUS_")
"""Prefixes of names that REST says in lower case."""

PREFIXES = ("EVENT_STATUS_", "EVENT_", "FEEDBACK_", "MEMBER_ROLE_")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.?\d*(Z|\+00:00)")

Leaves = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Case:
    """A request that both faces must answer alike. `$name` in it is a thing of the test's own world."""

    method: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Of the proto; JSON as Python values."""
    code: str = "OK"
    rest: Mapping[str, Any] = field(default_factory=dict)
    """Fields that REST spells otherwise; None: leaves out."""
    path: str = ""
    """A pattern, where only some of the method's paths are meant."""
    more: frozenset[str] = frozenset()
    """Names that REST says and gRPC has no need to."""
    quiet: bool = False
    """REST says no more than that it is done."""

    @property
    def label(self) -> str:
        """The case in the name of a test."""
        return "-".join(filter(None, (self.method, *map(str, self.fields), self.code)))

    def bindings(self) -> list[Binding]:
        """The ways that are meant."""
        return [binding for binding in bindings(METHODS[self.method]) if re.search(self.path, binding.path)]


@dataclass(frozen=True)
class Binding:
    """A way to reach a method over REST."""

    verb: str
    path: str
    body: bool

    def request(self, fields: Mapping[str, Any]) -> tuple[str, Any, dict[str, Any]]:
        """The path, the body, and the query that say these fields."""
        names = set(re.findall(r"\{(\w+)\}", self.path))
        path = self.path.format_map({name: quote(str(fields[name]), safe="") for name in names})
        rest = {name: value for name, value in fields.items() if name not in names}
        if self.body:
            return path, rest, {}
        return path, None, {name: _in_query(value) for name, value in rest.items()}


def bindings(method: MethodDescriptor) -> Iterator[Binding]:
    """All ways to reach a method."""
    rule: Any = method.GetOptions().Extensions[annotations_pb2.http]
    for binding in (rule, *rule.additional_bindings):
        verb = binding.WhichOneof("pattern")
        yield Binding(verb.upper(), getattr(binding, verb), bool(binding.body))


def filled(value: Any, world: Mapping[str, str]) -> Any:
    """A value with the things of a world in it."""
    if isinstance(value, str):
        return Template(value).substitute(world) if "$" in value else value
    if isinstance(value, Mapping):
        return {name: filled(each, world) for name, each in value.items()}
    return [filled(each, world) for each in value] if isinstance(value, list) else value


def proto_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as a proto takes them."""
    return {
        name: json.dumps(value) if name in JSON_FIELDS and not isinstance(value, str) else value
        for name, value in fields.items()
    }


def leaves(answer: Any, world: Mapping[str, str]) -> Leaves:
    """What an answer says, by name and in order, in words that do not depend on its world."""
    found: dict[str, list[str]] = defaultdict(list)
    names = {value: f"<{name}>" for name, value in world.items()}
    for name, value in _leaves("", answer):
        if value not in (None, "", False, 0, "0") and name not in UNEQUAL:
            found[RENAMED.get(name, name)].append(_plain(str(value), names))
    return {name: list(dict.fromkeys(said)) if name in REPEATED else said for name, said in found.items()}


def said_in(answer: httpx.Response) -> Any:
    """What a success says: its JSON, or the JSON of its events, one after another."""
    if answer.headers["content-type"].startswith("text/event-stream"):
        lines = answer.text.splitlines()
        return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return answer.json()


def differences(told: Leaves, shown: Leaves, more: Collection[str]) -> dict[str, tuple[object, object]]:
    """Names of which two answers say different things, but for those that REST may say more of."""
    return {
        name: (told.get(name), shown.get(name))
        for name in {*told, *shown} - {name for name in more if name not in told}
        if not _alike(name, told.get(name), shown.get(name))
        and not (name in ONE_SIDED and (name in told) != (name in shown))
    }


def _alike(name: str, told: Sequence[str] | None, shown: Sequence[str] | None) -> bool:
    if name == "status" and told and shown and {*told, *shown} <= UNSETTLED:
        return True
    if name == "score" and told and shown and len(told) == len(shown):
        # Two calls add the same numbers up in another order.
        return all(isclose(float(a), float(b), abs_tol=1e-6) for a, b in zip(told, shown, strict=True))
    return told == shown


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if name in JSON_FIELDS and isinstance(value, str) and value:
        yield from _leaves("", json.loads(value))
    elif name == "custom_categories" and isinstance(value, list):
        for each in value:
            named = {each["name"]: each["description"]} if each.keys() == {"name", "description"} else each
            yield from _leaves("", named)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(key, each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(name, each)
    else:
        yield name, value


def _plain(text: str, names: Mapping[str, str]) -> str:
    for value, name in names.items():
        text = text.replace(value, name)
    text = TIME.sub("<time>", UUID.sub("<id>", text))
    if lowered := next((each for each in LOWERED if text.startswith(each)), ""):
        return text.removeprefix(lowered).lower()
    prefix = next((each for each in PREFIXES if text.startswith(each)), "")
    return text.removeprefix(prefix)


def _in_query(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, Mapping) else value
