"""The handlers, one for each service of the protos."""

from __future__ import annotations

from service.bootstrap.models import Models
from service.bootstrap.stores import Stores
from service.bootstrap.use_cases import Bells, UseCases
from service.handlers.account import AccountHandlers
from service.handlers.entities import EntityHandlers
from service.handlers.events import EventHandlers
from service.handlers.exports import ExportHandlers
from service.handlers.memories import MemoryHandlers
from service.handlers.profiles import ProfileHandlers
from service.handlers.webhooks import WebhookHandlers
from service.ledger.feed import SqlFeed
from service.ledger.members import SqlMembers
from service.ledger.organizations import SqlOrganizations
from service.ledger.profiles import SqlProfiles
from service.ledger.projects import SqlProjects
from service.ledger.webhooks import SqlWebhooks
from service.memory.events import RetryEvent
from service.memory.exports import CreateExport
from service.memory.members import MemberAdministration
from service.memory.organizations import OrganizationAdministration
from service.memory.profile_jobs import CreateProfileJob
from service.memory.projects import ProjectAdministration
from service.memory.webhooks import WebhookAdministration
from service.opening import now
from service.server import Handlers


def handlers_on(stores: Stores, models: Models, use_cases: UseCases, bells: Bells) -> Handlers:
    """The handlers of one service."""
    accounts = stores.accounts
    return Handlers(
        memories=MemoryHandlers(accounts, use_cases.memories, now),
        account=_account(stores, bells),
        webhooks=WebhookHandlers(
            WebhookAdministration(accounts, SqlWebhooks(stores.database), now), stores.deliveries
        ),
        events=EventHandlers(
            accounts,
            stores.events,
            RetryEvent(stores.ledger, stores.events, bells.requests),
            SqlFeed(stores.database),
            bells.followers,
        ),
        entities=EntityHandlers(accounts, stores.entities, use_cases.memories.delete, use_cases.erase, now),
        exports=ExportHandlers(
            accounts,
            stores.exports,
            CreateExport(stores.exports, now, on_pending=bells.exports.set),
            stores.memories,
            models.writer,
            now,
        ),
        profiles=_profiles(stores, bells),
    )


def _account(stores: Stores, bells: Bells) -> AccountHandlers:
    accounts, database, committed = stores.accounts, stores.database, bells.committed
    return AccountHandlers(
        accounts,
        OrganizationAdministration(accounts, SqlOrganizations(database), now, committed),
        ProjectAdministration(accounts, SqlProjects(database), now, committed),
        MemberAdministration(accounts, SqlMembers(database), now),
    )


def _profiles(stores: Stores, bells: Bells) -> ProfileHandlers:
    profiles, entities, jobs = SqlProfiles(stores.database), stores.entities, stores.profile_jobs
    create = CreateProfileJob(profiles, jobs, entities, now, on_pending=bells.profiles.set)
    return ProfileHandlers(stores.accounts, profiles, entities, create, jobs)
