"""What memories said before: every version that ever was current, and what was current at a moment.

A version is current from the commit that wrote it until the commit that changed or deleted it, by the clock
that stamps the history. When something was said (`timestamp`) plays no part: the past is what memoryd knew
then, not what was true then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from service.memory.browse import Listing, invalid_page, require_scope
from service.memory.errors import NotFound
from service.memory.filters import Filter
from service.memory.history import MEMORY_NOT_FOUND
from service.memory.model import Memory, Vector
from service.memory.ports import Clock


@dataclass(frozen=True, slots=True)
class Past:
    """Which versions are wanted, if not the present ones."""

    as_of: datetime | None = None
    """What was current then; with `include_superseded`, everything up to then."""
    include_superseded: bool = False
    """Also what is current no longer."""

    def day(self, clock: Clock) -> date:
        """The day by which memories may have expired: that of the moment asked for, in UTC."""
        return (self.as_of or clock()).date()


@dataclass(frozen=True, slots=True)
class Version:
    """What a memory said for some time."""

    memory: Memory
    valid_from: datetime
    valid_to: datetime | None
    """None: until now."""


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Some of the versions that meet a filter, and how many meet it in all."""

    versions: Sequence[Version]
    total: int


@dataclass(frozen=True, slots=True)
class ScorableVersions:
    """Versions to be scored."""

    versions: Sequence[Version]
    pending_vectors: Mapping[str, Vector]
    """Vectors of present versions that are not yet in the index, by memory id."""


class VersionReader(Protocol):
    """Reads versions of one project's memories, newest first by the creation of the memory.

    `on`: what expired before that day is passed over; None passes over nothing. Every method raises
    Unavailable when the ledger cannot be had.
    """

    async def version(self, project_id: str, memory_id: str, past: Past) -> Version | None:
        """The newest version of a memory among those wanted."""

    async def versions(
        self, project_id: str, filter_: Filter, past: Past, *, offset: int, limit: int, on: date | None
    ) -> VersionPage:
        """At most `limit` versions from the `offset`th on, and the total."""

    async def scorable(
        self, project_id: str, filter_: Filter, past: Past, *, limit: int, on: date | None
    ) -> ScorableVersions:
        """At most `limit` versions and what the index does not know of them yet, as of one moment."""


async def get_version(reader: VersionReader, project_id: str, memory_id: str, past: Past) -> Version:
    """The newest version of a memory among those wanted, also after the memory's end.

    Raises:
        NotFound: the project had no such memory then.
    """
    version = await reader.version(project_id, memory_id, past)
    if version is None:
        raise NotFound(MEMORY_NOT_FOUND)
    return version


async def list_versions(
    reader: VersionReader, clock: Clock, project_id: str, listing: Listing, past: Past
) -> VersionPage:
    """One page of versions, newest first.

    Raises:
        ScopeRequired: the filter does not say whose memories.
        NotFound: there is no such page. The first one is always there.
    """
    require_scope(listing.filter)
    if listing.page < 1:
        raise invalid_page()
    offset = (listing.page - 1) * listing.page_size
    on = None if listing.show_expired else past.day(clock)
    page = await reader.versions(
        project_id, listing.filter, past, offset=offset, limit=listing.page_size, on=on
    )
    if offset and offset >= page.total:
        raise invalid_page()
    return page
