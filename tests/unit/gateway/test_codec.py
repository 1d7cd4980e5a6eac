from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from memoryd import exact_json
from memoryd.v1.memory_pb2 import Event, EventStatus, MemoryEvent
from memoryd.v1.memory_service_pb2 import AddMemoriesRequest, AddMemoriesResponse
from starlette.datastructures import QueryParams

from gateway.codec import add

texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.one_of(
    st.integers().filter(lambda number: number != 0),
    st.integers(10**18, 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=20,
)
objects = st.dictionaries(texts, values, max_size=5)


def write(value: Any) -> str:
    """JSON as some client writes it: decimals in full, everything else as Python's own library does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {write(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(write(item) for item in value) + "]"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def tokens(text: str) -> Any:
    """JSON as a value in which the order of keys and the spelling of numbers count."""
    return json.loads(
        text,
        object_pairs_hook=lambda pairs: ("object", pairs),
        parse_float=lambda literal: ("decimal", literal),
        parse_int=lambda literal: ("integer", literal),
    )


@given(objects)
def test_metadata_makes_the_round_trip(metadata: dict[str, Any]) -> None:
    """Whatever object a client sends comes back the same, token for token."""
    text = write(metadata)
    body = exact_json.loads(f'{{"messages": "hi", "metadata": {text}}}')
    assert isinstance(body, dict)
    decoded = add.decode(body, QueryParams(""))
    assert not decoded.violations
    wire = AddMemoriesRequest.FromString(decoded.request.SerializeToString())
    answer = AddMemoriesResponse(
        status=EventStatus.EVENT_STATUS_SUCCEEDED,
        results=[MemoryEvent(event=Event.EVENT_ADD, metadata=wire.metadata)],
    )
    ((_, item),) = tokens(add.encode(answer, "v1.0").decode())
    assert dict(item)["metadata"] == tokens(text)


@given(
    st.dictionaries(st.sampled_from([field.name for field in AddMemoriesRequest.DESCRIPTOR.fields]), values)
)
def test_no_body_breaks_the_codec(body: dict[str, Any]) -> None:
    """Any JSON under the names of the fields is either understood or named as a fault, never an exception."""
    parsed = exact_json.loads(write(body))
    assert isinstance(parsed, dict)
    decoded = add.decode(parsed, QueryParams(""))
    for violation in decoded.violations:
        assert violation.field.partition("[")[0].partition(".")[0] in body
        assert violation.description
