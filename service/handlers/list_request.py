"""From the proto to a checked listing, and from its page to the proto."""

from __future__ import annotations

from typing import TypeAlias

from memoryd.v1 import memory_service_pb2 as pb

from service.handlers.add_request import SCOPE_FIELDS, given_in
from service.handlers.fields import Fields
from service.handlers.memory_proto import memory_proto
from service.memory.browse import MOST_ON_A_PAGE, USUAL_PAGE, Listing
from service.memory.filters import ALL, Filter, QueryFilter, from_query, parse, parse_text
from service.memory.filters.grammar import And
from service.memory.ports import Page
from service.memory.versions import VersionPage

Filtering: TypeAlias = pb.ListMemoriesRequest | pb.DeleteMemoriesRequest | pb.SearchMemoriesRequest

ENTITY_TYPES = ("user", "agent", "app", "run")


def listing_from(request: pb.ListMemoriesRequest, fields: Fields) -> Listing:
    """Which memories are wanted. What is wrong with the request is noted in `fields`."""
    page_size = request.page_size if request.HasField("page_size") else USUAL_PAGE
    if page_size < 1:
        fields.wrong("page_size", "page_size must be at least 1")
    return Listing(
        filter=And((filter_from(request, fields), _of_entity(request, fields))),
        show_expired=request.show_expired,
        page=request.page if request.HasField("page") else 1,
        page_size=min(page_size, MOST_ON_A_PAGE),
    )


def filter_from(request: Filtering, fields: Fields) -> Filter:
    """What a memory must meet: every field of the request that filters."""
    given = given_in(request)
    ids = {name: given[name] for name in SCOPE_FIELDS if name in given}
    whole_project = ids == dict.fromkeys(SCOPE_FIELDS, "*")
    query = QueryFilter(
        **({} if whole_project else ids),
        start_date=given.get("start_date"),
        end_date=given.get("end_date"),
        metadata=given.get("metadata"),
        categories=tuple(given.get("categories", ())),
        keywords=tuple(given.get("keywords", ())),
    )
    asked = [from_query(query, fields.violations)]
    if whole_project:
        # Every memory has one of the four ids, few have all; who writes this wants every memory.
        asked.append(parse({"OR": [{name: "*"} for name in ids]}, fields.violations))
    if "filters" in given:
        asked.append(parse_text(request.filters, fields.violations))
    if "memory_ids" in given:
        listed = enumerate(given["memory_ids"])
        chosen = [fields.uuid("memory_id", text, f"memory_ids[{index}]") or "" for index, text in listed]
        asked.append(parse({"memory_ids": list(chosen)}, fields.violations))
    return And(tuple(asked))


def page_proto(page: Page, listing: Listing, request: pb.ListMemoriesRequest) -> pb.ListMemoriesResponse:
    """One page of memories."""
    return pb.ListMemoriesResponse(
        memories=[memory_proto(memory, fields=request.fields) for memory in page.memories],
        count=page.total,
        has_next=listing.page * listing.page_size < page.total,
    )


def versions_proto(
    page: VersionPage, listing: Listing, request: pb.ListMemoriesRequest
) -> pb.ListMemoriesResponse:
    """One page of versions."""
    return pb.ListMemoriesResponse(
        memories=[
            memory_proto(version.memory, fields=request.fields, version=version) for version in page.versions
        ],
        count=page.total,
        has_next=listing.page * listing.page_size < page.total,
    )


def _of_entity(request: pb.ListMemoriesRequest, fields: Fields) -> Filter:
    if not request.HasField("entity_type") and not request.HasField("entity_id"):
        return ALL
    kind = fields.choice("entity_type", request.entity_type, ENTITY_TYPES)
    entity = fields.identifier("entity_id", request.entity_id)
    if kind is None or entity is None:
        return ALL
    return from_query(QueryFilter(**{f"{kind}_id": entity}), fields.violations)
