"""Which project a call is for, and whether its key may do what it asks."""

from __future__ import annotations

from google.protobuf.message import Message as ProtoMessage

from service.handlers.add_request import selection_from
from service.handlers.fields import Fields
from service.memory.accounts import Accounts, access_project, require_owner
from service.transport.call import current_call


async def admit(accounts: Accounts, request: ProtoMessage, fields: Fields, *, writes: bool = False) -> str:
    """The id of the project that the call is for, once nothing is wrong with the request.

    Args:
        accounts: the keys and projects.
        request: has the four fields of a selection.
        fields: what was found wrong with it so far.
        writes: the call needs an owner's role.

    Raises:
        InvalidRequest: with every violation.
        PermissionDenied: the key may not use the project, or may only read.
    """
    selection = selection_from(request, fields)
    fields.raise_if_wrong()
    access = await access_project(accounts, current_call().principal, selection)
    if writes:
        require_owner(access.role)
    return access.project_id
