"""ExportService: each method reads the proto, calls one use case, and writes the proto."""

from __future__ import annotations

from typing import TypeAlias

from memoryd.v1 import export_service_pb2 as pb
from memoryd.v1 import memory_pb2
from memoryd.v1.export_service_pb2_grpc import ExportServiceServicer

from service.handlers.add_request import LONGEST_INSTRUCTIONS, SCOPE_FIELDS, given_in
from service.handlers.admission import admit
from service.handlers.event_record import timestamp
from service.handlers.fields import Fields
from service.handlers.schemas import schema_of
from service.memory.accounts import Accounts
from service.memory.exports import CreateExport, Export, ExportBook, Wanted, get_export
from service.memory.filling import Writer
from service.memory.filters.parse import EMPTY
from service.memory.json_schema import Schema
from service.memory.ports import Clock, MemoryReader
from service.memory.summary import summarize
from service.transport.call import current_call
from service.transport.chain import Context

Filtering: TypeAlias = pb.CreateExportRequest | pb.GetExportRequest | pb.SummarizeMemoriesRequest


class ExportHandlers(ExportServiceServicer):
    """Exports and summaries of the project that the API key selects."""

    def __init__(
        self,
        accounts: Accounts,
        book: ExportBook,
        create: CreateExport,
        reader: MemoryReader,
        writer: Writer,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._book = book
        self._create = create
        self._reader = reader
        self._writer = writer
        self._now = clock

    async def CreateExport(
        self, request: pb.CreateExportRequest, context: Context
    ) -> pb.CreateExportResponse:
        """Stores a request for an export."""
        fields = Fields()
        schema = _schema_from(request.schema, fields)
        wanted = _wanted_from(request, fields)
        instructions = None
        if request.HasField("export_instructions"):
            instructions = fields.text(
                "export_instructions", request.export_instructions, LONGEST_INSTRUCTIONS
            )
        project_id = await admit(self._accounts, request, fields, writes=True)
        if request.validate_only:
            return pb.CreateExportResponse()
        return pb.CreateExportResponse(id=await self._create(project_id, schema, wanted, instructions))

    async def GetExport(self, request: pb.GetExportRequest, context: Context) -> pb.GetExportResponse:
        """Gives an export."""
        fields = Fields()
        export_id = None
        if request.HasField("memory_export_id"):
            export_id = fields.uuid("memory_export_id", request.memory_export_id)
        wanted = _wanted_from(request, fields)
        project_id = await admit(self._accounts, request, fields)
        export = await get_export(self._book, project_id, export_id, wanted if wanted.filters else None)
        return _export_proto(export)

    async def SummarizeMemories(
        self, request: pb.SummarizeMemoriesRequest, context: Context
    ) -> pb.SummarizeMemoriesResponse:
        """Says in short what memories say."""
        fields = Fields()
        filter_ = _wanted_from(request, fields).filter(fields.violations)
        project_id = await admit(self._accounts, request, fields)
        deadline = current_call().deadline
        summary = await summarize(self._reader, self._writer, self._now, project_id, filter_, deadline)
        return pb.SummarizeMemoriesResponse(
            summary=summary.text,
            written_by=summary.written_by,
            memories=summary.memories,
            total=summary.total,
        )


def _schema_from(text: str, fields: Fields) -> Schema:
    if not text:
        fields.wrong("schema", "Schema is required and must be a valid object")
        return {}
    return schema_of(fields, "schema", text)


def _wanted_from(request: Filtering, fields: Fields) -> Wanted:
    """The filters of a request and the ids beside them as one filter."""
    given = given_in(request)
    ids = {name: given[name] for name in SCOPE_FIELDS if name in given}
    if "filters" not in given:
        wanted = Wanted(ids)
    else:
        filters = fields.json_object("filters", request.filters)
        if not filters:
            if filters is not None:
                fields.wrong("filters", EMPTY)
            return Wanted({})
        wanted = Wanted({"AND": [filters, ids]} if ids else filters)
    wanted.filter(fields.violations)
    return wanted


def _export_proto(export: Export) -> pb.GetExportResponse:
    return pb.GetExportResponse(
        id=export.id,
        status=memory_pb2.EventStatus.Value(f"EVENT_STATUS_{export.status.value}"),
        result=export.result or "",
        error_reason=export.failure.reason if export.failure else "",
        error_message=export.failure.text if export.failure else "",
        created_at=timestamp(export.created_at),
    )
