"""Pages of a list, counted from 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.memory.errors import NotFound

T = TypeVar("T")

INVALID_PAGE = "Invalid page."
"""To the letter: clients look for it (contract section 1)."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted.

    Raises:
        NotFound: no list has a page of that number.
    """

    number: int = 1
    size: int = 50

    def __post_init__(self) -> None:
        if self.number < 1:
            raise invalid_page()

    @property
    def offset(self) -> int:
        """How many items come before it."""
        return (self.number - 1) * self.size


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """One page of a list."""

    count: int
    """How many items all pages have."""
    items: Sequence[T]


def within(page: PageRequest, listing: Listing[T]) -> Listing[T]:
    """The listing, if the page is one of the list's. The first page always is.

    Raises:
        NotFound: the page lies beyond the end.
    """
    if page.number > 1 and page.offset >= listing.count:
        raise invalid_page()
    return listing


def invalid_page() -> NotFound:
    """There is no such page."""
    return NotFound(INVALID_PAGE, reason="INVALID_PAGE")
