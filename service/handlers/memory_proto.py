"""A memory as proto."""

from __future__ import annotations

from collections.abc import Collection

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.exact_json import dumps
from memoryd.v1 import memory_pb2

from service.memory.model import Memory
from service.memory.versions import Version


def memory_proto(
    memory: Memory,
    score: float | None = None,
    fields: Collection[str] = (),
    version: Version | None = None,
) -> memory_pb2.Memory:
    """The memory.

    Args:
        memory: the memory.
        score: how well it fits, when it was searched for.
        fields: names of what to fill in; everything when there are none.
        version: which version it is, where the past was asked for.
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
        user_id=memory.scope.user_id,
        agent_id=memory.scope.agent_id,
        app_id=memory.scope.app_id,
        run_id=memory.scope.run_id,
    )
    message.created_at.FromDatetime(memory.created_at)
    message.updated_at.FromDatetime(memory.updated_at)
    if version is not None:
        _date(message, version)
    if not fields:
        return message
    wanted = {*fields, "run_id"} if "session_id" in fields else {*fields}
    return memory_pb2.Memory(
        **{field.name: value for field, value in message.ListFields() if field.name in wanted}
    )


def _date(message: memory_pb2.Memory, version: Version) -> None:
    message.valid_from.FromDatetime(version.valid_from)
    message.superseded = version.valid_to is not None
    if version.valid_to is not None:
        message.valid_to.FromDatetime(version.valid_to)
