"""From a preview and what came of it to the proto."""

from __future__ import annotations

from collections.abc import Sequence

from memoryd.exact_json import dumps
from memoryd.v1 import memory_pb2
from memoryd.v1 import memory_service_pb2 as pb

from service.handlers.add_request import evidence_proto, rejection_proto
from service.handlers.event_record import result_proto, timestamp
from service.handlers.memory_proto import memory_proto
from service.memory.events import RequestRecord
from service.memory.model import Candidate, Change
from service.memory.preview import Preview


def preview_proto(preview: Preview, candidates: Sequence[Candidate]) -> pb.PreviewMemoriesResponse:
    """The plan."""
    return pb.PreviewMemoriesResponse(
        plan_id=preview.plan_id,
        expires_at=timestamp(preview.expires_at),
        operations=[_operation(change) for change in preview.changes],
        rejected=[rejection_proto(rejection) for rejection in preview.rejections],
        candidates=[memory_proto(each.memory, each.score) for each in candidates],
    )


def committed_proto(record: RequestRecord) -> pb.CommitPreviewResponse:
    """What the plan changed."""
    return pb.CommitPreviewResponse(
        event_id=record.event_id,
        status=memory_pb2.EventStatus.Value(f"EVENT_STATUS_{record.status.value}"),
        results=[result_proto(change) for change in record.changes],
        rejected=[rejection_proto(rejection) for rejection in record.rejections],
    )


def _operation(change: Change) -> pb.PlannedOperation:
    memory = change.memory
    return pb.PlannedOperation(
        event=memory_pb2.Event.Value(f"EVENT_{change.event.value}"),
        id=memory.id,
        before=None if change.before is None else change.before.text,
        after=None if change.after is None else change.after.text,
        categories=memory.categories,
        evidence=None if change.evidence is None else evidence_proto(change.evidence),
        metadata="" if memory.metadata is None else dumps(memory.metadata),
    )
