"""AccountService: who is calling."""

from __future__ import annotations

from memoryd.v1 import account_service_pb2 as pb
from memoryd.v1.account_service_pb2_grpc import AccountServiceServicer

from service.handlers.add_request import selection_from
from service.handlers.fields import Fields
from service.memory.accounts import Accounts, select_project
from service.transport.call import current_call
from service.transport.chain import Context


class AccountHandlers(AccountServiceServicer):
    """Organizations, projects and keys."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def Ping(
        self,
        request: pb.PingRequest,
        context: Context,
    ) -> pb.PingResponse:
        """Says which organization and project the key belongs to."""
        principal = current_call().principal
        fields = Fields()
        selection = selection_from(request, fields)
        fields.raise_if_wrong()
        project_id = await select_project(self._accounts, principal, selection)
        return pb.PingResponse(
            status="ok",
            org_id=principal.organization_id,
            project_id=project_id,
            user_email=principal.email,
        )
