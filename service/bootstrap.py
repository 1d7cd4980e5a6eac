"""Builds the service from its settings: every port, every use case, in one place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from service.config import EmbedderChoice, ReasonerChoice, Settings, StartError, headers_from
from service.data_dir import sole_owner
from service.delivery.post import HttpPost
from service.embeddings.local import LocalEmbedder
from service.embeddings.openai import OpenAIEmbedder
from service.handlers.account import AccountHandlers
from service.handlers.entities import EntityHandlers
from service.handlers.events import EventHandlers
from service.handlers.exports import ExportHandlers
from service.handlers.memories import MemoryHandlers, MemoryUseCases
from service.handlers.profiles import ProfileHandlers
from service.handlers.webhooks import WebhookHandlers
from service.index import connect
from service.index.chroma import ChromaIndex
from service.inference.chat import Chat
from service.inference.extract import ExtractiveWriter
from service.inference.openai import OpenAIReasoner
from service.inference.writer import OpenAIWriter
from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database
from service.ledger.deliveries import SqlDeliveries
from service.ledger.edits import SqlEdits
from service.ledger.entities import SqlEntities
from service.ledger.erasure import SqlErasure
from service.ledger.events import SqlEventLog
from service.ledger.exports import SqlExports
from service.ledger.feed import SqlFeed
from service.ledger.feedback import SqlFeedback
from service.ledger.history import SqlChangeLog
from service.ledger.leases import Holder, SqlLeases
from service.ledger.ledger import SqlLedger
from service.ledger.members import SqlMembers
from service.ledger.memories import SqlMemories
from service.ledger.organizations import SqlOrganizations
from service.ledger.previews import SqlPreviews
from service.ledger.profile_jobs import SqlProfileJobs
from service.ledger.profiles import SqlProfiles
from service.ledger.projects import SqlProjects
from service.ledger.versions import SqlVersions
from service.ledger.webhooks import SqlWebhooks
from service.memory.accounts import new_secret
from service.memory.add import AddMemories
from service.memory.deliver import Retries, webhook_workers
from service.memory.edit import DeleteMemories, UpdateMemories
from service.memory.erase import EraseEntity
from service.memory.errors import PermissionDenied, Unavailable
from service.memory.events import RetryEvent
from service.memory.exports import CreateExport, MakeExport, export_worker
from service.memory.feed import Arrivals
from service.memory.filling import Writer
from service.memory.indexing import index_writer
from service.memory.infer import InferFacts
from service.memory.leases import Leases, lease_keeper
from service.memory.members import MemberAdministration
from service.memory.once import AddOnce
from service.memory.organizations import OrganizationAdministration
from service.memory.pending import SIDE_BY_SIDE, pending_workers
from service.memory.ports import Embedder, Reasoner, Wake
from service.memory.preview import CommitPreview, PreviewMemories
from service.memory.profile_jobs import CreateProfileJob, MakeProfile, profile_worker
from service.memory.projects import ProjectAdministration
from service.memory.search import SearchMemories
from service.memory.search_past import SearchPast
from service.memory.webhooks import WebhookAdministration
from service.memory.work import Bell, all_of
from service.opening import now, open_database
from service.readiness import Readiness
from service.server import SERVICES, serving
from service.transport.stages import stages

DEFAULT_EMBEDDING_MODEL = "text-embedding-3-small"
BOOTSTRAP_KEY_NAME = "bootstrap"
FIRST_KEY_NAME = "first start"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Running:
    """What a started service tells about itself."""

    reasoner: str
    embedder: str
    first_key: str | None
    """The API key that was made just now. It is shown once and stored nowhere."""


@asynccontextmanager
async def running_service(
    settings: Settings, *, make_first_key: bool, drain_seconds: Callable[[], float]
) -> AsyncIterator[Running]:
    """Runs the whole service until the block ends; then everything is drained and closed.

    Args:
        settings: what memoryd was told.
        make_first_key: make an API key when there is none and none is given.
        drain_seconds: how long to say NOT_SERVING before calls are refused, asked at the end.

    Raises:
        StartError: the stored vectors are of another embedding model, or the address or the data directory
            is taken.
        service.memory.errors.Unavailable: a store or a model does not answer.
    """
    async with AsyncExitStack() as stack:
        if settings.database_url is None or settings.chroma_url is None:
            stack.enter_context(sole_owner(settings.data_dir))
        database, embedder = await asyncio.gather(
            asyncio.to_thread(open_database, settings), open_embedder(settings)
        )
        stack.callback(database.close)
        stack.push_async_callback(embedder.close)
        accounts = SqlAccounts(database)
        await check_embedding_space(accounts, embedder)
        database.expect(embedder.model)
        first_key = await _ensure_account(accounts, settings, make_first_key=make_first_key)
        reasoner, writer = await _open_reasoner(settings, embedder, stack)
        index = ChromaIndex(chroma_of(settings), embedder.model, embedder.dimensions)
        stack.callback(index.close)
        holder = Holder(lease=timedelta(seconds=settings.lease_seconds))
        ledger, leases = SqlLedger(database, holder), SqlLeases(database, holder)
        # Nobody else works on a ledger in a directory of our own.
        await leases.recover(now(), alone=settings.database_url is None)
        stack.push_async_callback(_release, leases)

        to_index, to_tell, arrivals = asyncio.Event(), asyncio.Event(), Arrivals()
        committed, stored = all_of(to_index.set, to_tell.set, arrivals), Bell(SIDE_BY_SIDE)
        infer = InferFacts(ledger, index, embedder, reasoner, now)
        add = AddMemories(ledger, embedder, infer, now, on_commit=committed, on_pending=stored)
        edits, events = SqlEdits(database), SqlEventLog(database)
        delete = DeleteMemories(edits, now, on_commit=committed)
        erase = EraseEntity(SqlErasure(database), index, now, on_commit=committed)
        previews = SqlPreviews(database)
        reader, versions = SqlMemories(database), SqlVersions(database)
        memories = MemoryUseCases(
            reader=reader,
            versions=versions,
            search=SearchMemories(reader, index, embedder, now),
            search_past=SearchPast(versions, index, embedder, now),
            add=add,
            add_once=AddOnce(add, ledger, events, now, timedelta(hours=settings.idempotency_hours)),
            update=UpdateMemories(edits, embedder, now, on_commit=committed),
            preview=PreviewMemories(previews, infer, add, now),
            commit_preview=CommitPreview(previews, add, SqlEventLog(database), now),
            delete=delete,
            log=SqlChangeLog(database),
            feedback=SqlFeedback(database),
        )
        book, ordered = SqlExports(database, holder), asyncio.Event()
        exporting = export_worker(
            book, MakeExport(book, reader, writer, now), now, settings.request_timeout, ordered
        )
        jobs, requested, register = SqlProfileJobs(database, holder), asyncio.Event(), SqlEntities(database)
        profiling = profile_worker(
            jobs, MakeProfile(jobs, reader, writer, now), now, settings.request_timeout, requested
        )
        profiles = SqlProfiles(database)
        indexing = index_writer(ledger, leases, index, now, to_index)
        pending = pending_workers(ledger, add, now, settings.request_timeout, stored)
        deliveries = SqlDeliveries(database)
        post = HttpPost(allow_private=settings.webhook_allow_private)
        stack.push_async_callback(post.close)
        retries = Retries(settings.webhook_attempts, settings.webhook_retry_seconds)
        telling = webhook_workers(deliveries, post, now, retries, to_tell)

        def resume() -> None:
            stored()
            ordered.set()
            requested.set()

        keeping = lease_keeper(leases, now, holder.lease, resume)
        for worker in (keeping, indexing, exporting, profiling, *pending, *telling):
            stack.push_async_callback(_stop, asyncio.create_task(worker.run()))

        readiness = Readiness(
            {
                "ledger": ledger.ping,
                "index": index.ping,
                "embedder": embedder.ping,
                "embedding space": lambda: check_embedding_space(accounts, embedder),
            },
            SERVICES,
        )
        await stack.enter_async_context(
            serving(
                settings.grpc_address,
                stages(accounts, settings.request_timeout, settings.max_concurrent_requests),
                MemoryHandlers(accounts, memories, now),
                _account_handlers(accounts, database, committed),
                WebhookHandlers(WebhookAdministration(accounts, SqlWebhooks(database), now), deliveries),
                EventHandlers(
                    accounts, events, RetryEvent(ledger, events, stored), SqlFeed(database), arrivals
                ),
                EntityHandlers(accounts, register, delete, erase, now),
                ExportHandlers(
                    accounts, book, CreateExport(book, now, on_pending=ordered.set), reader, writer, now
                ),
                ProfileHandlers(
                    accounts,
                    profiles,
                    register,
                    CreateProfileJob(profiles, jobs, register, now, on_pending=requested.set),
                    jobs,
                ),
                readiness,
                drain_seconds,
            )
        )
        yield Running(reasoner.name, embedder.model, first_key)


def _account_handlers(accounts: SqlAccounts, database: Database, on_commit: Wake) -> AccountHandlers:
    return AccountHandlers(
        accounts,
        OrganizationAdministration(accounts, SqlOrganizations(database), now, on_commit),
        ProjectAdministration(accounts, SqlProjects(database), now, on_commit),
        MemberAdministration(accounts, SqlMembers(database), now),
    )


async def _release(leases: Leases) -> None:
    try:
        await leases.release(now())
    except Unavailable:
        log.warning("the ledger does not answer: others take up what is left when its lease is over")


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def open_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings ask for."""
    if settings.embedder is EmbedderChoice.OPENAI and settings.openai_api_key is not None:
        remote = OpenAIEmbedder(
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
            model=settings.embedding_model or DEFAULT_EMBEDDING_MODEL,
        )
        await remote.probe()
        return remote
    directory = None if settings.embedding_model is None else Path(settings.embedding_model)
    return await asyncio.to_thread(LocalEmbedder, directory)


async def _open_reasoner(
    settings: Settings, embedder: Embedder, stack: AsyncExitStack
) -> tuple[Reasoner, Writer]:
    """What reads messages, and what writes about memories."""
    if settings.chosen_reasoner is ReasonerChoice.OPENAI and settings.openai_api_key is not None:
        chat = Chat(
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
            model=settings.model,
        )
        stack.push_async_callback(chat.aclose)
        return OpenAIReasoner(chat), OpenAIWriter(chat)
    # The parser is an extra of the package: only who asks for the rules needs it installed.
    from service.inference.rules.reasoner import RulesReasoner  # noqa: PLC0415

    rules = await asyncio.to_thread(RulesReasoner, embedder)
    stack.callback(rules.close)
    await rules.warm()
    return rules, ExtractiveWriter(embedder)


def chroma_of(settings: Settings) -> connect.Connect:
    """The way to the index that the settings ask for."""
    if settings.chroma_url is not None:
        given = settings.chroma_headers
        return connect.server(
            settings.chroma_url, None if given is None else headers_from(given.get_secret_value())
        )
    return connect.embedded(settings.data_dir / "chroma")


async def check_embedding_space(accounts: SqlAccounts, embedder: Embedder) -> None:
    """Records the embedder's model on the first start.

    Raises:
        StartError: the index holds vectors of another one.
    """
    model, dimensions = await accounts.embedding_space(embedder.model, embedder.dimensions)
    if (model, dimensions) != (embedder.model, embedder.dimensions):
        raise StartError(
            f"The stored vectors are of {model} ({dimensions} dimensions); the settings ask for "
            f"{embedder.model} ({embedder.dimensions}). Vectors of different models cannot be compared. Set "
            "MEMORYD_EMBEDDER and MEMORYD_EMBEDDING_MODEL back, or run `memoryd reindex` with the new ones."
        )


async def _ensure_account(accounts: SqlAccounts, settings: Settings, *, make_first_key: bool) -> str | None:
    """Sees to an organization, a project and, if wanted, a key; gives the key that was made just now."""
    project_id, _ = await accounts.ensure_default_project(now())
    if settings.bootstrap_api_key is not None:
        secret = settings.bootstrap_api_key.get_secret_value()
        try:
            await accounts.ensure_key(secret, project_id, BOOTSTRAP_KEY_NAME, now())
        except PermissionDenied:
            raise StartError("MEMORYD_BOOTSTRAP_API_KEY holds a revoked key: set another, or none") from None
        return None
    if not make_first_key or await accounts.keys():
        return None
    secret = new_secret()
    await accounts.ensure_key(secret, project_id, FIRST_KEY_NAME, now())
    return secret
