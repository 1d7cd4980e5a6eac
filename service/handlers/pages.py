"""Which page of a list a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.handlers.fields import Fields
from service.memory.pages import PageRequest

MOST_ITEMS = 200
LAST_PAGE = 1_000_000
"""Far beyond any list, and small enough that no database is asked to count further than it can."""


def page_from(
    given: Mapping[str, Any], fields: Fields, usual: int = 50, most: int = MOST_ITEMS
) -> PageRequest:
    """The page.

    Args:
        given: the fields that are set, by name.
        fields: where faults are noted.
        usual: how many items a page has unless the request says so.
        most: how many it may have at most.
    """
    number, size = given.get("page", 1), given.get("page_size", usual)
    if not 1 <= number <= LAST_PAGE:
        fields.wrong("page", f"page must be between 1 and {LAST_PAGE}")
        number = 1
    if not 1 <= size <= most:
        fields.wrong("page_size", f"page_size must be between 1 and {most}")
        size = usual
    return PageRequest(number, size)
