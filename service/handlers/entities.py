"""EntityService: each method reads the proto, calls one use case, and writes the proto."""

from __future__ import annotations

from memoryd.exact_json import dumps
from memoryd.v1 import entity_service_pb2 as pb
from memoryd.v1.entity_service_pb2_grpc import EntityServiceServicer

from service.handlers.add_request import SCOPE_FIELDS, given_in
from service.handlers.admission import admit
from service.handlers.event_record import timestamp
from service.handlers.fields import Fields
from service.handlers.pages import page_from
from service.memory.accounts import Accounts
from service.memory.edit import DeleteMemories
from service.memory.entities import (
    Entity,
    EntityKey,
    EntityRegister,
    EntityTotals,
    EntityType,
    create_entity,
    delete_entity,
    get_entity,
    list_entities,
)
from service.memory.erase import EraseEntity, Receipt
from service.memory.ports import Clock
from service.transport.call import current_call
from service.transport.chain import Context

MOST_ON_A_PAGE = 10_000

TYPES = tuple(each.value for each in EntityType)


class EntityHandlers(EntityServiceServicer):
    """Entities of the project that the API key selects."""

    def __init__(
        self,
        accounts: Accounts,
        register: EntityRegister,
        delete: DeleteMemories,
        erase: EraseEntity,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._register = register
        self._delete = delete
        self._erase = erase
        self._now = clock

    async def ListEntities(
        self, request: pb.ListEntitiesRequest, context: Context
    ) -> pb.ListEntitiesResponse:
        """Lists entities by type and name."""
        fields = Fields()
        page = page_from(given_in(request), fields, usual=MOST_ON_A_PAGE, most=MOST_ON_A_PAGE)
        wanted = _type_from(request.entity_type, fields) if request.HasField("entity_type") else None
        project_id = await admit(self._accounts, request, fields)
        found = await list_entities(self._register, project_id, wanted, page)
        return pb.ListEntitiesResponse(
            count=found.listing.count,
            entities=[_entity_proto(entity) for entity in found.listing.items],
            totals=_totals_proto(found.totals),
            page=page.number,
            page_size=page.size,
        )

    async def GetEntity(self, request: pb.GetEntityRequest, context: Context) -> pb.GetEntityResponse:
        """Gives one entity."""
        fields = Fields()
        key = _key_from(request.entity_type, request.entity_id, fields)
        project_id = await admit(self._accounts, request, fields)
        return pb.GetEntityResponse(entity=_entity_proto(await get_entity(self._register, project_id, key)))

    async def CreateEntity(
        self, request: pb.CreateEntityRequest, context: Context
    ) -> pb.CreateEntityResponse:
        """Makes an entity by hand."""
        fields = Fields()
        key = _key_given(request, fields)
        metadata = fields.json_object("metadata", request.metadata) if request.metadata else None
        project_id = await admit(self._accounts, request, fields, writes=True)
        if request.validate_only:
            return pb.CreateEntityResponse()
        entity = await create_entity(self._register, self._now, project_id, key, metadata)
        return pb.CreateEntityResponse(entity=_entity_proto(entity))

    async def DeleteEntity(
        self, request: pb.DeleteEntityRequest, context: Context
    ) -> pb.DeleteEntityResponse:
        """Deletes an entity with all its memories."""
        fields = Fields()
        key = _key_from(request.entity_type, request.entity_id, fields)
        project_id = await admit(self._accounts, request, fields, writes=True)
        if request.validate_only:
            return pb.DeleteEntityResponse()
        call = current_call()
        actor = call.principal.key_id
        if request.erase:
            receipt = await self._erase(project_id, key, actor, call.deadline)
            return pb.DeleteEntityResponse(count=receipt.memories, receipt=_receipt_proto(receipt))
        count = await delete_entity(self._register, self._delete, project_id, key, actor)
        return pb.DeleteEntityResponse(count=count)

    async def ListEntityFilters(
        self, request: pb.ListEntityFiltersRequest, context: Context
    ) -> pb.ListEntityFiltersResponse:
        """Says by which fields memories can be filtered for an entity."""
        project_id = await admit(self._accounts, request, Fields())
        totals = (await self._register.stats(project_id)).totals
        return pb.ListEntityFiltersResponse(
            filters=[
                pb.EntityFilter(type=_type_proto(each), field=each.field, total=totals[each])
                for each in EntityType
            ]
        )

    async def GetStats(self, request: pb.GetStatsRequest, context: Context) -> pb.GetStatsResponse:
        """Counts what the project has."""
        project_id = await admit(self._accounts, request, Fields())
        stats = await self._register.stats(project_id)
        return pb.GetStatsResponse(
            total_memories=stats.total_memories,
            total_add_events=stats.total_add_events,
            totals=_totals_proto(stats.totals),
        )


def _type_from(text: str, fields: Fields) -> EntityType:
    if text in TYPES:
        return EntityType(text)
    fields.wrong("entity_type", f"Invalid entity type: entity_type must be one of: {', '.join(TYPES)}")
    return EntityType.USER


def _key_from(kind: str, entity_id: str, fields: Fields) -> EntityKey:
    return EntityKey(_type_from(kind, fields), fields.identifier("entity_id", entity_id) or "")


def _key_given(request: pb.CreateEntityRequest, fields: Fields) -> EntityKey:
    """The one id that is given, under the name of its type."""
    given = given_in(request)
    ids = [(name, given[name]) for name in SCOPE_FIELDS if name in given]
    if len(ids) != 1:
        fields.wrong("user_id", f"Exactly one of {', '.join(SCOPE_FIELDS)} is required")
        return EntityKey(EntityType.USER, "")
    ((name, entity_id),) = ids
    return EntityKey(EntityType(name.removesuffix("_id")), fields.identifier(name, entity_id) or "")


def _entity_proto(entity: Entity) -> pb.Entity:
    return pb.Entity(
        id=entity.key.id,
        type=_type_proto(entity.key.type),
        created_at=timestamp(entity.created_at),
        updated_at=timestamp(entity.updated_at),
        total_memories=entity.total_memories,
        owner=current_call().principal.organization_id,
        metadata="" if entity.metadata is None else dumps(entity.metadata),
    )


def _receipt_proto(receipt: Receipt) -> pb.ErasureReceipt:
    return pb.ErasureReceipt(
        id=receipt.id,
        erased_at=timestamp(receipt.at),
        memories=receipt.memories,
        versions=receipt.versions,
        changes=receipt.changes,
        requests=receipt.requests,
        feedback=receipt.feedback,
        exports=receipt.exports,
        previews=receipt.previews,
        vectors=receipt.vectors,
    )


def _type_proto(kind: EntityType) -> pb.EntityType.ValueType:
    return pb.EntityType.Value(f"ENTITY_TYPE_{kind.value.upper()}")


def _totals_proto(totals: EntityTotals) -> pb.EntityTotals:
    return pb.EntityTotals(
        users=totals[EntityType.USER],
        agents=totals[EntityType.AGENT],
        apps=totals[EntityType.APP],
        runs=totals[EntityType.RUN],
    )
