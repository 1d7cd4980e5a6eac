"""Fills a release's Chroma as its own adds would have, through Chroma and fast; a copy for each run.

    copy_preloaded("2.2.1", 50_000, data_dir)

The history database stays empty, which spares 2.2.1 the ten last messages of a user in its prompts, and the
scan of a table without an index to find them.
"""

from __future__ import annotations

import hashlib
import inspect
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import cast

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.config import Settings

from service.memory.model import Vector
from tests.benchmarks import preloaded
from tests.benchmarks.rivals.environments import CACHE, Version
from tests.benchmarks.rivals.server import COLLECTION
from tests.clients.environments import kept

A_USER = 100
BATCH = 5_000
"""Chroma takes 5,461 rows in one call."""


def copy_preloaded(version: Version, memories: int, data_dir: Path, a_user: int = A_USER) -> None:
    """Makes a data directory with that many memories, `a_user` for each user `user-0`, `user-1`, ...

    Args:
        version: the release that shall find them its own.
        memories: how many in all.
        data_dir: does not exist yet.
        a_user: how many belong to one user.
    """
    shutil.copytree(preload(version, memories, a_user) / "data", data_dir)


def preload(version: Version, memories: int, a_user: int = A_USER) -> Path:
    """The directory whose `data` is to be copied, made if need be: 50,000 memories take about a minute."""

    def make(home: Path) -> None:
        _fill(home / "data", version, memories, a_user)

    # Whatever decides what is in there names the directory.
    content = "".join(inspect.getsource(each) for each in (preloaded, _fill, _rows, payload))
    name = f"preloaded-{version}-{memories}-{a_user}"
    return kept(name, f"{chromadb.__version__} {content}".encode(), make, CACHE)


@contextmanager
def opened(path: Path) -> Iterator[Client]:
    """The Chroma of that directory, in this process until the block ends."""
    client = cast("Client", chromadb.PersistentClient(path, settings=Settings(anonymized_telemetry=False)))
    try:
        yield client
    finally:
        client.close()


def _fill(data_dir: Path, version: Version, memories: int, a_user: int) -> None:
    path = data_dir / "chroma"
    path.mkdir(parents=True)
    with opened(path) as client:
        # As mem0ai makes it: Chroma's default space, and nothing that embeds.
        collection = client.get_or_create_collection(COLLECTION, embedding_function=None)
        rows = _rows(version, memories, a_user)
        while batch := list(islice(rows, BATCH)):
            ids, vectors, payloads = zip(*batch, strict=True)
            collection.add(ids=list(ids), embeddings=np.stack(vectors), metadatas=list(payloads))
        collection.query(query_embeddings=np.ones(preloaded.DIMENSIONS, dtype=np.float32), n_results=1)
        assert collection.count() == memories


def _rows(version: Version, memories: int, a_user: int) -> Iterator[tuple[str, Vector, dict[str, str]]]:
    """Each memory's id, vector and payload."""
    random = np.random.default_rng(preloaded.SEED)
    for place in range(memories):
        user, number = divmod(place, a_user)
        vector = preloaded.direction(random)
        memory_id = str(uuid.uuid5(uuid.NAMESPACE_OID, str(place)))
        yield memory_id, vector, payload(version, f"user-{user}", preloaded.text(user, number), number)


def payload(version: Version, user_id: str, text: str, number: int) -> dict[str, str]:
    """What mem0ai keeps beside a vector; `tests.benchmarks.rivals.check` compares it with a real one."""
    said_at = preloaded.said_at(number).isoformat()
    common = {
        "user_id": user_id,
        "data": text,
        "hash": hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(),
        "created_at": said_at,
        "updated_at": said_at,
    }
    # Without spaCy the lemmas of a text are the text itself.
    return common if version == "1.0.11" else common | {"text_lemmatized": text, "attributed_to": "user"}
