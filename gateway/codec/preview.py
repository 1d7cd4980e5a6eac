"""Previews as JSON."""

from __future__ import annotations

from memoryd.v1.memory_service_pb2 import (
    CommitPreviewRequest,
    CommitPreviewResponse,
    PlannedOperation,
    PreviewMemoriesResponse,
)
from starlette.datastructures import QueryParams

from gateway.codec.add import encode_v3, event_name, evidence_object, rejection_object
from gateway.codec.fields import Fields, assign
from gateway.codec.memory import memory_object, raw_object, rfc3339
from gateway.codec.project import read_project
from gateway.errors import Violation
from gateway.validation import Decoded


def decode_commit(plan_id: str, body: dict[str, object], query: QueryParams) -> Decoded[CommitPreviewRequest]:
    """POST /v1/memories/preview/{plan_id}/commit/: nothing but, at will, another project."""
    violations: list[Violation] = []
    request = CommitPreviewRequest(plan_id=plan_id)
    assign(request, read_project(Fields(body, "", violations), query))
    return Decoded(request, violations)


def preview_object(answer: PreviewMemoriesResponse) -> dict[str, object]:
    """The plan, ready for `memoryd.exact_json.dumps`."""
    return {
        "plan_id": answer.plan_id,
        "expires_at": rfc3339(answer.expires_at),
        "operations": [_operation(operation) for operation in answer.operations],
        "rejected": [rejection_object(operation) for operation in answer.rejected],
        "candidates": [memory_object(memory) for memory in answer.candidates],
    }


def committed_object(answer: CommitPreviewResponse) -> dict[str, object]:
    """What the plan changed."""
    return {**encode_v3(answer), "rejected": [rejection_object(operation) for operation in answer.rejected]}


def _operation(operation: PlannedOperation) -> dict[str, object]:
    evidence = {"evidence": evidence_object(operation.evidence)} if operation.HasField("evidence") else {}
    return {
        "id": operation.id,
        "event": event_name(operation.event),
        "before": operation.before if operation.HasField("before") else None,
        "after": operation.after if operation.HasField("after") else None,
        "categories": list(operation.categories) or None,
        "metadata": raw_object(operation.metadata),
        **evidence,
    }
