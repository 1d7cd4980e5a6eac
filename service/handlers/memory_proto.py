"""A memory as proto."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.exact_json import dumps
from memoryd.v1 import memory_pb2

from service.memory.model import Memory


def memory_proto(memory: Memory, score: float | None = None) -> memory_pb2.Memory:
    """The memory, with its score when it was searched for."""
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
    return message
