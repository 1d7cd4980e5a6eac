"""What is asked about a project as a whole: its requests, its entities, its counts, its exports."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from memoryd.v1.entity_service_pb2 import Entity, EntityTotals, EntityType
from memoryd.v1.memory_pb2 import EVENT_STATUS_PENDING, EVENT_STATUS_RUNNING, EVENT_STATUS_SUCCEEDED

from tests.property.isolation.answers import Answer
from tests.property.isolation.callers import Caller, Callers
from tests.property.isolation.memory_steps import places, readers, writers
from tests.property.isolation.picks import ANYBODY, Pick, picks, users
from tests.property.isolation.tenants import Project
from tests.property.isolation.world import EVENTS, SCOPE_FIELDS, Books, Named

ROW = {"type": "object", "properties": {"memory_id": {"type": "string"}, "memory": {"type": "string"}}}
ROWS = json.dumps({"type": "object", "properties": {"facts": {"type": "array", "items": ROW}}})
EXPORT_SECONDS = 20.0

entities = st.tuples(st.sampled_from(SCOPE_FIELDS), users)


class LedgerSteps(RuleBasedStateMachine):
    """What is asked about projects."""

    callers: Callers

    @initialize()
    def order(self) -> None:
        """Every project has an export."""
        for number, _ in enumerate(self.callers.tenants.projects):
            self.export((number, None), ANYBODY)

    @rule(caller=readers, status=st.none() | st.sampled_from(["SUCCEEDED", "FAILED"]))
    def events(self, caller: Caller, status: str | None) -> None:
        """A project lists and counts its own requests."""
        fields: dict[str, Any] = {"page_size": 200} | ({} if status is None else {"status": status})
        if asked := self.callers.ask(caller, "ListEvents", **fields):
            project, answer = asked
            assert answer.ok, answer
            adds = [] if status == "FAILED" else self.callers.books[project.id].adds
            assert {event.id for event in answer.message.events} == set(adds)
            assert answer.message.count == len(adds)

    @precondition(lambda machine: machine.callers.known["adds"])
    @rule(caller=readers, place=places)
    def event(self, caller: Caller, place: int) -> None:
        """A request is shown to its own project."""
        event_id = self.callers.any_id(caller, "adds", place)
        if found := self.callers.ask_about(caller, "GetEvent", "adds", event_id):
            assert found[1].message.event.id == event_id.lower()
            assert {change.id for change in found[1].message.event.results} <= self.books(
                found[0]
            ).past.keys()

    @rule(caller=readers)
    def watch(self, caller: Caller) -> None:
        """A project follows its own changes, in their order."""
        if asked := self.callers.ask(caller, "WatchEvents", from_beginning=True, until_now=True):
            project, answer = asked
            assert answer.ok, answer
            told: dict[str, list[str]] = {}
            for change in answer.message.changes:
                told.setdefault(change.memory_id, []).append(EVENTS[change.event])
            past = self.books(project).past
            assert told == {memory: [event for event, *_ in entries] for memory, entries in past.items()}

    @precondition(lambda machine: machine.callers.known["adds"])
    @rule(caller=writers, place=places)
    def retry(self, caller: Caller, place: int) -> None:
        """A request of one's own that did not fail cannot be retried; another's is not there."""
        event_id = self.callers.any_id(caller, "adds", place)
        if asked := self.callers.ask(caller, "RetryEvent", writes=True, event_id=event_id):
            project, answer = asked
            own = event_id.lower() in self.books(project).adds
            assert answer.reason == ("EVENT_NOT_FAILED" if own else "EVENT_NOT_FOUND"), answer

    @rule(caller=readers, kind=st.none() | st.sampled_from(SCOPE_FIELDS))
    def list_entities(self, caller: Caller, kind: str | None) -> None:
        """A project lists and counts its own entities."""
        fields: dict[str, Any] = {"page_size": 200} | (
            {} if kind is None else {"entity_type": kind.removesuffix("_id")}
        )
        if asked := self.callers.ask(caller, "ListEntities", **fields):
            project, answer = asked
            assert answer.ok, answer
            known = self.books(project).entities
            wanted = {each: total for each, total in known.items() if kind in {None, each[0]}}
            assert {_named(each): each.total_memories for each in answer.message.entities} == wanted
            assert answer.message.count == len(wanted)
            check_totals(answer.message.totals, self.books(project))

    @rule(caller=readers, named=entities)
    def get_entity(self, caller: Caller, named: Named) -> None:
        """An entity is shown to its own project; one of another looks as if there were none."""
        if asked := self.callers.ask(caller, "GetEntity", **_naming(named)):
            project, answer = asked
            known = self.books(project).entities
            if named in known:
                assert answer.ok, answer
                assert (_named(answer.message.entity), answer.message.entity.total_memories) == (
                    named,
                    known[named],
                )
            else:
                nothing = self.callers.ask(caller, "GetEntity", **_naming((named[0], "nobody at all")))
                assert nothing is not None
                assert answer.code == "NOT_FOUND"
                assert answer.shape == nothing[1].shape

    @rule(caller=writers, named=entities)
    def create_entity(self, caller: Caller, named: Named) -> None:
        """An entity that is made by hand is made in the project."""
        if asked := self.callers.ask(caller, "CreateEntity", writes=True, **{named[0]: named[1]}):
            project, answer = asked
            assert answer.ok, answer
            self.books(project).by_hand.add(named)
            assert answer.message.entity.total_memories == self.books(project).entities[named]

    @rule(caller=writers, named=entities)
    def delete_entity(self, caller: Caller, named: Named) -> None:
        """Deleting an entity deletes its memories in the project, and counts nothing else."""
        if asked := self.callers.ask(caller, "DeleteEntity", writes=True, **_naming(named)):
            project, answer = asked
            assert answer.ok, answer
            chosen = self.books(project).chosen(lambda held: held.get(named[0]) == named[1])
            assert answer.message.count == len(chosen)
            self.books(project).delete(chosen)
            self.books(project).by_hand.discard(named)

    @rule(caller=readers)
    def stats(self, caller: Caller) -> None:
        """A project counts what is its own."""
        if asked := self.callers.ask(caller, "GetStats"):
            project, answer = asked
            books = self.books(project)
            said = (answer.message.total_memories, answer.message.total_add_events)
            assert said == (len(books.memories), len(books.adds))
            check_totals(answer.message.totals, books)

    @rule(caller=readers)
    def entity_filters(self, caller: Caller) -> None:
        """So it does by the fields that memories are filtered by."""
        if asked := self.callers.ask(caller, "ListEntityFilters"):
            project, answer = asked
            totals = {each.field: each.total for each in answer.message.filters}
            assert totals == count_by_field(self.books(project))

    @rule(caller=readers, pick=picks(ANYBODY))
    def summary(self, caller: Caller, pick: Pick) -> None:
        """A summary is made from the project's memories."""
        fields, choose = pick
        if asked := self.callers.ask(caller, "SummarizeMemories", **fields):
            project, answer = asked
            assert answer.ok, answer
            assert answer.message.total == len(self.books(project).chosen(choose))

    @rule(caller=writers, pick=picks(ANYBODY))
    def export(self, caller: Caller, pick: Pick) -> None:
        """An export is made from the project's memories."""
        fields, choose = pick
        if asked := self.callers.ask(caller, "CreateExport", writes=True, schema=ROWS, **fields):
            project, answer = asked
            assert answer.ok, answer
            export_id = answer.message.id
            self.callers.learn("exports", export_id, project)
            chosen = self.books(project).chosen(choose).values()
            self.books(project).exports[export_id] = {held.id: held.text for held in chosen}
            self._see_to_its_end(caller, export_id)

    @precondition(lambda machine: machine.callers.known["exports"])
    @rule(caller=readers, place=places)
    def get_export(self, caller: Caller, place: int) -> None:
        """An export is given to its own project."""
        export_id = self.callers.any_id(caller, "exports", place)
        if found := self.callers.ask_about(caller, "GetExport", "exports", export_id):
            self._check_export(*found)

    def books(self, project: Project) -> Books:
        """What the model holds for a project."""
        return self.callers.books[project.id]

    def _see_to_its_end(self, caller: Caller, export_id: str) -> None:
        limit = time.monotonic() + EXPORT_SECONDS
        while True:
            found = self.callers.ask(caller, "GetExport", memory_export_id=export_id)
            assert found is not None
            assert found[1].ok, found[1]
            if found[1].message.status not in {EVENT_STATUS_PENDING, EVENT_STATUS_RUNNING}:
                break
            assert time.monotonic() < limit
            time.sleep(0.02)
        self._check_export(*found)

    def _check_export(self, project: Project, answer: Answer) -> None:
        message = answer.message
        assert message.status == EVENT_STATUS_SUCCEEDED, message
        rows = json.loads(message.result).get("facts", [])
        assert {row["memory_id"]: row["memory"] for row in rows} == self.books(project).exports[message.id]


def check_totals(totals: EntityTotals, books: Books) -> None:
    """How many entities there are of each kind."""
    said = {"user_id": totals.users, "agent_id": totals.agents, "app_id": totals.apps, "run_id": totals.runs}
    assert said == count_by_field(books)


def count_by_field(books: Books) -> dict[str, int]:
    """How many entities the model has by their field."""
    return {name: sum(named[0] == name for named in books.entities) for name in SCOPE_FIELDS}


def _naming(named: Named) -> dict[str, Any]:
    return {"entity_type": named[0].removesuffix("_id"), "entity_id": named[1]}


def _named(entity: Entity) -> Named:
    return EntityType.Name(entity.type).removeprefix("ENTITY_TYPE_").lower() + "_id", entity.id
