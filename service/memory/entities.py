"""Whom memories are about: users, agents, applications and runs.

An entity is there as long as a memory carries its id, or when it was made by hand.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from service.memory.edit import DeleteMemories
from service.memory.errors import NotFound
from service.memory.filters.grammar import IdField, OneOf
from service.memory.model import Metadata
from service.memory.pages import Listing, PageRequest, within
from service.memory.ports import Clock

ENTITY_NOT_FOUND = "Entity not found!"


class EntityType(enum.Enum):
    """What kind of entity."""

    USER = "user"
    AGENT = "agent"
    APP = "app"
    RUN = "run"

    @property
    def field(self) -> IdField:
        """The field of a memory that holds its id."""
        return cast("IdField", f"{self.value}_id")


@dataclass(frozen=True, slots=True)
class EntityKey:
    """Which entity of a project."""

    type: EntityType
    id: str


@dataclass(frozen=True, slots=True)
class Entity:
    """Somebody or something that memories are about."""

    key: EntityKey
    total_memories: int
    """How many memories carry its id, expired ones included."""
    metadata: Metadata | None
    created_at: datetime
    """When it was made, or when its oldest memory was, whichever came first."""
    updated_at: datetime
    """When it or one of its memories changed last."""


EntityTotals = Mapping[EntityType, int]
"""How many entities there are of each type."""


@dataclass(frozen=True, slots=True)
class EntityListing:
    """One page of entities, and how many there are in the whole project."""

    listing: Listing[Entity]
    totals: EntityTotals


@dataclass(frozen=True, slots=True)
class Stats:
    """What a project has."""

    total_memories: int
    total_add_events: int
    totals: EntityTotals


class EntityRegister(Protocol):
    """Knows the entities of a project. Every method is one transaction."""

    async def entity(self, project_id: str, key: EntityKey) -> Entity | None:
        """The entity, if it is there."""

    async def entities(self, project_id: str, wanted: EntityType | None, page: PageRequest) -> EntityListing:
        """A page of the entities, by type and id; of one type only if one is given."""

    async def put_entity(
        self, project_id: str, key: EntityKey, metadata: Metadata | None, at: datetime
    ) -> None:
        """Makes an entity by hand, or replaces the metadata of one that was made so."""

    async def forget_entity(self, project_id: str, key: EntityKey) -> None:
        """Forgets what was made by hand, and the profile. Memories stay."""

    async def stats(self, project_id: str) -> Stats:
        """What the project has."""


async def get_entity(register: EntityRegister, project_id: str, key: EntityKey) -> Entity:
    """An entity.

    Raises:
        NotFound: the project has none of that type and id.
    """
    entity = await register.entity(project_id, key)
    if entity is None:
        raise NotFound(ENTITY_NOT_FOUND, reason="ENTITY_NOT_FOUND")
    return entity


async def list_entities(
    register: EntityRegister, project_id: str, wanted: EntityType | None, page: PageRequest
) -> EntityListing:
    """A page of the entities, by type and id; of one type only if one is given.

    Raises:
        NotFound: the page lies beyond the end.
    """
    found = await register.entities(project_id, wanted, page)
    within(page, found.listing)
    return found


async def create_entity(
    register: EntityRegister, clock: Clock, project_id: str, key: EntityKey, metadata: Metadata | None
) -> Entity:
    """Makes an entity by hand, or replaces the metadata of one that is there."""
    await register.put_entity(project_id, key, metadata, clock())
    return await get_entity(register, project_id, key)


async def delete_entity(
    register: EntityRegister, delete: DeleteMemories, project_id: str, key: EntityKey, actor: str
) -> int:
    """Deletes an entity with all memories that carry its id, and says how many these were.

    One that is not there is deleted already. Should the process end in between, the memories are gone, the
    entity is still there, and the call may be repeated.
    """
    count = await delete.matching(project_id, OneOf(key.type.field, (key.id,)), actor)
    await register.forget_entity(project_id, key)
    return count
