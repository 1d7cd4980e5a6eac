"""What goes on in the background, each piece of work in one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from service.bootstrap.models import Models
from service.bootstrap.stores import Stores
from service.bootstrap.use_cases import Bells, UseCases
from service.config import Settings
from service.delivery.post import HttpPost
from service.memory.begun import end
from service.memory.deliver import Retries, webhook_workers
from service.memory.exports import MakeExport, export_worker
from service.memory.indexing import index_writer
from service.memory.leases import lease_keeper
from service.memory.pending import pending_workers
from service.memory.profile_jobs import MakeProfile, profile_worker
from service.memory.work import Worker
from service.opening import now


def start_workers(
    stores: Stores,
    models: Models,
    use_cases: UseCases,
    bells: Bells,
    settings: Settings,
    stack: AsyncExitStack,
) -> None:
    """Starts every worker; the stack ends them."""
    post = HttpPost(allow_private=settings.webhook_allow_private)
    stack.push_async_callback(post.close)
    for worker in _workers(stores, models, use_cases, bells, settings, post):
        stack.push_async_callback(end, asyncio.create_task(worker.run()))


def _workers(
    stores: Stores, models: Models, use_cases: UseCases, bells: Bells, settings: Settings, post: HttpPost
) -> Sequence[Worker]:
    seconds, exports, jobs = settings.request_timeout, stores.exports, stores.profile_jobs
    make_export = MakeExport(exports, stores.memories, models.writer, now)
    make_profile = MakeProfile(jobs, stores.memories, models.writer, now)
    retries = Retries(settings.webhook_attempts, settings.webhook_retry_seconds)
    return (
        lease_keeper(stores.leases, now, stores.lease, bells.resume),
        index_writer(stores.ledger, stores.leases, stores.index, now, bells.index),
        export_worker(exports, make_export, now, seconds, bells.exports),
        profile_worker(jobs, make_profile, now, seconds, bells.profiles),
        *pending_workers(stores.ledger, use_cases.memories.add, now, seconds, bells.requests),
        *webhook_workers(stores.deliveries, post, now, retries, bells.webhooks),
    )
