"""Whatever is sent, to whatever route: an answer that the document describes, and never a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway import routing
from tests.running import Memoryd

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
QUICK = settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
DOCUMENT: dict[str, Any] = json.loads(routing.openapi())
OPERATIONS = [
    operation
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
    # It answers for as long as one listens.
    if (operation := cast("Any", found).ok()).path != "/v1/events/stream/"
]
LOCKED = [operation for operation in OPERATIONS if operation.definition.raw.get("security") != []]
WITH_BODY = [operation for operation in LOCKED if operation.body]


@pytest.fixture(scope="module")
def memoryd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd that needs no model."""
    with Memoryd(tmp_path_factory.mktemp("fuzz"), {"MEMORYD_REASONER": "rules"}) as running:
        yield running


def label(operation: Any) -> str:
    """An operation in the name of a test."""
    return str(operation.label)


@pytest.mark.parametrize("operation", OPERATIONS, ids=label)
def test_good_requests(memoryd: Memoryd, operation: Any) -> None:
    """A request that fits the document gets a documented answer and no fault."""
    check(memoryd, operation.as_strategy())


@pytest.mark.parametrize("operation", LOCKED, ids=label)
def test_bad_requests(memoryd: Memoryd, operation: Any) -> None:
    """So does one that breaks the document."""
    check(memoryd, operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))


@pytest.mark.parametrize("operation", LOCKED, ids=label)
def test_a_key_comes_first(memoryd: Memoryd, operation: Any) -> None:
    """Without a valid key nothing else is said of a request, whatever it holds."""
    authorizations = st.sampled_from(["", "Token m0-wrong", f"Basic {memoryd.key}", "Token \u00ff"])

    @QUICK
    @given(operation.as_strategy(), authorizations)
    def send(case: Any, authorization: str) -> None:
        answer = case.call(base_url=memoryd.url, headers={"Authorization": authorization})
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code == 401

    send()


def check(memoryd: Memoryd, cases: st.SearchStrategy[Any]) -> None:
    """Sends requests with a valid key."""

    @QUICK
    @given(cases)
    def send(case: Any) -> None:
        headers = {"Authorization": f"Token {memoryd.key}"}
        case.call_and_validate(base_url=memoryd.url, headers=headers, checks=CHECKS)

    send()


@pytest.mark.parametrize("operation", WITH_BODY, ids=label)
def test_any_bytes(memoryd: Memoryd, operation: Any) -> None:
    """A body of any bytes is answered with JSON that has a `detail`, and never with a fault."""
    path = operation.path.replace("{", "").replace("}", "")
    headers = {"Authorization": f"Token {memoryd.key}"}

    @QUICK
    @given(st.binary() | BROKEN)
    def send(body: bytes) -> None:
        answer = client.request(operation.method.upper(), path, content=body)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            said = answer.json()
            assert said[0] if isinstance(said, list) else said["detail"]

    with httpx.Client(base_url=memoryd.url, headers=headers, timeout=30) as client:
        send()


BROKEN = st.sampled_from(
    [
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b'{"a":1,"a":2}',
        b'{"user_id":NaN}',
        b'{"user_id":"\\ud800"}',
        b'{"user_id":"\\u0000","memory_id":"\\u0000","memories":[null],"memory_ids":{},"filters":[]}',
        b'{"messages":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"page":1e400,"page_size":-1,"top_k":99999999999999999999,"threshold":"x","filters":{"AND":7}}',
        '{"text":"\ufeff"}'.encode("utf-16"),
        b"\xff\xfe",
        # A decimal number where something else is wanted.
        b'{"fields":[1.5],"categories":[1.5],"memories":[1.5],"messages":1.5,"filters":1.5,"timestamp":[1.5]}',
    ]
)
"""What broke somebody else."""
