"""From the proto to checked edits of memories, and from their history to the proto."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp
from memoryd.exact_json import dumps
from memoryd.v1 import memory_pb2
from memoryd.v1 import memory_service_pb2 as pb

from service.handlers.fields import Fields
from service.memory.edit import Edit, Expiration
from service.memory.feedback import Opinion, Verdict
from service.memory.history import HistoryEntry

MOST_IN_A_BATCH = 1000
LONGEST_TEXT = 100_000
LONGEST_REASON = 10_000

NO_CHANGE = "At least one of text, metadata, timestamp, or expiration_date must be provided for update."

EditProto: TypeAlias = pb.UpdateMemoryRequest | pb.MemoryEdit


def edit_from(proto: EditProto, fields: Fields, path: str = "") -> Edit:
    """The edit that a request, or one item of a batch at `path`, asks for."""
    given = {field.name for field, _ in proto.ListFields()}
    if not given & {"text", "metadata", "expiration_date", "timestamp"}:
        fields.wrong(f"{path}text", NO_CHANGE)
    return Edit(
        memory_id=fields.uuid("memory_id", proto.memory_id, f"{path}memory_id") or "",
        text=fields.text(f"{path}text", proto.text, LONGEST_TEXT) if "text" in given else None,
        metadata=(fields.json_object(f"{path}metadata", proto.metadata) if "metadata" in given else None),
        expiration=(_expiration(proto.expiration_date, fields, path) if "expiration_date" in given else None),
        said_at=(fields.moment(f"{path}timestamp", proto.timestamp) if "timestamp" in given else None),
    )


def edits_from(request: pb.BatchUpdateMemoriesRequest, fields: Fields) -> Sequence[Edit]:
    """The edits of a batch, each of another memory."""
    if not _fits(len(request.memories), "updated", fields):
        return ()
    edits = [edit_from(proto, fields, f"memories[{index}].") for index, proto in enumerate(request.memories)]
    seen: set[str] = set()
    for index, edit in enumerate(edits):
        if edit.memory_id and edit.memory_id in seen:
            path = f"memories[{index}].memory_id"
            fields.wrong(path, f"{path} stands in the batch more than once")
        seen.add(edit.memory_id)
    return edits


def ids_from(request: pb.BatchDeleteMemoriesRequest, fields: Fields) -> Sequence[str]:
    """The ids of a batch."""
    if not _fits(len(request.memory_ids), "deleted", fields):
        return ()
    return [
        fields.uuid("memory_id", memory_id, f"memories[{index}].memory_id") or ""
        for index, memory_id in enumerate(request.memory_ids)
    ]


def opinion_from(request: pb.CreateFeedbackRequest, fields: Fields) -> Opinion:
    """What somebody thinks of a memory."""
    reason = None
    if request.HasField("feedback_reason") and request.feedback_reason:
        reason = fields.text("feedback_reason", request.feedback_reason, LONGEST_REASON)
    verdict = None
    if request.feedback not in memory_pb2.Feedback.values():
        fields.wrong("feedback", "feedback must be one of: POSITIVE, NEGATIVE, VERY_NEGATIVE")
    elif request.feedback != memory_pb2.FEEDBACK_UNSPECIFIED:
        verdict = Verdict(memory_pb2.Feedback.Name(request.feedback).removeprefix("FEEDBACK_"))
    return Opinion(fields.uuid("memory_id", request.memory_id) or "", verdict, reason)


def history_proto(entry: HistoryEntry) -> memory_pb2.HistoryEntry:
    """One change in the life of a memory."""
    message = memory_pb2.HistoryEntry(
        id=entry.id,
        memory_id=entry.memory_id,
        event=memory_pb2.Event.Value(f"EVENT_{entry.event.value}"),
        old_memory=entry.old_text,
        new_memory=entry.new_text,
        input=[
            memory_pb2.Message(role=said.role.value, content=said.content, name=said.name or "")
            for said in entry.messages
        ],
        user_id=entry.user_id,
        metadata="" if entry.metadata is None else dumps(entry.metadata),
        categories=entry.categories,
        actor=entry.actor or "",
        request_id=entry.request_id,
        created_at=Timestamp(),
    )
    message.created_at.FromDatetime(entry.at.astimezone(UTC))
    if entry.evidence is not None:
        message.evidence.message_index = entry.evidence.message_index
        message.evidence.start = entry.evidence.start
        message.evidence.end = entry.evidence.end
        message.evidence.speaker = entry.evidence.speaker
    return message


def _fits(size: int, done: str, fields: Fields) -> bool:
    """Whether a batch is neither empty nor too large. The text is the contract's (section 5)."""
    if size > MOST_IN_A_BATCH:
        fields.wrong("memories", f"Maximum of {MOST_IN_A_BATCH} memories can be {done} in a single request")
    elif not size:
        fields.wrong("memories", "memories must hold at least one memory")
    return 0 < size <= MOST_IN_A_BATCH


def _expiration(text: str, fields: Fields, path: str) -> Expiration | None:
    if not text:
        return Expiration(None)
    day = fields.day(f"{path}expiration_date", text)
    return None if day is None else Expiration(day)
