"""MemoryService: each method reads the proto, calls one use case, and writes the proto."""

from __future__ import annotations

from memoryd.v1 import memory_service_pb2 as pb
from memoryd.v1.memory_service_pb2_grpc import MemoryServiceServicer

from service.handlers.add_request import request_from, response_from, selection_from
from service.handlers.fields import Fields
from service.memory.accounts import Accounts, select_writable_project
from service.memory.add import AddMemories
from service.transport.call import current_call
from service.transport.chain import Context


class MemoryHandlers(MemoryServiceServicer):
    """Memories of the project that the API key selects."""

    def __init__(self, accounts: Accounts, add: AddMemories) -> None:
        self._accounts = accounts
        self._add = add

    async def AddMemories(  # noqa: N802 - gRPC's name
        self,
        request: pb.AddMemoriesRequest,
        context: Context,  # noqa: ARG002
    ) -> pb.AddMemoriesResponse:
        """Reads facts from messages and reconciles each with what is known in the scope."""
        call = current_call()
        fields = Fields()
        selection = selection_from(request, fields)
        command = request_from(request, fields)
        fields.raise_if_wrong()
        project_id = await select_writable_project(self._accounts, call.principal, selection)
        if request.validate_only:
            return pb.AddMemoriesResponse()
        return response_from(await self._add(project_id, command, call.deadline))
