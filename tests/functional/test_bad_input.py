"""What is refused, on both faces: by the right status, all violations at once, and without a trace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
from memoryd.v1 import memory_pb2, memory_service_pb2

from tests.functional.faces import ADD, Face, Grpc, Refused, Rest, refusal_of
from tests.functional.ledgers import LedgerFile
from tests.running import Memoryd

NO_SCOPE = "At least one of the filters: agent_id, user_id, app_id, run_id is required!"
SAID = "I have a dog"


@pytest.fixture(autouse=True)
def _nothing_written(ledger: LedgerFile) -> Iterator[None]:
    """No bad request leaves a row, and none is an error of ours."""
    before = ledger.counts()
    yield
    assert ledger.counts() == before


def nested(levels: int) -> object:
    """An object that holds an object that holds..."""
    value: object = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("messages", "fields", "wrong"),
    [
        (SAID, {}, ["user_id"]),
        (SAID, {"user_id": ""}, ["user_id", "user_id"]),
        (SAID, {"user_id": " \t", "agent_id": "a"}, ["user_id"]),
        (SAID, {"user_id": "x" * 256}, ["user_id"]),
        (SAID, {"user_id": "ok", "run_id": "𝄞" * 256}, ["run_id"]),
        (SAID, {"user_id": "a\0b", "app_id": "a"}, ["user_id"]),
        (SAID, {"user_id": "ok", "agent_id": "line\nbreak"}, ["agent_id"]),
        ([], {"user_id": "ok"}, ["messages"]),
        ("", {"user_id": "ok"}, ["messages[0].content"]),
        (" \n ", {"user_id": "ok"}, ["messages[0].content"]),
        ("a\0b", {"user_id": "ok"}, ["messages[0].content"]),
        ([{"role": "user"}], {"user_id": "ok"}, ["messages[0].content"]),
        ([{"content": "Hi"}], {"user_id": "ok"}, ["messages[0].role"]),
        ([{"role": "robot", "content": "Hi"}], {"user_id": "ok"}, ["messages[0].role"]),
        ([{"role": "USER", "content": "Hi"}], {"user_id": "ok"}, ["messages[0].role"]),
        ([{"role": "user", "content": "Hi", "name": "x" * 256}], {"user_id": "ok"}, ["messages[0].name"]),
        ([{"role": "user", "content": "Hi"}] * 1001, {"user_id": "ok"}, ["messages"]),
        (SAID, {"user_id": "ok", "includes": ""}, ["includes"]),
        (SAID, {"user_id": "ok", "excludes": " "}, ["excludes"]),
        (SAID, {"user_id": "ok", "includes": "x" * 10_001}, ["includes"]),
        (SAID, {"user_id": "ok", "custom_instructions": "a\0b"}, ["custom_instructions"]),
        (SAID, {"user_id": "ok", "output_format": "v9"}, ["output_format"]),
        (SAID, {"user_id": "ok", "output_format": ""}, ["output_format"]),
        (SAID, {"user_id": "ok", "version": "v3"}, ["version"]),
        (SAID, {"user_id": "ok", "expiration_date": "tomorrow"}, ["expiration_date"]),
        (SAID, {"user_id": "ok", "expiration_date": "2031-02-30"}, ["expiration_date"]),
        (SAID, {"user_id": "ok", "expiration_date": "2031-2-3"}, ["expiration_date"]),
        (SAID, {"user_id": "ok", "timestamp": 2**62}, ["timestamp"]),
        (SAID, {"user_id": "ok", "timestamp": -(2**62)}, ["timestamp"]),
        (SAID, {"user_id": "ok", "custom_categories": {"": "x"}}, ["custom_categories"]),
        (SAID, {"user_id": "ok", "custom_categories": {"x" * 101: "x"}}, ["custom_categories"]),
        (
            SAID,
            {"user_id": "ok", "custom_categories": {f"c{n}": "" for n in range(101)}},
            ["custom_categories"],
        ),
        (SAID, {"user_id": "ok", "metadata": {str(n): n for n in range(10_000)}}, ["metadata"]),
        (SAID, {"user_id": "ok", "metadata": {"a": [{str(n): n for n in range(1000)}]}}, ["metadata"]),
        (SAID, {"user_id": "ok", "metadata": {"a": "x" * 65_536}}, ["metadata"]),
        (SAID, {"user_id": "ok", "metadata": {"a": ["\0"]}}, ["metadata"]),
        (SAID, {"user_id": "ok", "metadata": {"\0": 1}}, ["metadata"]),
        (SAID, {"user_id": "ok", "org_id": "not-a-uuid"}, ["org_id"]),
        (SAID, {"user_id": "ok", "project_id": ""}, ["project_id"]),
        (SAID, {"user_id": "ok", "project_name": "a\0b"}, ["project_name"]),
    ],
)
def test_refused_on_both_faces(
    face: Face, messages: object, fields: dict[str, object], wrong: list[str]
) -> None:
    """A broken rule is INVALID_ARGUMENT or 400 and names its field."""
    refused = face.refused(messages, **fields)
    assert (refused.status, refused.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert sorted(refused.fields) == sorted(wrong)
    assert "ok" not in refused.text.split()


def test_no_scope_to_the_letter(face: Face) -> None:
    """Clients look for this text."""
    assert face.refused(SAID).text == NO_SCOPE


def test_all_violations_at_once(face: Face) -> None:
    """One answer names everything that is wrong."""
    messages = [
        {"role": "robot", "content": ""},
        {"role": "user", "content": "Hi"},
        {"role": "x", "content": "y"},
    ]
    wrong = {
        "includes": "",
        "output_format": "v7",
        "org_id": "x",
        "expiration_date": "x",
        "metadata": {"a": "\0"},
    }
    refused = face.refused(messages, **wrong)
    assert set(refused.fields) == {
        "user_id",
        "messages[0].role",
        "messages[0].content",
        "messages[2].role",
        *wrong,
    }


def test_very_many_violations(face: Face) -> None:
    """However much is wrong, the error that arrives is ours."""
    for _ in range(20):  # gRPC drops what is too large by chance
        refused = face.refused([{"role": "nobody", "content": ""}] * 1000, user_id="u")
        assert (refused.status, refused.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
        assert refused.fields[:3] == ("messages[0].role", "messages[0].content", "messages[1].role")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"messages": 7}, ["messages"]),
        ({"messages": None}, ["messages"]),
        ({"messages": ["Hi"]}, ["messages[0]"]),
        (
            {"messages": [None, {"role": 1, "content": 2}]},
            ["messages[0]", "messages[1].content", "messages[1].role"],
        ),
        ({"messages": [{"role": "user", "content": {}}]}, ["messages[0].content.type"]),
        ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, ["messages[0].content[0].type"]),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, ["messages[0].content[0].text"]),
        ({"messages": [{"role": "user", "content": []}]}, ["messages[0].content"]),
        ({"user_id": 7}, ["user_id"]),
        ({"user_id": ["a"]}, ["user_id"]),
        ({"metadata": [1]}, ["metadata"]),
        ({"metadata": "{}"}, ["metadata"]),
        ({"infer": "false"}, ["infer"]),
        ({"infer": 0}, ["infer"]),
        ({"immutable": "yes", "async_mode": 1}, ["async_mode", "immutable"]),
        ({"timestamp": "now"}, ["timestamp"]),
        ({"timestamp": 1.5}, ["timestamp"]),
        ({"timestamp": 2**64}, ["timestamp"]),
        ({"includes": ["food"]}, ["includes"]),
        ({"custom_categories": ["cooking"]}, ["custom_categories[0]"]),
        ({"custom_categories": "cooking"}, ["custom_categories"]),
        ({"custom_categories": {"a": 1}}, ["custom_categories"]),
        ({"org_id": 1, "output_format": 2}, ["org_id", "output_format"]),
        ({"structured_data_schema": []}, ["structured_data_schema"]),
    ],
)
def test_wrong_types(rest: Rest, fields: dict[str, object], wrong: list[str]) -> None:
    """A value of another JSON type is refused, never converted."""
    refused = refusal_by_rest(rest, json.dumps({"messages": SAID, "user_id": "u"} | fields).encode())
    assert (refused.status, refused.reason) == ("INVALID_ARGUMENT", "INVALID_REQUEST")
    assert sorted(refused.fields) == wrong


def test_types_and_rules_in_one_answer(rest: Rest) -> None:
    """What only the gateway sees and what only the service knows come together."""
    body = {
        "messages": [{"role": "robot", "content": 1}],
        "metadata": 1,
        "output_format": "v9",
        "includes": "",
    }
    refused = refusal_by_rest(rest, json.dumps(body).encode())
    assert set(refused.fields) == {
        "messages[0].content",
        "messages[0].role",
        "metadata",
        "output_format",
        "includes",
        "user_id",
    }


def test_bare_category_names_to_the_letter(rest: Rest) -> None:
    """Clients look for this text."""
    refused = refusal_by_rest(rest, b'{"messages": "Hi", "user_id": "u", "custom_categories": ["food"]}')
    assert refused.text == 'Expected a dictionary of items but got type "str"'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"messages": "Hi", "user_id": "u"} x',
        b'{"messages": "Hi", "user_id": "u", "metadata": {"a": NaN}}',
        b'{"messages": "Hi", "user_id": "u", "metadata": {"a": -Infinity}}',
        b'{"messages": "Hi", "user_id": "u", "metadata": {"a": 1e999}}',
        b'{"messages": "Hi", "user_id": "u", "user_id": "v"}',
        b'{"messages": "Hi", "user_id": "u", "metadata": {"a": 1, "a": 2}}',
        b'{"messages": "\\ud800", "user_id": "u"}',
        b'{"messages": "Hi", "user_id": "\\udfff"}',
        b'{"messages": "Hi", "user_id": "u", "metadata": {"\\ud83d": 1}}',
        b'{"messages": "\xff", "user_id": "u"}',
        b'{"messages": "Hi", "user_id": "u", "metadata": ' + json.dumps(nested(200)).encode() + b"}",
        b'{"messages": "Hi", "user_id": "u", "metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        '{"messages": "Hi", "user_id": "u"}'.encode("utf-16"),
    ],
    ids=[
        "empty",
        "cut off",
        "array",
        "string",
        "null",
        "trailing text",
        "NaN",
        "-Infinity",
        "beyond doubles",
        "same key twice",
        "same key twice inside",
        "lone surrogate in a text",
        "lone surrogate in an id",
        "lone surrogate in a key",
        "not UTF-8",
        "200 levels",
        "100,000 levels",
        "UTF-16",
    ],
)
def test_malformed_json(rest: Rest, body: bytes) -> None:
    """What is no JSON object, or cannot be kept exactly, is 400 before anything else is looked at."""
    refused = refusal_by_rest(rest, body)
    assert (refused.status, refused.reason, refused.fields) == (
        "INVALID_ARGUMENT",
        "MALFORMED_JSON",
        ("body",),
    )


@pytest.mark.parametrize(
    "metadata",
    [
        "{",
        "[]",
        "1",
        '{"a": NaN}',
        '{"a": 1, "a": 2}',
        '{"a": "\\ud800"}',
        json.dumps(nested(200)),
        "{" * 10_000,
    ],
)
def test_malformed_metadata_over_grpc(rpc: Grpc, metadata: str) -> None:
    """Metadata is JSON text over gRPC, and held to the same."""
    request = memory_service_pb2.AddMemoriesRequest(
        messages=[memory_pb2.Message(role="user", content=SAID)], user_id="u", metadata=metadata
    )
    refused = rpc.refusal(request)
    assert (refused.status, refused.fields) == ("INVALID_ARGUMENT", ("metadata",))


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        (memory_pb2.Message(role="user", parts=[memory_pb2.ContentPart()]), "messages[0].parts[0]"),
        (
            memory_pb2.Message(role="user", content="a", parts=[memory_pb2.ContentPart(text="b")]),
            "messages[0].content",
        ),
    ],
    ids=["a part of no kind", "content beside parts"],
)
def test_parts_over_grpc(rpc: Grpc, message: memory_pb2.Message, wrong: str) -> None:
    """What could not all be kept is refused."""
    refused = rpc.refusal(memory_service_pb2.AddMemoriesRequest(messages=[message], user_id="u"))
    assert (refused.status, refused.fields) == ("INVALID_ARGUMENT", (wrong,))


def test_a_body_too_large(rest: Rest) -> None:
    """5 MiB are 413, declared or chunked."""
    body = json.dumps({"messages": "x" * (5 << 20), "user_id": "u"}).encode()
    for content in (body, (body[start : start + 65_536] for start in range(0, len(body), 65_536))):
        answer = httpx.post(
            f"{rest.memoryd.url}/v1/memories/",
            content=content,
            headers={"Authorization": f"Token {rest.memoryd.key}"},
            timeout=30,
        )
        assert answer.status_code == 413, answer.text
        assert answer.json()["code"] == "REQUEST_TOO_LARGE"


def test_a_message_too_large_over_grpc(rpc: Grpc) -> None:
    """More than the service reads is RESOURCE_EXHAUSTED."""
    message = memory_pb2.Message(role="user", content="x" * (9 << 20))
    refused = rpc.refusal(memory_service_pb2.AddMemoriesRequest(messages=[message], user_id="u"))
    assert refused.status == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x0a\x03\x0a\x01\xff", b"\x12\x01\xed"])
def test_bytes_that_are_no_request(memoryd: Memoryd, channel: grpc.Channel, content: bytes) -> None:
    """Bytes that are no proto, or hold no UTF-8, are the caller's fault."""
    method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(ADD)
    with pytest.raises(grpc.RpcError) as caught:
        method(content, metadata=memoryd.metadata, timeout=10)
    assert refusal_of(caught.value).status == "INVALID_ARGUMENT"


@pytest.mark.parametrize("name", ["Authorization", "X-Request-Id", "Mem0-User-ID", "User-Agent"])
def test_header_values_beyond_ascii(memoryd: Memoryd, name: str) -> None:
    """A header that gRPC could not carry is never an error of ours: as a key it is a wrong one."""
    headers = {"Authorization": f"Token {memoryd.key}"} | {name: "Token schlüssel"}
    encoded = [(key.encode(), value.encode()) for key, value in headers.items()]
    answer = httpx.get(f"{memoryd.url}/v1/ping/", headers=encoded)
    assert answer.status_code == (401 if name == "Authorization" else 200)
    assert answer.headers["x-request-id"].isascii()


@pytest.mark.parametrize("seconds", [0, 0.2])
def test_no_time_left(rpc: Grpc, seconds: float) -> None:
    """A deadline that has passed, or is too near to be kept, is DEADLINE_EXCEEDED, and nothing is begun."""
    message = memory_pb2.Message(role="user", content=SAID)
    request = memory_service_pb2.AddMemoriesRequest(messages=[message], user_id="u")
    assert rpc.refusal(request, timeout=seconds).status == "DEADLINE_EXCEEDED"


def test_the_key_comes_first(rest: Rest) -> None:
    """Whoever has no key learns nothing about a request, however wrong it is."""
    for body in (b"{", b"{}", json.dumps({"messages": 1}).encode()):
        answer = rest.memoryd.post(body, headers={"Authorization": "Token wrong"})
        assert answer.status_code == 401
        assert "violations" not in answer.json()


def test_unknown_paths_and_methods(memoryd: Memoryd) -> None:
    """The router's refusals look like all others."""
    headers = {"Authorization": f"Token {memoryd.key}"}
    for method, path, status in (("GET", "/nothing", 404), ("PATCH", "/v1/memories/", 405)):
        answer = httpx.request(method, memoryd.url + path, headers=headers)
        body: dict[str, Any] = answer.json()
        assert answer.status_code == status
        assert {"error", "detail", "code", "request_id"} <= body.keys()


def refusal_by_rest(rest: Rest, body: bytes) -> Refused:
    """What a body in vain is told."""
    answer = rest.memoryd.post(body)
    told = answer.json()
    assert answer.status_code == 400, told
    assert told["error"] == told["detail"] == told["details"]["message"]
    fields = tuple(violation["field"] for violation in told["violations"])
    return Refused("INVALID_ARGUMENT", told["code"], told["error"], fields)
