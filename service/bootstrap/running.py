"""The whole service, from its settings to its last drained call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog

from service.bootstrap.first_start import ensure_account
from service.bootstrap.handlers import handlers_on
from service.bootstrap.index import begin_index
from service.bootstrap.models import Models, open_embedder, open_models
from service.bootstrap.stores import Stores, check_embedding_space, stores_on
from service.bootstrap.use_cases import Bells, use_cases_on
from service.bootstrap.workers import start_workers
from service.config import Settings
from service.data_dir import sole_owner
from service.memory.errors import Unavailable
from service.memory.leases import Leases
from service.opening import now, open_database
from service.readiness import Readiness
from service.server import SERVICES, serving
from service.transport.stages import stages

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
        stores, models = await _open(settings, stack)
        first_key = await ensure_account(stores.accounts, settings, make_first_key=make_first_key)
        # Nobody else works on a ledger in a file of our own.
        await stores.leases.recover(now(), alone=not settings.shares_ledger)
        stack.push_async_callback(_release, stores.leases)
        bells = Bells()
        use_cases = use_cases_on(stores, models, bells, settings)
        start_workers(stores, models, use_cases, bells, settings, stack)
        await stack.enter_async_context(
            serving(
                settings.grpc_address,
                stages(stores.accounts, settings.request_timeout, settings.max_concurrent_requests),
                handlers_on(stores, models, use_cases, bells),
                _readiness(stores, models),
                drain_seconds,
                grace_seconds=settings.request_timeout,
            )
        )
        yield Running(models.reasoner.name, models.embedder.model, first_key)


async def _open(settings: Settings, stack: AsyncExitStack) -> tuple[Stores, Models]:
    """Opens what memoryd needs from the world; the stack closes it."""
    for directory in settings.own_directories:
        stack.enter_context(sole_owner(directory))
    open_index = await begin_index(settings, stack)
    database, embedder = await asyncio.gather(
        asyncio.to_thread(open_database, settings), open_embedder(settings)
    )
    stack.callback(database.close)
    stack.push_async_callback(embedder.close)
    stores = stores_on(database, open_index(embedder.model, embedder.dimensions), settings)
    await check_embedding_space(stores.accounts, embedder)
    database.expect(embedder.model)
    return stores, await open_models(settings, embedder, stack)


def _readiness(stores: Stores, models: Models) -> Readiness:
    return Readiness(
        {
            "ledger": stores.ledger.ping,
            "index": stores.index.ping,
            "embedder": models.embedder.ping,
            "embedding space": lambda: check_embedding_space(stores.accounts, models.embedder),
        },
        SERVICES,
    )


async def _release(leases: Leases) -> None:
    try:
        await leases.release(now())
    except Unavailable:
        log.warning("the ledger does not answer: others take up what is left when its lease is over")
