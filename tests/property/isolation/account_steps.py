"""What is done with organizations, projects, members and webhooks: named by their ids, whoever asks."""

from __future__ import annotations

import uuid
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.property.isolation.answers import Answer
from tests.property.isolation.callers import Callers
from tests.property.isolation.memory_steps import places
from tests.property.isolation.tenants import Key, Project
from tests.property.isolation.world import Books

keys = st.integers(0, 6)
numbers = st.integers(0, 2)


class AccountSteps(RuleBasedStateMachine):
    """What is administered."""

    callers: Callers

    @initialize()
    def furnish(self) -> None:
        """Every project has a webhook and a member."""
        for of, _ in enumerate(self.callers.tenants.projects):
            self.new_webhook(of, of)
            self.new_member(of, of)

    @rule(number=keys)
    def organizations(self, number: int) -> None:
        """A key sees the organization that it has a part in, and no other."""
        key = self.callers.tenants.keys[number]
        answer = self.callers.send(key, "ListOrganizations", {}, _reach(key))
        assert [each.org_id for each in answer.message.organizations] == [key.home.organization_id]

    @rule(number=keys, of=numbers)
    def organization(self, number: int, of: int) -> None:
        """An organization is shown to who has a part in it; its members to its members."""
        key, project = self._chosen(number, of)
        fields = {"org_id": project.organization_id}
        if answer := self.named(key, "GetOrganization", fields, _reach(key), seen=_near(key, project)):
            assert answer.message.organization.org_id == project.organization_id
            assert bool(answer.message.organization.members) == _wide(key)
        self.named(
            key, "ListOrganizationMembers", fields, _reach(key), seen=_near(key, project), allowed=_wide(key)
        )

    @rule(number=keys, of=numbers)
    def projects(self, number: int, of: int) -> None:
        """Of an organization a key sees the projects that it may use."""
        key, project = self._chosen(number, of)
        fields = {"org_id": project.organization_id}
        if answer := self.named(key, "ListProjects", fields, _reach(key), seen=_near(key, project)):
            assert {each.project_id for each in answer.message.projects} == _reach(key)

    @rule(number=keys, of=numbers, through=numbers)
    def project(self, number: int, of: int, through: int) -> None:
        """A project is shown to who may use it, by the name of its own organization."""
        key, project = self._chosen(number, of)
        organization_id = self.callers.tenants.projects[through].organization_id
        seen = project in key.reach and organization_id == project.organization_id
        fields = {"org_id": organization_id, "project_id": project.id}
        if answer := self.named(key, "GetProject", fields, {project.id}, seen=seen):
            assert answer.message.project.custom_instructions == self.books(project).instructions
        self.named(key, "ListProjectMembers", fields, {project.id}, seen=seen)

    @rule(number=keys, of=numbers)
    def settings(self, number: int, of: int) -> None:
        """The settings of a project are changed by its owners."""
        key, project = self._chosen(number, of)
        fields = _naming(project) | {"custom_instructions": f"Mind {self.callers.word((of, None))}"}
        if self._changes(key, "UpdateProject", fields, project):
            self.books(project).instructions = fields["custom_instructions"]

    @rule(number=keys, of=numbers)
    def new_member(self, number: int, of: int) -> None:
        """Members of a project are added by its owners."""
        key, project = self._chosen(number, of)
        fields = _naming(project) | {"email": f"{self.callers.word((of, None)).lower()}@example.test"}
        self.callers.belongings.note(fields["email"], project.id)
        if self._changes(key, "AddProjectMember", fields, project):
            self.books(project).members.append(fields["email"])

    @rule(number=keys, of=numbers, whose=numbers, leaves=st.booleans(), place=places)
    def old_member(self, number: int, of: int, whose: int, place: int, *, leaves: bool) -> None:
        """They are changed and removed by them too; a member of another project is as unknown as nobody."""
        key, project = self._chosen(number, of)
        members = self.books(self.callers.tenants.projects[whose]).members or ["nobody@example.test"]
        fields = (
            _naming(project)
            | {"email": members[place % len(members)]}
            | ({} if leaves else {"role": "reader"})
        )
        name = "RemoveProjectMember" if leaves else "UpdateProjectMember"
        known = fields["email"] in self.books(project).members
        unknown = _unknown(project, project in key.reach) | {"email": "nobody@example.test"}
        seen, allowed = project in key.reach, key.writes
        if not self.named(
            key, name, fields, {project.id}, unknown, seen=seen and (known or not allowed), allowed=allowed
        ):
            return
        if leaves:
            self.books(project).members.remove(fields["email"])

    @rule(number=keys, of=numbers)
    def organization_member(self, number: int, of: int) -> None:
        """Members of an organization come and go as its owners say."""
        key, project = self._chosen(number, of)
        fields = {"org_id": project.organization_id, "email": f"{uuid.uuid4()}@example.test"}
        seen, allowed = _near(key, project), _wide(key) and key.writes
        for name in ("AddOrganizationMember", "UpdateOrganizationMember", "RemoveOrganizationMember"):
            role = {"role": "reader"} if name.startswith("Update") else {}
            self.named(key, name, fields | role, _reach(key), seen=seen, allowed=allowed)

    @rule(number=keys, of=numbers, other=keys)
    def new_project(self, number: int, of: int, other: int) -> None:
        """A new project is its maker's; others see it as members of the organization, or not at all."""
        key, project = self._chosen(number, of)
        fields = {"org_id": project.organization_id, "name": self.callers.word((of, None))}
        made = self.named(
            key, "CreateProject", fields, {project.id}, seen=_near(key, project), allowed=key.writes
        )
        if made is None:
            return
        fields = {"org_id": project.organization_id, "project_id": made.message.project.project_id}
        stranger = self.callers.tenants.keys[other]
        seen = stranger is key or (_wide(stranger) and _near(stranger, project))
        self.named(stranger, "GetProject", fields, {project.id}, seen=seen)
        self.named(stranger, "ListWebhooks", {"project_id": fields["project_id"]}, set(), seen=seen)
        self.named(key, "DeleteProject", fields, set())

    @rule(number=keys, other=keys)
    def new_organization(self, number: int, other: int) -> None:
        """A new organization is its maker's, and nobody else's."""
        key, stranger = self.callers.tenants.keys[number], self.callers.tenants.keys[other]
        made = self.named(key, "CreateOrganization", {"name": str(uuid.uuid4())}, set(), allowed=key.writes)
        if made is None:
            return
        fields = {"org_id": made.message.organization.org_id}
        self.named(stranger, "GetOrganization", fields, set(), seen=stranger is key)
        if stranger is not key:
            self.named(stranger, "DeleteOrganization", fields, set(), seen=False)
        self.named(key, "DeleteOrganization", fields, set())

    @rule(number=keys, of=numbers)
    def foreign_deletions(self, number: int, of: int) -> None:
        """What is another's cannot be deleted, and does not seem to be there."""
        key, project = self._chosen(number, of)
        if project not in key.reach:
            self.named(key, "DeleteProject", _naming(project), set(), seen=False)
        if not _near(key, project):
            self.named(key, "DeleteOrganization", {"org_id": project.organization_id}, set(), seen=False)

    @rule(number=keys, of=numbers)
    def new_webhook(self, number: int, of: int) -> None:
        """Webhooks of a project are made by its owners, and listed for who may use it."""
        key, project = self._chosen(number, of)
        name = self.callers.word((of, None))
        fields = {"project_id": project.id, "name": name, "url": f"https://example.test/{name}"}
        if made := self._changes(key, "CreateWebhook", fields, project):
            self.callers.learn("webhooks", made.message.webhook.webhook_id, project)
            self.books(project).webhooks[made.message.webhook.webhook_id] = name
        asked = {"project_id": project.id}
        if answer := self.named(key, "ListWebhooks", asked, {project.id}, seen=project in key.reach):
            listed = {each.webhook_id: each.name for each in answer.message.webhooks}
            assert listed == self.books(project).webhooks

    @precondition(lambda machine: machine.callers.known["webhooks"])
    @rule(number=keys, place=places, deletes=st.booleans())
    def old_webhook(self, number: int, place: int, *, deletes: bool) -> None:
        """They are changed and deleted by them too."""
        key = self.callers.tenants.keys[number]
        webhook_id = self.callers.any_id((number, None), "webhooks", place)
        homes = [each for each in key.reach if webhook_id.lower() in self.books(each).webhooks]
        fields: dict[str, Any] = {"webhook_id": webhook_id}
        name = "DeleteWebhook" if deletes else "UpdateWebhook"
        if not deletes and homes:
            fields["name"] = self.callers.word((self.callers.tenants.projects.index(homes[0]), None))
        elif not deletes:
            fields["name"] = "a name"
        readable = {each.id for each in homes}
        if self.named(key, name, fields, readable, seen=bool(homes), allowed=key.writes):
            self.books(homes[0]).webhooks.pop(webhook_id.lower())
            if not deletes:
                self.books(homes[0]).webhooks[webhook_id.lower()] = fields["name"]

    @precondition(lambda machine: machine.callers.known["webhooks"])
    @rule(number=keys, place=places)
    def deliveries(self, number: int, place: int) -> None:
        """What a webhook was told is shown to who may read its project."""
        key = self.callers.tenants.keys[number]
        webhook_id = self.callers.any_id((number, None), "webhooks", place)
        homes = [each for each in key.reach if webhook_id.lower() in self.books(each).webhooks]
        readable = {each.id for each in homes}
        self.named(key, "ListWebhookDeliveries", {"webhook_id": webhook_id}, readable, seen=bool(homes))

    def named(
        self,
        key: Key,
        name: str,
        fields: dict[str, Any],
        readable: set[str],
        unknown: dict[str, str] | None = None,
        *,
        seen: bool = True,
        allowed: bool = True,
    ) -> Answer | None:
        """Calls a method about things that the request names.

        Args:
            key: who asks.
            name: the method.
            fields: the request.
            readable: the projects of which the answer may speak.
            unknown: what to put into the request to name something that is nowhere.
            seen: the caller may know of it; otherwise it must look as if it were nowhere.
            allowed: the caller may do it.
        """
        answer = self.callers.send(key, name, fields, readable)
        if not seen:
            nowhere = unknown or {each: str(uuid.uuid4()) for each in fields if each in IDS}
            nothing = self.callers.send(key, name, fields | nowhere, readable)
            assert answer.code == "NOT_FOUND", answer
            assert answer.shape == nothing.shape
            return None
        if not allowed:
            assert answer.code == "PERMISSION_DENIED", answer
            return None
        assert answer.ok, answer
        return answer

    def books(self, project: Project) -> Books:
        """What the model holds for a project."""
        return self.callers.books[project.id]

    def _changes(self, key: Key, name: str, fields: dict[str, Any], project: Project) -> Answer | None:
        seen = project in key.reach
        return self.named(key, name, fields, {project.id}, seen=seen, allowed=key.writes)

    def _chosen(self, number: int, of: int) -> tuple[Key, Project]:
        return self.callers.tenants.keys[number], self.callers.tenants.projects[of]


IDS = {"org_id", "project_id", "webhook_id"}


def _reach(key: Key) -> set[str]:
    return {project.id for project in key.reach}


def _wide(key: Key) -> bool:
    return len(key.reach) > 1


def _near(key: Key, project: Project) -> bool:
    return key.home.organization_id == project.organization_id


def _naming(project: Project) -> dict[str, Any]:
    return {"org_id": project.organization_id, "project_id": project.id}


def _unknown(project: Project, known: object) -> dict[str, str]:
    return {"org_id": project.organization_id, "project_id": project.id if known else str(uuid.uuid4())}
