"""What the index does with Chroma, on the calling thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Several
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from chromadb import Collection
from chromadb.errors import ChromaError, NotFoundError

from service.index import files, rows
from service.index.collections import ProjectCollections
from service.index.connect import Connect, Connection
from service.index.failures import index_failures
from service.index.rows import FoundVectors
from service.memory.errors import INDEX_UNAVAILABLE, Unavailable
from service.memory.model import Scope, Vectors
from service.memory.ports import IndexEntry

ROWS = 1_000
"""Rows in one call at most; Chroma itself takes 5,461, and a call should end soon."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Opened:
    connection: Connection
    collections: ProjectCollections
    rows_a_call: int


class ChromaStore:
    """Keeps vectors in Chroma, one collection per project and embedding model, in cosine space. Thread-safe.

    Only scope ids go along with a vector; texts and metadata of clients never reach Chroma. The
    connection is opened by the first call, so a server may come up later. Every method raises
    Unavailable with the reason INDEX_UNAVAILABLE when Chroma fails, or INDEX_INCOMPATIBLE when an
    existing collection was made for other vectors. Writes go on one after another: Chroma is slower at
    several.

    Args:
        connect: opens the connection, see `service.index.connect`.
        model: the name of the model that made the vectors.
        dimensions: their length.
    """

    def __init__(self, connect: Connect, model: str, dimensions: int) -> None:
        self._connect = connect
        self._model = model
        self._dimensions = dimensions
        self._opened: _Opened | None = None
        self._opening = threading.Lock()
        self._writing = threading.Lock()

    def vectors(self, project_id: str, memory_ids: Sequence[str]) -> FoundVectors:
        """The vectors of those of `memory_ids` that the index knows."""
        wanted = list(dict.fromkeys(memory_ids))
        nothing: FoundVectors = ([], np.empty((0, self._dimensions), np.float32))
        if not wanted:
            return nothing

        def read(collection: Collection, rows_a_call: int) -> FoundVectors:
            return rows.vectors(collection, wanted, rows_a_call)

        return self._run(lambda: self._read(project_id, read, nothing))

    def nearest(
        self, project_id: str, scope: Scope, queries: Vectors, limit: int
    ) -> Sequence[tuple[str, float]]:
        """The memories of the scope nearest to any of the queries.

        Args:
            project_id: whose memories.
            scope: the ids that a memory must carry, all of them.
            queries: shape (queries, dimensions).
            limit: how many memories to give at most.

        Returns:
            (id, similarity) pairs, best first: the cosine to the nearest query, in [0, 1]; what points
            away counts as 0.
        """
        self._check_shape(queries)
        if not len(queries) or limit < 1:
            return []

        def read(collection: Collection, _: int) -> Sequence[tuple[str, float]]:
            return rows.nearest(collection, scope, queries, limit)

        return self._run(lambda: self._read(project_id, read, []))

    def write(self, project_id: str, upserts: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        """Makes the index say so: the last entry of an id counts, and no id is in both.

        Repeating it changes nothing; deleting what is not there is fine.
        """
        entries = list({entry.memory_id: entry for entry in upserts}.values())
        for entry in entries:
            self._check_shape(entry.vector[np.newaxis])
        gone = list(dict.fromkeys(deletes))
        if entries or gone:
            self._run_alone(lambda: self._write(project_id, entries, gone))

    def drop(self, project_id: str) -> None:
        """Deletes the project's collection, if there is one."""
        self._run_alone(lambda: self._open().collections.drop(project_id))

    def wipe(self, project_id: str) -> None:
        """Overwrites what deleted vectors of a project have left in the files of an embedded Chroma.

        A server's files are its own: there the vectors are deleted, and `chroma vacuum` is its operator's.
        """
        self._run_alone(lambda: self._wipe(project_id))

    def scopes(self, project_id: str) -> Mapping[str, Scope]:
        """The scope of every vector of a project, by memory id."""
        return self._run(lambda: self._read(project_id, rows.scopes_by_id, {}))

    def strays(self, project_ids: Several[str]) -> Sequence[str]:
        """Names of collections of memoryd that are of none of these projects, or of another model."""
        return self._run(lambda: self._open().collections.strays(project_ids))

    def drop_stray(self, name: str) -> None:
        """Deletes a collection by its name."""
        self._run_alone(lambda: self._open().connection.client.delete_collection(name))

    def ping(self) -> None:
        """Raises Unavailable unless the index answers, store and all."""
        # A heartbeat only tells the time; a list has to come from the store.
        self._run(lambda: self._open().connection.client.list_collections(limit=1))

    def close(self) -> None:
        """Ends the connection. Nothing may be going on any more."""
        if self._opened is not None:
            self._opened.connection.close()

    def _run_alone(self, work: Callable[[], object]) -> None:
        with self._writing:
            self._run(work)

    def _run(self, work: Callable[[], R]) -> R:
        """Does it; after a failure of an embedded Chroma the next who comes opens it anew.

        What fails, on a full disk for example, takes one of its few ways to its files along. Without any left
        it stands still, and the whole process with it.
        """
        before = self._opened
        with index_failures():
            try:
                return work()
            except ChromaError:
                with self._opening:
                    failed = self._opened
                    # What failed is what was open before or, where nothing was, what has been opened for it.
                    known = before is None or before is failed
                    if failed is not None and known and failed.connection.let_go is not None:
                        failed.connection.let_go()
                        self._opened = None
                raise

    def _open(self) -> _Opened:
        with self._opening:
            if self._opened is None:
                self._opened = self._open_now()
            return self._opened

    def _open_now(self) -> _Opened:
        try:
            connection = self._connect()
        except ValueError as error:  # the way Chroma's client says that it cannot connect
            raise Unavailable("The index cannot be opened.", reason=INDEX_UNAVAILABLE) from error
        rows = min(ROWS, connection.client.get_max_batch_size())
        return _Opened(connection, ProjectCollections(connection.client, self._model, self._dimensions), rows)

    def _read(self, project_id: str, read: Callable[[Collection, int], R], nothing: R) -> R:
        opened = self._open()

        def attempt() -> R:
            collection = opened.collections.find(project_id)
            return nothing if collection is None else read(collection, opened.rows_a_call)

        return _again_if_gone(opened.collections, project_id, attempt)

    def _write(self, project_id: str, entries: Sequence[IndexEntry], deletes: Sequence[str]) -> None:
        opened = self._open()

        def attempt() -> None:
            if entries:
                rows.upsert(opened.collections.find_or_create(project_id), entries, opened.rows_a_call)
            if deletes and (collection := opened.collections.find(project_id)) is not None:
                rows.delete(collection, deletes, opened.rows_a_call)

        _again_if_gone(opened.collections, project_id, attempt)

    def _wipe(self, project_id: str) -> None:
        opened = self._open()
        if opened.connection.files is not None:
            opened.collections.renew(project_id, opened.rows_a_call)
            files.wipe(opened.connection.files)

    def _check_shape(self, vectors: Vectors) -> None:
        if vectors.ndim != 2 or vectors.shape[1] != self._dimensions:
            raise ValueError(f"vectors of shape {vectors.shape} do not have {self._dimensions} dimensions")


def _again_if_gone(collections: ProjectCollections, project_id: str, attempt: Callable[[], R]) -> R:
    """Attempts once more when a collection we knew was dropped by somebody else meanwhile."""
    try:
        return attempt()
    except NotFoundError:
        collections.forget(project_id)
        return attempt()
