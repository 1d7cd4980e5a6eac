"""Where everything is kept: the ledger, port by port, and the index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from service.bootstrap.index import ServiceIndex
from service.config import Settings, StartError
from service.ledger.accounts import SqlAccounts
from service.ledger.database import Database
from service.ledger.deliveries import SqlDeliveries
from service.ledger.edits import SqlEdits
from service.ledger.entities import SqlEntities
from service.ledger.events import SqlEventLog
from service.ledger.exports import SqlExports
from service.ledger.leases import Holder, SqlLeases
from service.ledger.ledger import SqlLedger
from service.ledger.memories import SqlMemories
from service.ledger.profile_jobs import SqlProfileJobs
from service.ledger.scopes import RememberedScopes
from service.ledger.versions import SqlVersions
from service.memory.ports import Embedder


@dataclass(frozen=True, slots=True)
class Stores:
    """The ports that parts of the service share. Others are made of `database` where they are needed."""

    database: Database
    scopes: RememberedScopes
    index: ServiceIndex
    lease: timedelta
    accounts: SqlAccounts
    ledger: SqlLedger
    leases: SqlLeases
    edits: SqlEdits
    events: SqlEventLog
    memories: SqlMemories
    versions: SqlVersions
    entities: SqlEntities
    exports: SqlExports
    profile_jobs: SqlProfileJobs
    deliveries: SqlDeliveries


def stores_on(database: Database, index: ServiceIndex, settings: Settings) -> Stores:
    """The ports on an open database and an open index. What this process takes to work on is its own."""
    holder = Holder(lease=timedelta(seconds=settings.lease_seconds))
    scopes = RememberedScopes()
    return Stores(
        database=database,
        scopes=scopes,
        index=index,
        lease=holder.lease,
        accounts=SqlAccounts(database),
        ledger=SqlLedger(database, holder, scopes),
        leases=SqlLeases(database, holder),
        edits=SqlEdits(database),
        events=SqlEventLog(database),
        memories=SqlMemories(database, scopes),
        versions=SqlVersions(database),
        entities=SqlEntities(database),
        exports=SqlExports(database, holder),
        profile_jobs=SqlProfileJobs(database, holder),
        deliveries=SqlDeliveries(database),
    )


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
