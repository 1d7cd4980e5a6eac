"""Exports and summaries as JSON (contract section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from memoryd import exact_json
from memoryd.v1.export_service_pb2 import (
    CreateExportRequest,
    GetExportRequest,
    GetExportResponse,
    SummarizeMemoriesRequest,
    SummarizeMemoriesResponse,
)
from memoryd.v1.memory_pb2 import EventStatus
from starlette.datastructures import QueryParams

from gateway.codec.add import status_name
from gateway.codec.fields import Fields, assign
from gateway.codec.memory import SCOPE_FIELDS
from gateway.codec.project import read_project
from gateway.codec.query import QueryFields
from gateway.errors import Violation
from gateway.validation import Decoded

REQUESTED = "Memory export request received. The export will be ready in a few seconds."
NOT_READY = "The memory export is not ready yet. Ask again in a moment."

Q = TypeVar("Q", CreateExportRequest, GetExportRequest, SummarizeMemoriesRequest)


def decode_create(body: dict[str, object], query: QueryParams) -> Decoded[CreateExportRequest]:
    """An export to make. The schema is an object, or one as JSON text."""
    fields = Fields(body, "", [])
    schema = body.get("schema")
    given = {
        "schema": schema if isinstance(schema, str) else fields.object_text("schema"),
        "export_instructions": fields.text("export_instructions"),
    }
    return _decoded(CreateExportRequest(), fields, query, given)


def decode_get(body: dict[str, object], query: QueryParams) -> Decoded[GetExportRequest]:
    """Which export a body asks for."""
    fields = Fields(body, "", [])
    given = {"memory_export_id": fields.text("memory_export_id")}
    return _decoded(GetExportRequest(), fields, query, given)


def decode_query(query: QueryParams) -> Decoded[GetExportRequest]:
    """Which export a query asks for, as old clients do."""
    violations: list[Violation] = []
    fields, request = QueryFields(query, violations), GetExportRequest()
    assign(
        request,
        {
            **{name: fields.text(name) for name in ("memory_export_id", *SCOPE_FIELDS)},
            "filters": fields.object_text("filters"),
            **read_project(Fields({}, "", violations), query),
        },
    )
    return Decoded(request, violations)


def decode_summary(body: dict[str, object], query: QueryParams) -> Decoded[SummarizeMemoriesRequest]:
    """What to summarize."""
    return _decoded(SummarizeMemoriesRequest(), Fields(body, "", []), query, {})


def export_body(export: GetExportResponse) -> bytes:
    """The result as it is, or how far the export has come."""
    if export.status == EventStatus.EVENT_STATUS_SUCCEEDED:
        return export.result.encode()
    head = {"id": export.id, "status": status_name(export.status)}
    if export.status == EventStatus.EVENT_STATUS_FAILED:
        return exact_json.dumps({**head, "error": f"{export.error_reason}: {export.error_message}"}).encode()
    return exact_json.dumps({**head, "message": NOT_READY}).encode()


def summary_object(summary: SummarizeMemoriesResponse) -> dict[str, object]:
    """A summary, ready for `memoryd.exact_json.dumps`."""
    return {
        "summary": summary.summary,
        "written_by": summary.written_by,
        "memories": summary.memories,
        "total": summary.total,
    }


def _decoded(request: Q, fields: Fields, query: QueryParams, given: Mapping[str, object]) -> Decoded[Q]:
    assign(
        request,
        {
            **given,
            **{name: fields.text(name) for name in SCOPE_FIELDS},
            "filters": fields.object_text("filters"),
            **read_project(fields, query),
        },
    )
    return Decoded(request, fields.violations)
