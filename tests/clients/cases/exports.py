"""Exports and summaries through the Python clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.clients.cases.memories import NOBODY, assert_raises
from tests.clients.client import ClientRaised
from tests.clients.releases import ASYNC, P0_1_81, P0_1_118, SYNC
from tests.clients.table import Use, case, eventually

SCHEMA: dict[str, Any] = {
    "title": "Person",
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def exported(ask: Callable[[], Any]) -> Any:
    """What the client reads, once the export is done."""
    return eventually(ask, lambda answer: answer.get("status") not in {"PENDING", "RUNNING"})


@case("create_memory_export", P0_1_81, kinds=[SYNC])
@case("create_memory_export", since=P0_1_118)
def create_memory_export(use: Use) -> None:
    """An export is asked for, and an id is what it is known by."""
    use.stored("Lives in Berlin")
    answer = use.call("create_memory_export", schema=SCHEMA, filters={"user_id": use.user})
    assert answer["id"]
    assert "export" in answer["message"].lower()


@case("get_memory_export", P0_1_81, kinds=[SYNC])
@case("get_memory_export", since=P0_1_118)
def get_memory_export(use: Use) -> None:
    """What comes back has the form that was asked for."""
    use.stored("Lives in Berlin")
    created = use.call("create_memory_export", schema=SCHEMA, filters={"user_id": use.user})
    by_id = exported(lambda: use.call("get_memory_export", memory_export_id=created["id"]))
    assert by_id == {"city": "Berlin"}
    assert use.call("get_memory_export", filters={"user_id": use.user}) == by_id
    assert_raises(use, 404, "No memory export request found", "get_memory_export", memory_export_id=NOBODY)


BROKEN = "in AsyncMemoryClient it raises an AttributeError of its own and sends nothing"


@case("create_memory_export", P0_1_81, kinds=[ASYNC], note=BROKEN)
@case("get_memory_export", P0_1_81, kinds=[ASYNC], note=BROKEN)
def exports_that_never_leave(use: Use) -> None:
    """0.1.81's asynchronous client calls a method of its own that is not there."""
    with pytest.raises(ClientRaised, match="_prepare_params") as raised:
        use.call("create_memory_export", schema=SCHEMA)
    assert raised.value.kind == "AttributeError"
    with pytest.raises(ClientRaised, match="_prepare_params"):
        use.call("get_memory_export", user_id=use.user)


@case("get_summary", since=P0_1_118)
def get_summary(use: Use) -> None:
    """What is known of a user, in short."""
    use.stored("Lives in Berlin", "Loves hiking")
    answer = use.call("get_summary", filters={"user_id": use.user})
    assert "Berlin" in answer["summary"]
