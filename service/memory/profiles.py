"""Profiles: what is known of a user, as one document of a JSON Schema that the project chooses."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from service.memory.entities import EntityKey, EntityRegister, EntityType, get_entity
from service.memory.errors import Failure, NotFound
from service.memory.json_schema import Schema
from service.memory.model import RequestStatus

JOB_NOT_FOUND = "Profile job not found!"


def _text(description: str) -> Mapping[str, object]:
    return {"type": ["string", "null"], "description": description}


def _texts(description: str) -> Mapping[str, object]:
    return {"type": "array", "items": {"type": "string"}, "description": description}


DEFAULT_SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "name": _text("What the person is called"),
        "location": _text("Where the person lives"),
        "occupation": _text("What the person does for a living, and for whom"),
        "family": _texts("Partner, children, relatives and pets of the person"),
        "interests": _texts("Hobbies, and what the person loves to do"),
        "food": _texts("What the person eats and drinks, diets and allergies"),
        "dislikes": _texts("What the person hates or avoids"),
        "plans": _texts("Plans, goals and appointments of the person"),
    },
    "additionalProperties": False,
}
"""The form of profiles in a project that has none of its own."""


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """How a project wants profiles."""

    enabled: bool = False
    schema: Schema | None = None
    """None: `DEFAULT_SCHEMA`."""
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileChanges:
    """What to change of the settings. None: leave it as it is; empty: back to the default."""

    enabled: bool | None = None
    schema: Schema | None = None
    instructions: str | None = None


class ProfileStatus(enum.Enum):
    """What a client may make of a profile."""

    SUCCEEDED = "SUCCEEDED"
    PENDING = "PENDING"
    FAILED = "FAILED"
    NOT_ENABLED = "NOT_ENABLED"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class TaskStatus(enum.Enum):
    """How far the making of one profile has come."""

    PENDING = RequestStatus.PENDING.value
    RUNNING = RequestStatus.RUNNING.value
    SUCCEEDED = RequestStatus.SUCCEEDED.value
    FAILED = RequestStatus.FAILED.value
    SKIPPED = "SKIPPED"
    """There was nothing to make it from."""


@dataclass(frozen=True, slots=True)
class Document:
    """A profile that was made."""

    text: str
    """A JSON object."""
    generation_count: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """The newest request for a profile, and what became of it."""

    status: TaskStatus
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Profile:
    """What there is of a user's profile."""

    document: Document | None
    """The one that was made last."""
    attempt: Attempt | None
    enabled: bool
    """Whether the project makes any."""

    @property
    def status(self) -> ProfileStatus:
        """What may be made of it."""
        if self.attempt is None or self.attempt.status is TaskStatus.SKIPPED:
            return ProfileStatus.INSUFFICIENT_DATA if self.enabled else ProfileStatus.NOT_ENABLED
        if self.attempt.status is TaskStatus.RUNNING:
            return ProfileStatus.PENDING
        return ProfileStatus(self.attempt.status.value)


class Profiles(Protocol):
    """Keeps profiles and how a project wants them. Every method is one transaction."""

    async def settings(self, project_id: str) -> ProfileSettings:
        """How the project wants profiles."""

    async def change_settings(self, project_id: str, changes: ProfileChanges) -> ProfileSettings:
        """Changes that, and gives all of it."""

    async def profile(self, project_id: str, user_id: str) -> Profile:
        """What there is of a user's profile."""


async def get_profile(profiles: Profiles, register: EntityRegister, project_id: str, user_id: str) -> Profile:
    """What there is of a user's profile.

    Raises:
        NotFound: the project has no such user.
    """
    await get_entity(register, project_id, EntityKey(EntityType.USER, user_id))
    return await profiles.profile(project_id, user_id)


@dataclass(frozen=True, slots=True)
class ProfileFailure:
    """A profile that could not be made. `user_id` is None when the user was deleted."""

    user_id: str | None
    failure: Failure


@dataclass(frozen=True, slots=True)
class ProfileJob:
    """A request for profiles, and what became of it."""

    id: str
    operation: str
    payload_digest: str
    created_at: datetime
    counts: Mapping[TaskStatus, int]
    user_ids: Sequence[str]
    failures: Sequence[ProfileFailure]

    @property
    def total(self) -> int:
        """How many profiles were asked for."""
        return sum(self.counts.values())

    @property
    def completed(self) -> int:
        """How many of them are done with."""
        return self.total - self.count(TaskStatus.PENDING) - self.count(TaskStatus.RUNNING)

    def count(self, status: TaskStatus) -> int:
        """How many are in this state."""
        return self.counts.get(status, 0)

    @property
    def status(self) -> RequestStatus:
        """How far it has come."""
        if self.completed == self.total:
            return RequestStatus.FAILED if self.count(TaskStatus.FAILED) else RequestStatus.SUCCEEDED
        begun = self.completed or self.count(TaskStatus.RUNNING)
        return RequestStatus.RUNNING if begun else RequestStatus.PENDING


class JobReader(Protocol):
    """Finds requests for profiles. Every method is one transaction."""

    async def job(self, project_id: str, job_id: str) -> ProfileJob | None:
        """A request of the project, if it has one of that id."""


async def get_profile_job(jobs: JobReader, project_id: str, job_id: str) -> ProfileJob:
    """A request for profiles, and what became of it.

    Raises:
        NotFound: the project has no such request.
    """
    job = await jobs.job(project_id, job_id)
    if job is None:
        raise NotFound(JOB_NOT_FOUND, reason="PROFILE_JOB_NOT_FOUND")
    return job
