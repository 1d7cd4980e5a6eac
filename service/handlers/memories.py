"""MemoryService: each method reads the proto, calls one use case, and writes the proto."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from google.protobuf.message import Message as ProtoMessage
from memoryd.v1 import memory_service_pb2 as pb
from memoryd.v1.memory_pb2 import Feedback
from memoryd.v1.memory_service_pb2_grpc import MemoryServiceServicer

from service.failpoints import ANSWERED, failpoint
from service.handlers.add_request import request_from, response_from
from service.handlers.admission import admit
from service.handlers.edit_request import edit_from, edits_from, history_proto, ids_from, opinion_from
from service.handlers.event_record import stored_response
from service.handlers.fields import Fields
from service.handlers.list_request import filter_from, listing_from, page_proto, versions_proto
from service.handlers.memory_proto import memory_proto
from service.handlers.past import past_from
from service.handlers.preview import committed_proto, preview_proto
from service.handlers.search_request import found_proto, search_from
from service.memory.accounts import Accounts
from service.memory.add import AddMemories
from service.memory.browse import get_memory, list_memories
from service.memory.edit import DeleteMemories, UpdateMemories
from service.memory.events import RequestRecord
from service.memory.feedback import FeedbackBook
from service.memory.history import ChangeLog, read_history
from service.memory.model import Outcome
from service.memory.once import AddOnce
from service.memory.ports import Clock, MemoryReader
from service.memory.preview import CommitPreview, PreviewMemories
from service.memory.search import SearchMemories
from service.memory.search_past import SearchPast
from service.memory.versions import VersionReader, get_version, list_versions
from service.transport.call import current_call
from service.transport.chain import Context


@dataclass(frozen=True, slots=True)
class MemoryUseCases:
    """What can be done with memories."""

    reader: MemoryReader
    versions: VersionReader
    search: SearchMemories
    search_past: SearchPast
    add: AddMemories
    add_once: AddOnce
    preview: PreviewMemories
    commit_preview: CommitPreview
    update: UpdateMemories
    delete: DeleteMemories
    log: ChangeLog
    feedback: FeedbackBook


class MemoryHandlers(MemoryServiceServicer):
    """Memories of the project that the API key selects."""

    def __init__(self, accounts: Accounts, memories: MemoryUseCases, clock: Clock) -> None:
        self._accounts = accounts
        self._memories = memories
        self._now = clock

    async def AddMemories(self, request: pb.AddMemoriesRequest, context: Context) -> pb.AddMemoriesResponse:
        """Reads facts from messages and reconciles each with what is known in the scope."""
        context.add_done_callback(lambda _: failpoint(ANSWERED))  # type: ignore[arg-type]  # a function, really
        call = current_call()
        fields = Fields()
        command = request_from(request, fields)
        key = fields.identifier("request_id", request.request_id) if request.HasField("request_id") else None
        project_id = await self._writable(request, fields)
        if request.validate_only:
            return pb.AddMemoriesResponse()
        command = replace(command, actor=call.principal.key_id)
        if key is None:
            outcome: Outcome | RequestRecord = await self._memories.add(project_id, command, call.deadline)
        else:
            outcome = await self._memories.add_once(project_id, command, key, call.deadline)
        return response_from(outcome) if isinstance(outcome, Outcome) else stored_response(outcome)

    async def PreviewMemories(
        self, request: pb.PreviewMemoriesRequest, context: Context
    ) -> pb.PreviewMemoriesResponse:
        """Shows what messages would change."""
        call = current_call()
        fields = Fields()
        command = request_from(request, fields)
        project_id = await self._writable(request, fields)
        if request.validate_only:
            return pb.PreviewMemoriesResponse()
        return preview_proto(*await self._memories.preview(project_id, command, call.deadline))

    async def CommitPreview(
        self, request: pb.CommitPreviewRequest, context: Context
    ) -> pb.CommitPreviewResponse:
        """Makes the changes that a preview showed."""
        fields = Fields()
        plan_id = fields.uuid("plan_id", request.plan_id)
        project_id = await self._writable(request, fields)
        if request.validate_only:
            return pb.CommitPreviewResponse()
        return committed_proto(await self._memories.commit_preview(project_id, plan_id or "", _actor()))

    async def GetMemory(self, request: pb.GetMemoryRequest, context: Context) -> pb.GetMemoryResponse:
        """Gives one memory."""
        fields = Fields()
        memory_id = fields.uuid("memory_id", request.memory_id)
        past = past_from(request, fields)
        project_id = await admit(self._accounts, request, fields)
        if past is not None:
            version = await get_version(self._memories.versions, project_id, memory_id or "", past)
            return pb.GetMemoryResponse(memory=memory_proto(version.memory, version=version))
        memory = await get_memory(self._memories.reader, project_id, memory_id or "")
        return pb.GetMemoryResponse(memory=memory_proto(memory))

    async def ListMemories(
        self, request: pb.ListMemoriesRequest, context: Context
    ) -> pb.ListMemoriesResponse:
        """Gives the memories that meet a filter, page by page."""
        fields = Fields()
        listing, past = listing_from(request, fields), past_from(request, fields)
        project_id = await admit(self._accounts, request, fields)
        if past is not None:
            versions = await list_versions(self._memories.versions, self._now, project_id, listing, past)
            return versions_proto(versions, listing, request)
        page = await list_memories(self._memories.reader, self._now, project_id, listing)
        return page_proto(page, listing, request)

    async def SearchMemories(
        self, request: pb.SearchMemoriesRequest, context: Context
    ) -> pb.SearchMemoriesResponse:
        """Finds the memories that answer a query, best first."""
        fields = Fields()
        query, past = search_from(request, fields), past_from(request, fields)
        project_id = await admit(self._accounts, request, fields)
        if request.validate_only:
            return pb.SearchMemoriesResponse()
        if past is not None:
            return found_proto(await self._memories.search_past(project_id, query, past), request)
        return found_proto(await self._memories.search(project_id, query), request)

    async def UpdateMemory(
        self, request: pb.UpdateMemoryRequest, context: Context
    ) -> pb.UpdateMemoryResponse:
        """Changes one memory by hand."""
        fields = Fields()
        edit = edit_from(request, fields)
        project_id = await self._writable(request, fields)
        if request.validate_only:
            return pb.UpdateMemoryResponse()
        (memory,) = await self._memories.update(project_id, [edit], _actor())
        return pb.UpdateMemoryResponse(memory=memory_proto(memory))

    async def BatchUpdateMemories(
        self, request: pb.BatchUpdateMemoriesRequest, context: Context
    ) -> pb.BatchUpdateMemoriesResponse:
        """Changes memories by hand, all or none."""
        fields = Fields()
        edits = edits_from(request, fields)
        project_id = await self._writable(request, fields)
        if request.validate_only:
            return pb.BatchUpdateMemoriesResponse()
        memories = await self._memories.update(project_id, edits, _actor())
        return pb.BatchUpdateMemoriesResponse(memories=[memory_proto(memory) for memory in memories])

    async def DeleteMemory(
        self, request: pb.DeleteMemoryRequest, context: Context
    ) -> pb.DeleteMemoryResponse:
        """Deletes one memory."""
        fields = Fields()
        memory_id = fields.uuid("memory_id", request.memory_id)
        await self._delete(request, fields, [memory_id or ""], validate_only=request.validate_only)
        return pb.DeleteMemoryResponse()

    async def DeleteMemories(
        self, request: pb.DeleteMemoriesRequest, context: Context
    ) -> pb.DeleteMemoriesResponse:
        """Deletes every memory that meets a filter, all or none."""
        fields = Fields()
        chosen = filter_from(request, fields)
        project_id = await self._writable(request, fields)
        if request.validate_only:
            return pb.DeleteMemoriesResponse()
        return pb.DeleteMemoriesResponse(
            count=await self._memories.delete.matching(project_id, chosen, _actor())
        )

    async def BatchDeleteMemories(
        self, request: pb.BatchDeleteMemoriesRequest, context: Context
    ) -> pb.BatchDeleteMemoriesResponse:
        """Deletes memories, all or none."""
        fields = Fields()
        memory_ids = ids_from(request, fields)
        count = await self._delete(request, fields, memory_ids, validate_only=request.validate_only)
        return pb.BatchDeleteMemoriesResponse(count=count)

    async def ListMemoryHistory(
        self, request: pb.ListMemoryHistoryRequest, context: Context
    ) -> pb.ListMemoryHistoryResponse:
        """Gives everything that ever happened to a memory."""
        fields = Fields()
        memory_id = fields.uuid("memory_id", request.memory_id)
        project_id = await admit(self._accounts, request, fields)
        entries = await read_history(self._memories.log, project_id, memory_id or "")
        return pb.ListMemoryHistoryResponse(entries=[history_proto(entry) for entry in entries])

    async def CreateFeedback(
        self, request: pb.CreateFeedbackRequest, context: Context
    ) -> pb.CreateFeedbackResponse:
        """Notes what somebody thinks of a memory."""
        fields = Fields()
        opinion = opinion_from(request, fields)
        project_id = await self._writable(request, fields)
        if request.validate_only:
            return pb.CreateFeedbackResponse()
        feedback_id = await self._memories.feedback.note(project_id, opinion, _actor(), self._now())
        verdict = "UNSPECIFIED" if opinion.verdict is None else opinion.verdict.value
        return pb.CreateFeedbackResponse(
            id=feedback_id, feedback=Feedback.Value(f"FEEDBACK_{verdict}"), feedback_reason=opinion.reason
        )

    async def _writable(self, request: ProtoMessage, fields: Fields) -> str:
        return await admit(self._accounts, request, fields, writes=True)

    async def _delete(
        self, request: ProtoMessage, fields: Fields, memory_ids: Sequence[str], *, validate_only: bool
    ) -> int:
        project_id = await self._writable(request, fields)
        if validate_only:
            return 0
        return await self._memories.delete(project_id, memory_ids, _actor())


def _actor() -> str:
    return current_call().principal.key_id
