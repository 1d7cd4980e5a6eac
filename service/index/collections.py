"""Which collection holds the vectors of which project."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from chromadb import Collection
from chromadb.api import ClientAPI
from chromadb.errors import NotFoundError

from service.index.failures import INDEX_INCOMPATIBLE
from service.memory.errors import Unavailable

PREFIX = "memoryd-"
LISTED = 500
REMEMBERED = 1_000
"""Collections that are kept at hand; looking one up costs a round trip."""


class ProjectCollections:
    """One collection per project and embedding model, in cosine space. Thread-safe.

    Args:
        client: an open client of Chroma.
        model: the embedding model's name; part of a collection's name.
        dimensions: the length of its vectors.
    """

    def __init__(self, client: ClientAPI, model: str, dimensions: int) -> None:
        self._client = client
        self._model = model
        self._dimensions = dimensions
        self._known: OrderedDict[str, Collection] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, project_id: str) -> Collection | None:
        """The project's collection, or None while it has none."""
        if (known := self._recall(project_id)) is not None:
            return known
        try:
            # Never Chroma's default embedding function: it downloads a model.
            collection = self._client.get_collection(self._name(project_id), embedding_function=None)
        except NotFoundError:
            return None
        return self._remember(project_id, collection)

    def find_or_create(self, project_id: str) -> Collection:
        """The project's collection, made now if there is none."""
        if (known := self._recall(project_id)) is not None:
            return known
        return self._remember(project_id, self._create(self._name(project_id)))

    def forget(self, project_id: str) -> None:
        """Looks the collection up again next time."""
        with self._lock:
            self._known.pop(project_id, None)

    def renew(self, project_id: str, rows: int) -> None:
        """Moves what is in the project's collection into a new one: the old keeps what was deleted.

        Nobody else may write to it meanwhile. A process that ends between the two changes of names leaves
        the project without a collection, as if the index were lost.

        Args:
            project_id: whose.
            rows: how many rows to move in one call.
        """
        known = self.find(project_id)
        if known is None:
            return
        name = self._name(project_id)
        old = self._client.get_collection(name, embedding_function=None)
        for left in (f"{name}-next", f"{name}-old"):
            self._delete(left)
        new = self._create(f"{name}-next")
        moved = 0
        while (found := old.get(limit=rows, offset=moved, include=["embeddings", "metadatas"]))["ids"]:
            new.upsert(found["ids"], found["embeddings"], found["metadatas"])
            moved += len(found["ids"])
        old.modify(name=f"{name}-old")
        new.modify(name=name)
        self.forget(project_id)
        self._delete(f"{name}-old")

    def drop(self, project_id: str) -> None:
        """Deletes the project's collection, if there is one."""
        self.forget(project_id)
        self._delete(self._name(project_id))

    def _delete(self, name: str) -> None:
        try:
            self._client.delete_collection(name)
        except NotFoundError:
            return

    def _create(self, name: str) -> Collection:
        return self._client.get_or_create_collection(
            name,
            configuration={"hnsw": {"space": "cosine"}},
            metadata={"embedding_model": self._model, "dimensions": self._dimensions},
            embedding_function=None,
        )

    def strays(self, project_ids: Iterable[str]) -> Sequence[str]:
        """Names of collections of memoryd that are of none of these projects, or of another model."""
        needed, found, offset = {self._name(project_id) for project_id in project_ids}, list[str](), 0
        while page := self._client.list_collections(limit=LISTED, offset=offset):
            found += [each.name for each in page]
            offset += len(page)
        return sorted(name for name in found if name.startswith(PREFIX) and name not in needed)

    def _name(self, project_id: str) -> str:
        return f"{PREFIX}{project_id}-{hashlib.sha256(self._model.encode()).hexdigest()[:16]}"

    def _recall(self, project_id: str) -> Collection | None:
        with self._lock:
            if project_id in self._known:
                self._known.move_to_end(project_id)
            return self._known.get(project_id)

    def _remember(self, project_id: str, collection: Collection) -> Collection:
        self._check(collection)
        with self._lock:
            self._known[project_id] = collection
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return collection

    def _check(self, collection: Collection) -> None:
        """An existing collection keeps its own configuration, whatever is asked for: compare."""
        configuration = collection.configuration_json
        engine = configuration.get("hnsw") or configuration.get("spann") or {}
        found = engine.get("space"), (collection.metadata or {}).get("dimensions")
        if found != ("cosine", self._dimensions):
            raise Unavailable(
                f"The index holds vectors of space {found[0]} and {found[1]} dimensions where vectors of "
                f"space cosine and {self._dimensions} dimensions belong. Build the index anew.",
                reason=INDEX_INCOMPATIBLE,
            )
