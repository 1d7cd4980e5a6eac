"""What is asked about profiles: those of a project's own users, made as that project wants them."""

from __future__ import annotations

import json
import time
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from memoryd.v1.profile_service_pb2 import PROFILE_JOB_STATUS_PENDING, PROFILE_JOB_STATUS_RUNNING

from tests.property.isolation.answers import Answer
from tests.property.isolation.callers import Caller, Callers
from tests.property.isolation.memory_steps import places, readers, writers
from tests.property.isolation.picks import users
from tests.property.isolation.tenants import Project
from tests.property.isolation.world import Books

ROW = {"type": "object", "properties": {"memory_id": {"type": "string"}, "memory": {"type": "string"}}}
FORM = json.dumps({"type": "object", "properties": {"facts": {"type": "array", "items": ROW}}})
JOB_SECONDS = 20.0
UNFINISHED = {PROFILE_JOB_STATUS_PENDING, PROFILE_JOB_STATUS_RUNNING}
NOBODY = "nobody at all"
KEY = "the same key in every project"


class ProfileSteps(RuleBasedStateMachine):
    """What is asked about profiles."""

    callers: Callers

    @rule(caller=writers, enabled=st.sampled_from([True, True, True, False]))
    def change_profile_settings(self, caller: Caller, *, enabled: bool) -> None:
        """Settings are the project's own."""
        word = self.callers.word(caller)
        form = {"user": {"schema": FORM, "custom_instructions": word}}
        fields: dict[str, Any] = {"enabled": enabled, "entities": form}
        if asked := self.callers.ask(caller, "UpdateProfileSettings", writes=True, **fields):
            project, answer = asked
            books = self.callers.books[project.id]
            books.makes_profiles, books.profile_instructions = enabled, word
            self._check_settings(project, answer)

    @rule(caller=readers)
    def profile_settings(self, caller: Caller) -> None:
        """So they are for who reads them."""
        if asked := self.callers.ask(caller, "GetProfileSettings"):
            self._check_settings(*asked)

    @rule(caller=writers, user=users, keyed=st.booleans())
    def make_profile(self, caller: Caller, user: str, *, keyed: bool) -> None:
        """A profile is made of the project's memories; users and keys of another project are nobody's."""
        fields: dict[str, Any] = {"operation": "trigger", "entity_id": user}
        fields |= {"idempotency_key": KEY} if keyed else {}
        if asked := self.callers.ask(caller, "CreateProfileJob", writes=True, **fields):
            project, answer = asked
            books = self.callers.books[project.id]
            if keyed and books.keyed is not None:
                assert answer.code == ("OK" if books.keyed == user else "ALREADY_EXISTS")
            elif not books.makes_profiles:
                assert answer.code == "INVALID_ARGUMENT"
            elif ("user_id", user) in books.entities:
                books.keyed = user if keyed else books.keyed
                self._await_profiles(caller, project, answer, [user])
            else:
                nobody = fields | {"entity_id": NOBODY}
                nothing = self.callers.ask(caller, "CreateProfileJob", writes=True, **nobody)
                assert nothing is not None
                assert answer.code == "NOT_FOUND"
                assert answer.shape == nothing[1].shape

    @rule(caller=writers, limit=st.integers(1, 3))
    def sample_profiles(self, caller: Caller, limit: int) -> None:
        """A sample is taken of the project's own users."""
        fields: dict[str, Any] = {"operation": "sample", "limit": limit}
        if asked := self.callers.ask(caller, "CreateProfileJob", writes=True, **fields):
            project, answer = asked
            books = self.callers.books[project.id]
            if not books.makes_profiles:
                assert answer.code == "INVALID_ARGUMENT"
                return
            known = {name[1]: total for name, total in books.entities.items() if name[0] == "user_id"}
            totals = sorted((total for total in known.values() if total), reverse=True)
            chosen = list(answer.message.entity_ids)
            assert [known[user] for user in chosen] == totals[:limit]
            self._await_profiles(caller, project, answer, chosen)

    @rule(caller=readers, user=users)
    def get_profile(self, caller: Caller, user: str) -> None:
        """A profile is shown to its own project; one of another looks as if there were none."""
        if asked := self.callers.ask(caller, "GetProfile", entity_id=user):
            project, answer = asked
            books = self.callers.books[project.id]
            if ("user_id", user) in books.entities:
                self._check_profile(books, user, answer)
            else:
                nothing = self.callers.ask(caller, "GetProfile", entity_id=NOBODY)
                assert nothing is not None
                assert answer.code == "NOT_FOUND"
                assert answer.shape == nothing[1].shape

    @precondition(lambda machine: machine.callers.known["jobs"])
    @rule(caller=readers, place=places)
    def get_profile_job(self, caller: Caller, place: int) -> None:
        """A job is shown to its own project."""
        job_id = self.callers.any_id(caller, "jobs", place)
        if found := self.callers.ask_about(caller, "GetProfileJob", "jobs", job_id):
            project, answer = found
            assert answer.message.job.total == self.callers.books[project.id].jobs[job_id.lower()]

    def _await_profiles(self, caller: Caller, project: Project, answer: Answer, chosen: list[str]) -> None:
        assert answer.ok, answer
        job_id, books = answer.message.job_id, self.callers.books[project.id]
        self.callers.learn("jobs", job_id, project)
        books.jobs[job_id] = len(chosen)
        limit = time.monotonic() + JOB_SECONDS
        while True:
            found = self.callers.ask(caller, "GetProfileJob", job_id=job_id)
            assert found is not None
            assert found[1].ok, found
            if found[1].message.job.status not in UNFINISHED:
                break
            assert time.monotonic() < limit
            time.sleep(0.02)
        assert found[1].message.job.failed == 0
        for user in chosen:
            books.profile(user)

    def _check_settings(self, project: Project, answer: Answer) -> None:
        books = self.callers.books[project.id]
        assert answer.ok, answer
        assert answer.message.enabled == books.makes_profiles
        assert answer.message.entities.user.custom_instructions == books.profile_instructions

    def _check_profile(self, books: Books, user: str, answer: Answer) -> None:
        assert answer.ok, answer
        text = answer.message.profile
        rows = json.loads(text).get("facts", []) if text else []
        assert {row["memory_id"]: row["memory"] for row in rows} == books.profiles.get(user, {})
        assert bool(text) == (user in books.profiles)
