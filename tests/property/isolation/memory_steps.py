"""Every operation, by every kind of key, on ids of everybody; after each step a project holds its own."""

from __future__ import annotations

import json
import uuid
from typing import Any

import grpc
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from service.ledger.database import Database
from tests.property.isolation.answers import Answer
from tests.property.isolation.callers import NOBODY, Caller, Callers
from tests.property.isolation.picks import ANYBODY, EVERYTHING, PHRASES, Pick, picks, scopes, tags
from tests.property.isolation.tenants import Project
from tests.property.isolation.world import EVENTS, Held, Scope, canonical, held_from

BATCH_TEXT = "Changed with others"

selections = st.tuples(
    st.sampled_from(["project_id", "project_name", "org_id", "org_name"]), st.integers(0, NOBODY)
)
readers = st.tuples(st.integers(0, 6), st.none() | st.none() | selections)
writers = st.tuples(st.sampled_from([0, 1, 2, 5, 5, 3]), st.none() | st.none() | selections)
places = st.integers(0, 60)
there_is_a_memory = precondition(lambda machine: machine.callers.known["memories"])


class MemorySteps(RuleBasedStateMachine):
    """What is done with memories.

    Args:
        channel: to the service.
        database: of the service.
    """

    def __init__(self, channel: grpc.Channel, database: Database) -> None:
        super().__init__()
        self.callers = Callers(channel, database)

    @initialize(chosen=st.lists(scopes(), min_size=1, max_size=3))
    def settle(self, chosen: list[Scope]) -> None:
        """Every project knows the same of the same people."""
        for scope in chosen:
            for number, _ in enumerate(self.callers.tenants.projects):
                self.say((number, None), scope, PHRASES[0], None, infer=False)

    @rule(
        caller=writers,
        scope=scopes(),
        phrase=st.sampled_from(PHRASES),
        tag=st.none() | tags,
        infer=st.booleans(),
    )
    def add(self, caller: Caller, scope: Scope, phrase: str, tag: str | None, *, infer: bool) -> None:
        """What is said in a scope is stored there, and changes nothing elsewhere."""
        self.say(caller, scope, phrase, tag, infer=infer)

    def say(self, caller: Caller, scope: Scope, phrase: str, tag: str | None, *, infer: bool) -> None:
        """Adds something, and notes what became of it."""
        said = phrase.format(self.callers.word(caller))
        metadata = "" if tag is None else json.dumps({"tag": tag})
        fields: dict[str, Any] = {"messages": [{"role": "user", "content": said}], "metadata": metadata}
        asked = self.callers.ask(caller, "AddMemories", writes=True, infer=infer, **fields, **dict(scope))
        if asked is None:
            return
        project, answer = asked
        assert answer.ok, answer
        assert infer or [event.data.memory for event in answer.message.results] == [said]
        self.added(project, answer, scope, metadata)

    def added(self, project: Project, answer: Answer, scope: Scope, metadata: str) -> None:
        """Notes what an add says that it did."""
        books = self.callers.books[project.id]
        books.adds.append(answer.message.event_id)
        self.callers.learn("adds", answer.message.event_id, project)
        for event in answer.message.results:
            self.callers.learn("memories", event.id, project)
            self.callers.learn("past", event.id, project)
            books.happened(event, scope, canonical(metadata))

    @rule(caller=writers, other=writers, scope=scopes(), phrase=st.sampled_from(PHRASES), infer=st.booleans())
    def preview(self, caller: Caller, other: Caller, scope: Scope, phrase: str, *, infer: bool) -> None:
        """A plan is committed by its own project; to others it looks as if there were none."""
        said = phrase.format(self.callers.word(caller))
        fields: dict[str, Any] = {"messages": [{"role": "user", "content": said}], "infer": infer}
        asked = self.callers.ask(caller, "PreviewMemories", writes=True, **fields, **dict(scope))
        if asked is None:
            return
        project, answer = asked
        assert answer.ok, answer
        plan_id = answer.message.plan_id
        self.callers.belongings.note(plan_id, project.id)
        committed = self.callers.ask(other, "CommitPreview", writes=True, plan_id=plan_id)
        if committed is None:
            return
        meant, done = committed
        if meant.id == project.id:
            assert done.ok, done
            self.added(project, done, scope, "")
            return
        nothing = self.callers.ask(other, "CommitPreview", writes=True, plan_id=str(uuid.uuid4()))
        assert nothing is not None
        assert done.code == "NOT_FOUND"
        assert done.shape == nothing[1].shape

    @there_is_a_memory
    @rule(caller=readers, place=places)
    def past(self, caller: Caller, place: int) -> None:
        """What a memory said is given to its own project, also after its end, alone and in lists."""
        memory_id = self.callers.any_id(caller, "past", place)
        if found := self.callers.ask_about(caller, "GetMemory", "past", memory_id, include_superseded=True):
            project, answer = found
            texts = [after for _, _, after in self.callers.books[project.id].past[memory_id.lower()] if after]
            assert answer.message.memory.memory == texts[-1]
        if asked := self.callers.ask(
            caller, "ListMemories", page_size=200, include_superseded=True, **EVERYTHING[0]
        ):
            project, answer = asked
            past = self.callers.books[project.id].past
            assert {memory.id for memory in answer.message.memories} == past.keys()
            assert answer.message.count == sum(bool(after) for each in past.values() for _, _, after in each)

    @there_is_a_memory
    @rule(caller=readers, place=places)
    def get(self, caller: Caller, place: int) -> None:
        """A memory is given to its own project."""
        memory_id = self.callers.any_id(caller, "past", place)
        if found := self.callers.ask_about(caller, "GetMemory", "memories", memory_id):
            project, answer = found
            assert (
                held_from(answer.message.memory) == self.callers.books[project.id].memories[memory_id.lower()]
            )

    @there_is_a_memory
    @rule(caller=readers, place=places)
    def history(self, caller: Caller, place: int) -> None:
        """The history of a memory is given to its own project, also after its end."""
        memory_id = self.callers.any_id(caller, "past", place)
        if found := self.callers.ask_about(caller, "ListMemoryHistory", "past", memory_id):
            project, answer = found
            entries = [each for each in answer.message.entries if each.memory_id == memory_id.lower()]
            told = [(EVENTS[each.event], each.old_memory, each.new_memory) for each in entries]
            assert told == self.callers.books[project.id].past[memory_id.lower()]

    @rule(caller=readers, pick=picks(EVERYTHING, ANYBODY))
    def listing(self, caller: Caller, pick: Pick) -> None:
        """A list holds what the filter picks of the project, and counts nothing else."""
        fields, choose = pick
        if asked := self.callers.ask(caller, "ListMemories", page_size=200, **fields):
            project, answer = asked
            check_list(answer, self.callers.books[project.id].chosen(choose))

    @rule(
        caller=readers, pick=picks(EVERYTHING, ANYBODY), phrase=st.sampled_from(PHRASES), rerank=st.booleans()
    )
    def search(self, caller: Caller, pick: Pick, phrase: str, *, rerank: bool) -> None:
        """A search without a threshold finds everything in its scope and nothing else."""
        fields, choose = pick
        how: dict[str, Any] = {"query": phrase, "top_k": 1000, "rerank": rerank}
        if asked := self.callers.ask(caller, "SearchMemories", **how, **fields):
            project, answer = asked
            assert answer.ok, answer
            found = {memory.id: held_from(memory) for memory in answer.message.memories}
            assert found == self.callers.books[project.id].chosen(choose)

    @there_is_a_memory
    @rule(caller=writers, place=places)
    def update(self, caller: Caller, place: int) -> None:
        """A memory is changed by its own project."""
        memory_id, text = self.callers.any_id(caller, "past", place), f"Likes {self.callers.word(caller)}"
        if found := self.callers.ask_about(
            caller, "UpdateMemory", "memories", memory_id, writes=True, text=text
        ):
            self.callers.books[found[0].id].update(memory_id.lower(), text)

    @there_is_a_memory
    @rule(caller=writers, place=places)
    def delete(self, caller: Caller, place: int) -> None:
        """A memory is deleted by its own project."""
        memory_id = self.callers.any_id(caller, "past", place)
        if found := self.callers.ask_about(caller, "DeleteMemory", "memories", memory_id, writes=True):
            self.callers.books[found[0].id].delete([memory_id.lower()])

    @rule(caller=writers, pick=picks(EVERYTHING))
    def delete_matching(self, caller: Caller, pick: Pick) -> None:
        """Deleting what a filter picks deletes it in the project, and counts nothing else."""
        fields, choose = pick
        if asked := self.callers.ask(caller, "DeleteMemories", writes=True, **fields):
            project, answer = asked
            books = self.callers.books[project.id]
            chosen = books.chosen(choose)
            assert answer.ok, answer
            assert answer.message.count == len(chosen)
            books.delete(chosen)

    @there_is_a_memory
    @rule(
        caller=writers,
        chosen=st.lists(places, min_size=1, max_size=3),
        name=st.sampled_from(["Update", "Delete"]),
    )
    def batch(self, caller: Caller, chosen: list[int], name: str) -> None:
        """A batch with one memory of another project does what one with an unknown memory does: nothing."""
        memory_ids = list(
            dict.fromkeys(self.callers.any_id(caller, "past", place).lower() for place in chosen)
        )
        asked = self.callers.ask(caller, f"Batch{name}Memories", writes=True, **batches(name, memory_ids))
        if asked is None:
            return
        project, answer = asked
        books = self.callers.books[project.id]
        if absent := set(memory_ids) - books.memories.keys():
            others = [str(uuid.uuid4()) if each in absent else each for each in memory_ids]
            nothing = self.callers.ask(caller, f"Batch{name}Memories", writes=True, **batches(name, others))
            assert nothing is not None
            assert answer.code == "NOT_FOUND"
            assert answer.shape == nothing[1].shape
        elif name == "Delete":
            assert answer.message.count == len(memory_ids)
            books.delete(memory_ids)
        else:
            for memory_id in memory_ids:
                books.update(memory_id, BATCH_TEXT)
            assert [held_from(each) for each in answer.message.memories] == [
                books.memories[each] for each in memory_ids
            ]

    @there_is_a_memory
    @rule(caller=writers, place=places)
    def feedback(self, caller: Caller, place: int) -> None:
        """An opinion is noted by the memory's own project."""
        memory_id = self.callers.any_id(caller, "past", place)
        if found := self.callers.ask_about(
            caller, "CreateFeedback", "memories", memory_id, writes=True, feedback=1
        ):
            project, answer = found
            note = answer.message.id
            feedback = self.callers.books[project.id].feedback
            assert feedback.setdefault(memory_id.lower(), note) == note
            self.callers.belongings.note(note, project.id)

    @rule(caller=readers)
    def ping(self, caller: Caller) -> None:
        """A key learns its own project."""
        if asked := self.callers.ask(caller, "Ping"):
            project, answer = asked
            said = (answer.message.project_id, answer.message.org_id)
            assert said == (project.id, project.organization_id)

    @invariant()
    def every_project_holds_its_own(self) -> None:
        """Each project lists what the model holds for it."""
        if self.callers.changed:
            self.callers.changed = False
            fields = {"page_size": 200, **EVERYTHING[0]}
            for number, project in enumerate(self.callers.tenants.projects):
                key = self.callers.tenants.keys[number]
                answer = self.callers.send(key, "ListMemories", fields, {project.id})
                check_list(answer, self.callers.books[project.id].memories)


def check_list(answer: Answer, expected: dict[str, Held]) -> None:
    """A list and its count."""
    assert answer.ok, answer
    listed = answer.message.memories
    assert {memory.id: held_from(memory) for memory in listed} == expected
    assert answer.message.count == len(expected) == len(listed)


def batches(name: str, memory_ids: list[str]) -> dict[str, Any]:
    """The fields of a batch that updates or deletes."""
    if name == "Delete":
        return {"memory_ids": memory_ids}
    return {"memories": [{"memory_id": memory_id, "text": BATCH_TEXT} for memory_id in memory_ids]}
