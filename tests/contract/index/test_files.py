"""What an embedded Chroma leaves in its files."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import numpy as np

from service.index.connect import embedded

DIMENSIONS = 384
COLLECTIONS = 30
TEXT = re.compile(rb"[ -~]{12,}")


def test_vector_files_hold_no_leftovers_of_memory(tmp_path: Path) -> None:
    """What the process freed before, statements and ids among it, is in no file of vectors."""
    connection = embedded(tmp_path)()
    ids = [str(uuid.uuid4()) for _ in range(60)]
    vectors = np.random.default_rng(0).random((60, DIMENSIONS), dtype=np.float32)
    for number in range(COLLECTIONS):
        collection = connection.client.create_collection(f"memoryd-{number}", embedding_function=None)
        collection.upsert(ids, vectors, [{"user_id": f"user-{number}-{each}"} for each in ids])
        collection.query(query_embeddings=vectors[:1], n_results=3)
    connection.close()
    files = list(tmp_path.rglob("*.bin"))
    assert len(files) >= COLLECTIONS
    assert [found for path in files for found in TEXT.findall(path.read_bytes())] == []
