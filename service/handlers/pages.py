"""Which page of a list a request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.handlers.fields import Fields
from service.memory.pages import PageRequest

MOST_ITEMS = 200


def page_from(
    given: Mapping[str, Any], fields: Fields, usual: int = 50, most: int = MOST_ITEMS
) -> PageRequest:
    """The page.

    Args:
        given: the fields that are set, by name.
        fields: where faults are noted.
        usual: how many items a page has unless the request says so.
        most: how many it may have at most; who asks for more gets so many.
    """
    size = given.get("page_size", usual)
    if size < 1:
        fields.wrong("page_size", "page_size must be at least 1")
    return PageRequest(given.get("page", 1), min(size, most))
