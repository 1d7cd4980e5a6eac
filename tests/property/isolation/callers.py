"""Callers of three projects, and what each may and does learn."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any, TypeAlias

import grpc
from google.protobuf.message_factory import GetMessageClass

from service.ledger.database import Database
from tests.property.isolation.answers import Answer, call, strings_in
from tests.property.isolation.leaks import Belongings
from tests.property.isolation.methods import METHODS
from tests.property.isolation.tenants import Key, Project, settle
from tests.property.isolation.world import Books

Selection: TypeAlias = tuple[str, int] | None
"""A field that selects a project, and whose id or name it holds; 3 is nobody's."""

Caller: TypeAlias = tuple[int, Selection]
"""The number of a key, and what it selects."""

NOBODY = 3
ID_FIELDS = {
    "memories": "memory_id",
    "past": "memory_id",
    "adds": "event_id",
    "exports": "memory_export_id",
    "jobs": "job_id",
    "webhooks": "webhook_id",
}
"""In which field of a request the id of a thing stands."""

FAULTS = {"INTERNAL", "UNKNOWN", "UNAVAILABLE", "DEADLINE_EXCEEDED"}


class Callers:
    """Asks on behalf of every key, and holds each answer to what its caller may learn.

    Args:
        channel: to the service.
        database: of the service, to make organizations, projects and keys in.
    """

    def __init__(self, channel: grpc.Channel, database: Database) -> None:
        self._channel = channel
        self.tenants = settle(database, datetime.now(UTC))
        self.books = {project.id: Books() for project in self.tenants.projects}
        self.belongings = Belongings()
        self.known: dict[str, list[str]] = {of: [] for of in ID_FIELDS}
        """The ids of all things there ever were, of all projects, by the field of `Books` that knows them."""
        self.called: set[str] = set()
        self.changed = False
        """Whether anything may have changed since somebody looked."""
        self._words = 0
        for project in self.tenants.projects:
            self.belongings.note(project.id, project.id)

    def send(self, key: Key, name: str, fields: dict[str, Any], readable: set[str]) -> Answer:
        """Calls a method; nothing of projects other than the readable ones may come back."""
        method = METHODS[name]
        request = GetMessageClass(method.input_type)(**fields)
        answer = call(self._channel, method, request, key.secret)
        self.called.add(name)
        assert answer.code not in FAULTS, answer
        assert self.belongings.leaks(answer, readable, list(strings_in(request))) == []
        return answer

    def ask(
        self, caller: Caller, name: str, *, writes: bool = False, **fields: Any
    ) -> tuple[Project, Answer] | None:
        """Calls a method as a caller. None: it may not, and learns nothing else."""
        key, selection = self.tenants.keys[caller[0]], caller[1]
        project = self.meant(caller)
        readable = set() if project is None else {project.id}
        answer = self.send(key, name, fields | self._selected(selection), readable)
        if project is None:
            assert selection is not None
            nobody = self.send(key, name, fields | self._selected((selection[0], NOBODY)), readable)
            assert answer.reason == "PERMISSION_DENIED"
            assert answer.shape == nobody.shape
            return None
        if writes and not key.writes:
            assert answer.reason == "READ_ONLY_KEY"
            return None
        self.changed |= writes
        return project, answer

    def ask_about(
        self, caller: Caller, name: str, of: str, wanted: str, *, writes: bool = False, **fields: Any
    ) -> tuple[Project, Answer] | None:
        """Calls a method about one thing. None: the caller has no such thing; it looks as if nobody had.

        Args:
            caller: who.
            name: the method.
            of: the field of `Books` that knows such things.
            wanted: the id.
            writes: the method changes something.
            fields: what else the request holds.
        """
        asked = self.ask(caller, name, writes=writes, **fields, **{ID_FIELDS[of]: wanted})
        if asked is None:
            return None
        project, answer = asked
        if wanted.lower() in getattr(self.books[project.id], of):
            assert answer.ok, answer
            return project, answer
        unknown = {ID_FIELDS[of]: str(uuid.uuid4())}
        nothing = self.ask(caller, name, writes=writes, **fields, **unknown)
        assert nothing is not None
        assert answer.code == "NOT_FOUND"
        assert answer.shape == nothing[1].shape
        return None

    def meant(self, caller: Caller) -> Project | None:
        """The project that a call is for; None where the caller may not use it."""
        key, selection = self.tenants.keys[caller[0]], caller[1]
        if selection is None:
            return key.home
        name, number = selection
        if number == NOBODY:
            return None
        asked = _selecting(self.tenants.projects[number], name)
        fitting = key.reach if name.startswith("project") else (key.home,)
        return next((project for project in fitting if _selecting(project, name) == asked), None)

    def word(self, caller: Caller) -> str:
        """A word that is said in the project of this call alone."""
        self._words += 1
        word = f"Zorb{self._words}q"
        project = self.meant(caller) or self.tenants.keys[caller[0]].home
        self.belongings.note(word, project.id)
        return word

    def any_id(self, caller: Caller, of: str, place: int) -> str:
        """The id of some thing: half the time one of the caller's, else anybody's, in either case."""
        project = self.meant(caller)
        own = list(getattr(self.books[project.id], of)) if project is not None and place % 2 else []
        chosen = own or self.known[of]
        wanted = chosen[place % len(chosen)]
        return wanted.upper() if place % 7 == 0 else wanted

    def learn(self, of: str, wanted: str, project: Project) -> None:
        """A thing of a project has this id."""
        self.belongings.note(wanted, project.id)
        if wanted not in self.known[of]:
            self.known[of].append(wanted)

    def _selected(self, selection: Selection) -> dict[str, str]:
        if selection is None:
            return {}
        name, number = selection
        nobody = str(uuid.uuid4())
        return {name: nobody if number == NOBODY else _selecting(self.tenants.projects[number], name)}


def _selecting(project: Project, name: str) -> str:
    return {
        "project_id": project.id,
        "project_name": project.name,
        "org_id": project.organization_id,
        "org_name": project.organization_name,
    }[name]
