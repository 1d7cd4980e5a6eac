"""A sentence model on ONNX Runtime: texts to vectors, synchronously, on the calling thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from service.embeddings.eight_bit import with_eight_bit_products
from service.embeddings.model_files import ModelFiles
from service.memory.model import Vectors

MAX_TOKENS = 256
"""What all-MiniLM-L6-v2 was made to read; the rest of a text is cut."""

MAX_CHARACTERS = 16_384
"""What is tokenized of a text at most. Far more than 256 tokens, unless it is padding; without this, a
message of megabytes would hold a thread for seconds to no end."""

PADDING_ALLOWANCE = 8
"""Texts share a run when they differ by no more tokens than this, or by less than half."""


class SentenceModel:
    """Token states, averaged over the tokens of a text, at length 1. Safe to use from several threads.

    Args:
        files: the model and its tokenizer.
        threads: how many threads one run may use.
    """

    def __init__(self, files: ModelFiles, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait take the processor from whoever else needs it.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            with_eight_bit_products(files.model), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._input_names = {given.name for given in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_buffer(files.tokenizer)
        self._padding_id = int((self._tokenizer.padding or {}).get("pad_id", 0))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self.dimensions = int(self.embed([""]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeds at least one text; shape (len(texts), dimensions), rows in the order of the texts."""
        tokens = [self._tokenizer.encode(text[:MAX_CHARACTERS]).ids for text in texts]
        vectors: dict[int, npt.NDArray[np.float32]] = {}
        for run in _runs([len(ids) for ids in tokens]):
            vectors.update(zip(run, self._run([tokens[position] for position in run]), strict=True))
        return np.stack([vectors[position] for position in range(len(texts))])

    def _run(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        longest = max(len(ids) for ids in tokens)
        ids = np.full((len(tokens), longest), self._padding_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, text_ids in enumerate(tokens):
            ids[row, : len(text_ids)] = text_ids
            mask[row, : len(text_ids)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(
            None, {name: value for name, value in inputs.items() if name in self._input_names}
        )[0]
        return _unit_means(states, mask)


def _unit_means(states: npt.NDArray[np.float32], mask: npt.NDArray[np.int64]) -> Vectors:
    """The direction of the mean state of each text; padding does not count."""
    sums: npt.NDArray[np.float32] = np.einsum("tsd,ts->td", states, mask.astype(np.float32))
    means: Vectors = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return means


def _runs(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Groups positions so that texts of about one length share a run and little of it is padding."""
    run: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if run and lengths[position] > max(lengths[run[0]] + PADDING_ALLOWANCE, lengths[run[0]] * 1.5):
            yield run
            run = []
        run.append(position)
    yield run
