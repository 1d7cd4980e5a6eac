"""Every operation, by every kind of key, on ids of everybody; after each step a project holds its own."""

from __future__ import annotations

from tests.property.isolation.account_steps import AccountSteps
from tests.property.isolation.callers import NOBODY, Caller
from tests.property.isolation.ledger_steps import LedgerSteps
from tests.property.isolation.memory_steps import MemorySteps
from tests.property.isolation.picks import ANYBODY, PHRASES
from tests.property.isolation.profile_steps import ProfileSteps
from tests.property.isolation.world import Scope

ALEX: Scope = (("user_id", "alex"),)


class Isolation(MemorySteps, LedgerSteps, ProfileSteps, AccountSteps):
    """All steps."""

    def sweep(self) -> None:
        """Takes every step once with every key and project."""
        self.settle([ALEX])
        self.furnish()
        self.order()
        for number, _ in enumerate(self.callers.tenants.keys):
            for project in range(NOBODY):
                self._sweep_memories((number, ("project_id", project)))
                self._sweep_ledger((number, ("project_id", project)))
                self._sweep_profiles((number, ("project_id", project)))
                self._sweep_accounts(number, project)
                self.every_project_holds_its_own()

    def _sweep_memories(self, caller: Caller) -> None:
        self.ping(caller)
        self.add(caller, ALEX, PHRASES[1], "blue", infer=True)
        for place in range(2):
            self.get(caller, place)
            self.update(caller, place)
            self.history(caller, place)
            self.past(caller, place)
            self.feedback(caller, place)
            self.batch(caller, [place], "Update")
        self.preview(caller, caller, ALEX, PHRASES[1], infer=True)
        self.listing(caller, ANYBODY)
        self.search(caller, ANYBODY, PHRASES[0], rerank=False)
        self.delete(caller, 1)
        self.batch(caller, [1], "Delete")
        self.add(caller, ALEX, PHRASES[0], None, infer=False)
        self.delete_matching(caller, ({"user_id": "Alex"}, lambda held: held.get("user_id") == "Alex"))

    def _sweep_ledger(self, caller: Caller) -> None:
        self.create_entity(caller, ("agent_id", "alex"))
        self.list_entities(caller, None)
        self.get_entity(caller, ("user_id", "alex"))
        self.delete_entity(caller, ("agent_id", "alex"))
        self.entity_filters(caller)
        self.stats(caller)
        self.events(caller, None)
        self.watch(caller)
        self.retry(caller, 0)
        self.summary(caller, ANYBODY)
        for place in range(2):
            self.event(caller, place)
            self.get_export(caller, place)

    def _sweep_profiles(self, caller: Caller) -> None:
        self.change_profile_settings(caller, enabled=True)
        self.profile_settings(caller)
        for keyed in (False, True):
            self.make_profile(caller, "alex", keyed=keyed)
        self.sample_profiles(caller, 1)
        self.get_profile(caller, "alex")
        for place in range(2):
            self.get_profile_job(caller, place)

    def _sweep_accounts(self, number: int, of: int) -> None:
        self.organizations(number)
        self.organization(number, of)
        self.organization_member(number, of)
        self.projects(number, of)
        self.project(number, of, of)
        self.settings(number, of)
        self.new_project(number, of, 2)
        self.new_organization(number, 2)
        self.foreign_deletions(number, of)
        for leaves in (False, True):
            self.new_member(number, of)
            self.old_member(number, of, of, 0, leaves=leaves)
            self.new_webhook(number, of)
            self.deliveries(number, of)
            self.old_webhook(number, of, deletes=leaves)
