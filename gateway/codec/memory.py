"""A memory as JSON (contract section 5)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.v1.memory_pb2 import Memory
from simplejson import RawJSON

SCOPE_FIELDS = ("user_id", "agent_id", "app_id", "run_id")


def memory_object(memory: Memory, fields: Collection[str] = ()) -> dict[str, object]:
    """What stands for a memory in an answer, ready for `memoryd.exact_json.dumps`.

    Args:
        memory: the memory, with a score if it was searched for.
        fields: names to leave in; all when there are none.
    """
    given = {field.name: value for field, value in memory.ListFields()}
    whole: dict[str, object] = {
        "id": memory.id,
        "memory": memory.memory,
        **{name: given.get(name) for name in SCOPE_FIELDS},
        "session_id": given.get("run_id"),
        "hash": memory.hash,
        "metadata": raw_object(memory.metadata),
        "categories": list(memory.categories) or None,
        "immutable": memory.immutable,
        "expiration_date": memory.expiration_date or None,
        "created_at": rfc3339(memory.created_at),
        "updated_at": rfc3339(memory.updated_at),
    }
    if memory.HasField("superseded"):
        whole |= {
            "valid_from": rfc3339(memory.valid_from),
            "valid_to": rfc3339(memory.valid_to) if memory.HasField("valid_to") else None,
            "superseded": memory.superseded,
        }
    if "score" in given:
        whole["score"] = memory.score
    return {name: value for name, value in whole.items() if not fields or name in fields}


def raw_object(text: str) -> RawJSON | None:
    """JSON text that goes into the answer as it is; null when it is empty."""
    return RawJSON(text) if text else None


def rfc3339(time: Timestamp) -> str:
    """The time in UTC, with microseconds."""
    return time.ToDatetime(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
