"""Reading memories as they are now."""

from __future__ import annotations

from dataclasses import dataclass

from service.memory.errors import NotFound, ScopeRequired
from service.memory.filters import Filter, names_a_scope
from service.memory.filters.grammar import And, Not, OneOf, Or
from service.memory.history import MEMORY_NOT_FOUND
from service.memory.model import Memory
from service.memory.ports import Clock, MemoryReader, Page

MOST_ON_A_PAGE = 200
USUAL_PAGE = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Which memories are wanted, and which page of them."""

    filter: Filter
    show_expired: bool = False
    page: int = 1
    """Counted from 1."""
    page_size: int = USUAL_PAGE


async def get_memory(reader: MemoryReader, project_id: str, memory_id: str) -> Memory:
    """One memory. Who knows its id gets it after its expiration date too; lists and searches hide it.

    Raises:
        NotFound: the project has no such memory now.
    """
    memory = await reader.get(project_id, memory_id)
    if memory is None:
        raise NotFound(MEMORY_NOT_FOUND)
    return memory


async def list_memories(reader: MemoryReader, clock: Clock, project_id: str, listing: Listing) -> Page:
    """One page of memories, newest first.

    Raises:
        ScopeRequired: the filter does not say whose memories.
        NotFound: there is no such page. The first one is always there.
    """
    require_scope(listing.filter)
    offset = (listing.page - 1) * listing.page_size
    today = None if listing.show_expired else clock().date()
    if listing.page < 1:
        raise invalid_page()
    page = await reader.page(project_id, listing.filter, offset=offset, limit=listing.page_size, on=today)
    if offset and offset >= page.total:
        raise invalid_page()
    return page


def require_scope(filter_: Filter) -> None:
    """Ends a request that may be about all memories of a project by an oversight.

    Raises:
        ScopeRequired: none of the four ids stands in the filter, and no memory's id either.
    """
    if not names_a_scope(filter_) and not _names_memories(filter_):
        raise ScopeRequired


def _names_memories(filter_: Filter) -> bool:
    match filter_:
        case And(operands) | Or(operands):
            return any(_names_memories(operand) for operand in operands)
        case Not(operand):
            return _names_memories(operand)
        case OneOf(field):
            return field == "id"
        case _:
            return False


def invalid_page() -> NotFound:
    """The answer to a page that is not there."""
    # To the letter: clients look for it (contract section 1).
    return NotFound("Invalid page.", reason="INVALID_PAGE")
