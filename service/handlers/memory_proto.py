"""A memory as proto."""

from __future__ import annotations

from collections.abc import Collection

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.exact_json import dumps
from memoryd.v1 import memory_pb2

from service.memory.model import Memory


def memory_proto(
    memory: Memory, score: float | None = None, fields: Collection[str] = ()
) -> memory_pb2.Memory:
    """The memory.

    Args:
        memory: the memory.
        score: how well it fits, when it was searched for.
        fields: names of what to fill in; everything when there are none.
    """
    message = memory_pb2.Memory(
        id=memory.id,
        memory=memory.text,
        hash=memory.hash,
        metadata="" if memory.metadata is None else dumps(memory.metadata),
        categories=memory.categories,
        immutable=memory.immutable,
        expiration_date="" if memory.expiration_date is None else memory.expiration_date.isoformat(),
        created_at=Timestamp(),
        updated_at=Timestamp(),
        score=score,
        **memory.scope.ids,
    )
    message.created_at.FromDatetime(memory.created_at)
    message.updated_at.FromDatetime(memory.updated_at)
    if not fields:
        return message
    wanted = {*fields, "run_id"} if "session_id" in fields else {*fields}
    return memory_pb2.Memory(
        **{field.name: value for field, value in message.ListFields() if field.name in wanted}
    )
