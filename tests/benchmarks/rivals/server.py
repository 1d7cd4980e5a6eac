"""Serves one release of mem0ai, inside that release's own environment: JSON lines in, JSON lines out.

    python server.py --version 2.2.1 --data-dir DIR --model-url http://127.0.0.1:9100/v1 --threads 2

It prints its port and serves every connection on a thread of its own:

    {"do": "add", "user_id": "alex", "text": "..."}                   the list of results
    {"do": "search", "user_id": "alex", "query": "...", "limit": 10}  a list of {"id", "memory"}
    {"do": "count", "user_id": "alex"}                                how many are stored (null: in all)
    {"do": "stats"}                                                   {"resident_bytes": 123}

An answer is {"value": ...}, or {"raised": "Type: text"}.

A user gets `pip install mem0ai chromadb`, and this is no more, but for what the embedder runs on. Without the
extra `nlp` there is no spaCy: 2.2.1 then finds no entities, stores texts as their own lemmas, and says so
once in its log. With Chroma it has no keyword search either, so that its search is by vectors alone. All of
that makes it faster than it would be with the extra.

The embedder is memoryd's, as source, in place of the one that mem0ai calls `huggingface`: it offers no place
to hand in an object of one's own. Everything else is mem0ai's own: its OpenAI client and default model, its
store, its history in `~/.mem0`, where the home is the data directory.

The synchronous `Memory` is used, on as many threads as there are callers. `AsyncMemory` runs the same code on
asyncio's default executor, which has 6 threads on 2 processors and holds one during each model call. With a
model of 500 ms and 32 callers that makes 3.5 adds a second with 1.0.11 and 5.7 with 2.2.1; threads make 8.2
and 11.5.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import socketserver
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
COLLECTION = "mem0"


class LocalEmbedding:
    """The interface of mem0ai's embedders over memoryd's sentence model. Vectors are lists of floats."""

    sentences: Any
    """The model; set before mem0ai constructs this class by itself."""

    def __init__(self, config: object) -> None:
        self.config = config

    def embed(self, text: str, memory_action: object = None) -> list[float]:
        """One text; releases 1.x know no other way."""
        return self.embed_batch([text], memory_action)[0]

    def embed_batch(self, texts: Sequence[str], _memory_action: object = None) -> list[list[float]]:
        """Several texts in one run."""
        vectors: list[list[float]] = self.sentences.embed(texts).tolist()
        return vectors


class Served:
    """A `Memory` as a user configures it, behind the four operations.

    Args:
        version: the release: `1.0.11` or `2.2.1`.
        data_dir: where Chroma keeps its files.
        model_url: an OpenAI-compatible endpoint.
        threads: how many threads one run of the embedder may use.
    """

    def __init__(self, version: str, data_dir: Path, model_url: str, threads: int) -> None:
        sys.path.append(str(ROOT))
        sentence_model = importlib.import_module("service.embeddings.sentence_model")
        files = importlib.import_module("service.embeddings.model_files").read_model_files()
        LocalEmbedding.sentences = sentence_model.SentenceModel(files, threads)
        factory = importlib.import_module("mem0.utils.factory").EmbedderFactory
        factory.provider_to_class["huggingface"] = f"{__name__}.LocalEmbedding"
        config = {
            "vector_store": {
                "provider": "chroma",
                "config": {"collection_name": COLLECTION, "path": str(data_dir / "chroma")},
            },
            "llm": {"provider": "openai", "config": {"api_key": "none", "openai_base_url": model_url}},
            "embedder": {"provider": "huggingface", "config": {}},
        }
        self._memory: Any = importlib.import_module("mem0").Memory.from_config(config)
        self._scope_is_a_filter = not version.startswith("1.")

    def add(self, user_id: str, text: str) -> Any:
        """What mem0ai says that it did."""
        return self._memory.add([{"role": "user", "content": text}], user_id=user_id)["results"]

    def search(self, user_id: str, query: str, limit: int) -> list[dict[str, Any]]:
        """The best memories, best first."""
        if self._scope_is_a_filter:
            found = self._memory.search(query, filters={"user_id": user_id}, top_k=limit)
        else:
            found = self._memory.search(query, user_id=user_id, limit=limit)
        return [{"id": each["id"], "memory": each["memory"]} for each in found["results"]]

    def count(self, user_id: str | None) -> int:
        """How many memories Chroma has."""
        collection = self._memory.vector_store.collection
        if user_id is None:
            return int(collection.count())
        return len(collection.get(where={"user_id": user_id}, include=[])["ids"])

    def stats(self) -> dict[str, int]:
        """The resident size of this process."""
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {"resident_bytes": pages * os.sysconf("SC_PAGE_SIZE")}


class Server(socketserver.ThreadingTCPServer):
    """A thread a connection."""

    daemon_threads = True
    request_queue_size = 1024


def handler(served: Served) -> type[socketserver.StreamRequestHandler]:
    """What serves one connection, line after line."""
    verbs: dict[str, Callable[..., Any]] = {
        "add": served.add,
        "search": served.search,
        "count": served.count,
        "stats": served.stats,
    }

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            for line in self.rfile:
                request = json.loads(line)
                try:
                    answer = {"value": verbs[request.pop("do")](**request)}
                except Exception as error:  # noqa: BLE001 whatever mem0ai raises is its answer
                    answer = {"raised": f"{type(error).__name__}: {error}"}
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    return Handler


def main() -> None:
    """Serves until it is terminated; prints its port first."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--model-url", required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    served = Served(arguments.version, arguments.data_dir, arguments.model_url, arguments.threads)
    with Server(("127.0.0.1", 0), handler(served)) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
