"""Pages of a list as JSON: a count, absolute addresses of the neighbours, and the results."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import URL


def paged(
    address: URL, results: Sequence[object], *, count: int, page: int, page_size: int
) -> dict[str, object]:
    """The envelope of one page.

    Args:
        address: of the request, with its query.
        results: what is on this page.
        count: how many there are on all pages.
        page: which one this is, counted from 1.
        page_size: how many a full page has.
    """
    follows = page * page_size < count
    return {
        "count": count,
        "next": _neighbour(address, page + 1, page_size) if follows else None,
        "previous": _neighbour(address, page - 1, page_size) if page > 1 else None,
        "results": list(results),
    }


def _neighbour(address: URL, page: int, page_size: int) -> str:
    return str(address.include_query_params(page=page, page_size=page_size))
