"""Entities as JSON (contract section 5)."""

from __future__ import annotations

from memoryd.v1.entity_service_pb2 import (
    CreateEntityRequest,
    DeleteEntityRequest,
    DeleteEntityResponse,
    Entity,
    EntityTotals,
    EntityType,
    ListEntitiesRequest,
    ListEntityFiltersResponse,
)
from starlette.datastructures import QueryParams

from gateway.codec.fields import Fields, assign
from gateway.codec.memory import raw_object, rfc3339
from gateway.codec.project import read_project
from gateway.codec.query import QueryFields
from gateway.errors import Violation
from gateway.validation import Decoded

ERASED = ("memories", "versions", "changes", "requests", "feedback", "exports", "previews", "vectors")


def decode_list(query: QueryParams) -> Decoded[ListEntitiesRequest]:
    """Which entities a query asks for."""
    violations: list[Violation] = []
    fields, request = QueryFields(query, violations), ListEntitiesRequest()
    assign(
        request,
        {
            "entity_type": fields.text("entity_type"),
            "page": fields.integer("page"),
            "page_size": fields.integer("page_size"),
            **read_project(Fields({}, "", violations), query),
        },
    )
    return Decoded(request, violations)


def decode_create(id_field: str, body: dict[str, object], query: QueryParams) -> Decoded[CreateEntityRequest]:
    """An entity to make. A name that differs from the id is ignored: clients delete entities by their name.

    Args:
        id_field: the field that holds the id, such as user_id.
        body: the body.
        query: the query.
    """
    violations: list[Violation] = []
    fields, request = Fields(body, "", violations), CreateEntityRequest()
    entity_id = fields.text(id_field)
    if entity_id is None and not violations:
        fields.fault(id_field, "is required")
    assign(
        request,
        {
            id_field: entity_id,
            "metadata": fields.object_text("metadata"),
            **read_project(fields, query),
        },
    )
    unsaid = frozenset({"user_id"}) if entity_id is None else frozenset[str]()
    return Decoded(request, violations, unsaid)


def decode_delete(entity_type: str, entity_id: str, query: QueryParams) -> Decoded[DeleteEntityRequest]:
    """DELETE of an entity."""
    violations: list[Violation] = []
    request = DeleteEntityRequest(entity_type=entity_type, entity_id=entity_id)
    assign(
        request,
        {
            "erase": QueryFields(query, violations).flag("erase"),
            **read_project(Fields({}, "", violations), query),
        },
    )
    return Decoded(request, violations)


def deleted_object(answer: DeleteEntityResponse) -> dict[str, object]:
    """What was deleted and, of an erasure, the receipt."""
    deleted: dict[str, object] = {"message": "Entity deleted successfully!", "count": answer.count}
    if answer.HasField("receipt"):
        receipt = answer.receipt
        counts = {name: getattr(receipt, name) for name in ERASED}
        deleted["receipt"] = {"id": receipt.id, "erased_at": rfc3339(receipt.erased_at), **counts}
    return deleted


def entity_object(entity: Entity) -> dict[str, object]:
    """What stands for an entity in an answer, ready for `memoryd.exact_json.dumps`."""
    return {
        "id": entity.id,
        "name": entity.id,
        "type": type_name(entity.type),
        "created_at": rfc3339(entity.created_at),
        "updated_at": rfc3339(entity.updated_at),
        "total_memories": entity.total_memories,
        "owner": entity.owner,
        "metadata": raw_object(entity.metadata),
    }


def totals_object(totals: EntityTotals) -> dict[str, object]:
    """How many entities there are of each type."""
    return {
        "total_users": totals.users,
        "total_agents": totals.agents,
        "total_apps": totals.apps,
        "total_runs": totals.runs,
    }


def filter_objects(answer: ListEntityFiltersResponse) -> list[dict[str, object]]:
    """By what memories can be filtered for an entity."""
    return [
        {"type": type_name(each.type), "field": each.field, "total": each.total} for each in answer.filters
    ]


def type_name(kind: EntityType.ValueType) -> str:
    """A type as JSON says it."""
    return EntityType.Name(kind).removeprefix("ENTITY_TYPE_").lower()
