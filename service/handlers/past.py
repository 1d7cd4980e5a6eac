"""Which versions of memories a request is about, if not the present ones."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

from memoryd.v1 import memory_service_pb2 as pb

from service.handlers.fields import Fields
from service.memory.filters.moments import moment
from service.memory.versions import Past

Read: TypeAlias = pb.GetMemoryRequest | pb.ListMemoriesRequest | pb.SearchMemoriesRequest


def past_from(request: Read, fields: Fields) -> Past | None:
    """The versions that are wanted; None where the present is. What is wrong is noted in `fields`."""
    as_of = _as_of(request.as_of, fields) if request.HasField("as_of") else None
    if not request.HasField("as_of") and not request.include_superseded:
        return None
    return Past(as_of, request.include_superseded)


def _as_of(text: str, fields: Fields) -> datetime | None:
    try:
        found = moment(Decimal(text))
    except InvalidOperation:
        found = moment(text)
    if isinstance(found, datetime):
        return found
    # A day is no moment: whether its morning or its evening is meant changes the answer.
    fields.wrong("as_of", "as_of must be a time: RFC 3339 or Unix seconds")
    return None
