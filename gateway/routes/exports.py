"""Exports with a schema, and summaries."""

from __future__ import annotations

from fastapi import APIRouter
from memoryd.v1.export_service_pb2 import GetExportRequest
from starlette.requests import Request
from starlette.responses import Response

from gateway.body import read_object
from gateway.calls import Caller, caller_of
from gateway.codec import exports
from gateway.openapi import document
from gateway.openapi.exports import GET_PARAMETERS
from gateway.routes.answers import answer, answer_object
from gateway.validation import Decoded, call_checked, read_checked

CREATED = 201

router = APIRouter(tags=["exports"])


@router.post(
    "/v1/exports/",
    status_code=CREATED,
    summary="Create an export",
    response_model=None,
    responses=document.responses("ExportCreated", CREATED),
    openapi_extra=document.request_body("CreateExport"),
)
async def create_export(request: Request) -> Response:
    """Stores a request for an export of memories in the form of a JSON Schema. It is made afterwards."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = exports.decode_create(body, request.query_params)
    created = await call_checked(caller, caller.stubs.exports.CreateExport, decoded)
    return answer_object({"message": exports.REQUESTED, "id": created.id}, CREATED)


@router.get(
    "/v1/exports/",
    name="get_export_by_query",
    summary="Get an export",
    response_model=None,
    responses=document.responses("Export"),
    openapi_extra=GET_PARAMETERS,
)
async def get_export_by_query(request: Request) -> Response:
    """Gives the exported value, or how far the export has come."""
    return await _export(caller_of(request), exports.decode_query(request.query_params))


@router.post(
    "/v1/exports/get/",
    summary="Get an export",
    response_model=None,
    responses=document.responses("Export"),
    openapi_extra=document.request_body("GetExport"),
)
async def get_export(request: Request) -> Response:
    """Gives the exported value, or how far the export has come."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    return await _export(caller, exports.decode_get(body, request.query_params))


@router.post(
    "/v1/summary/",
    summary="Summarize memories",
    response_model=None,
    responses=document.responses("Summary"),
    openapi_extra=document.request_body("SummaryRequest"),
)
async def summarize_memories(request: Request) -> Response:
    """Says in short what the newest memories say."""
    caller = caller_of(request)
    body = await read_object(request, caller)
    decoded = exports.decode_summary(body, request.query_params)
    summary = await read_checked(caller, caller.stubs.exports.SummarizeMemories, decoded)
    return answer_object(exports.summary_object(summary))


async def _export(caller: Caller, decoded: Decoded[GetExportRequest]) -> Response:
    return answer(exports.export_body(await read_checked(caller, caller.stubs.exports.GetExport, decoded)))
