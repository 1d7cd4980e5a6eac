"""The rankings that are compared. Each gives every question a score for every turn: (questions, turns)."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from service.memory.lexical import terms
from service.memory.ranking import DEFAULT, Weights, Wording, rank
from tests.benchmarks.retrieval.conversations import Ingested

Table: TypeAlias = npt.NDArray[np.float32]
Ranker: TypeAlias = Callable[[Ingested], Table]


def with_weights(weights: Weights) -> Ranker:
    """What the service does, with these weights."""

    def scores(ingested: Ingested) -> Table:
        questions = zip(ingested.conversation.questions, ingested.query_vectors, strict=True)
        return np.stack(
            [
                rank(Wording.of(question.text, ingested.documents), vectors, ingested.vectors, weights).scores
                for question, vectors in questions
            ]
        )

    return scores


def dense(ingested: Ingested) -> Table:
    """The cosine alone."""
    return np.asarray(ingested.query_vectors[:, 0] @ ingested.vectors.T, dtype=np.float32)


def dense_without_names(ingested: Ingested) -> Table:
    """The cosine of the query's other phrasing alone."""
    return np.asarray(ingested.query_vectors[:, 1] @ ingested.vectors.T, dtype=np.float32)


def bm25(ingested: Ingested, k1: float = 1.2, b: float = 0.75) -> Table:
    """The textbook's BM25 over stems, without function words."""
    texts = [_stems(document.text) for document in ingested.documents]
    counts = [Counter(words) for words in texts]
    holders = Counter(word for words in counts for word in words)
    lengths = np.array([len(words) for words in texts])
    damping = k1 * (1 - b + b * lengths / lengths.mean())
    table = np.zeros((len(ingested.conversation.questions), len(texts)), dtype=np.float32)
    for row, question in enumerate(ingested.conversation.questions):
        for word in terms(question.text):
            rarity = math.log1p((len(texts) - holders[word] + 0.5) / (holders[word] + 0.5))
            frequency = np.array([words[word] for words in counts])
            table[row] += rarity * frequency * (k1 + 1) / (frequency + damping)
    return table


def _stems(text: str) -> list[str]:
    return [stem for word in re.findall(r"\w+", text) for stem in terms(word) & terms(text)]


def z_scores(ingested: Ingested) -> Table:
    """The sum of both, each in standard deviations of the question."""
    return _standard(bm25(ingested)) + _standard(dense(ingested))


def neighbors(ingested: Ingested) -> Table:
    """The same with 0.3 of the scores of the turns before and after."""
    alone = z_scores(ingested)
    padded = np.pad(alone, ((0, 0), (1, 1)))
    return alone + np.float32(0.3) * (padded[:, :-2] + padded[:, 2:])


def _standard(table: Table) -> Table:
    deviations = table - table.mean(axis=1, keepdims=True)
    return np.asarray(deviations / (table.std(axis=1, keepdims=True) + 1e-9), dtype=np.float32)


def feedback(ingested: Ingested) -> Table:
    """A second pass: half of the mean of the five best vectors is added to the query."""
    first = with_weights(DEFAULT)(ingested)
    best = np.argsort(-first, axis=1)[:, :5]
    moved = ingested.query_vectors + np.float32(0.5) * ingested.vectors[best].mean(axis=1, keepdims=True)
    moved /= np.linalg.norm(moved, axis=2, keepdims=True)
    return with_weights(DEFAULT)(replace(ingested, query_vectors=moved))


ALONE = replace(DEFAULT, focus=0.0, speaker=0.0, company=0.0)

RANKERS: dict[str, Ranker] = {
    "BM25": bm25,
    "cosine": dense,
    "cosine, query without names": dense_without_names,
    "sum of z-scores": z_scores,
    "z-scores, neighbours": neighbors,
    "coverage + cosine": with_weights(ALONE),
    ".. query without names": with_weights(replace(ALONE, focus=DEFAULT.focus)),
    ".. speaker": with_weights(replace(DEFAULT, company=0.0)),
    ".. company (chosen)": with_weights(DEFAULT),
    "company without limit": with_weights(replace(DEFAULT, company_limit=1.0)),
    "second pass (feedback)": feedback,
}

WEIGHTS = (
    DEFAULT,
    *(replace(DEFAULT, lexical=share) for share in (0.4, 0.6)),
    *(replace(DEFAULT, focus=share) for share in (0.6, 0.7, 0.9, 1.0)),
    *(replace(DEFAULT, speaker=bonus) for bonus in (0.1, 0.2)),
    *(replace(DEFAULT, company=share) for share in (0.6, 0.9)),
    *(replace(DEFAULT, company_limit=limit) for limit in (0.2, 0.3)),
    *(replace(DEFAULT, reaches=reaches) for reaches in ((1, 4), (1, 3, 8), (2, 4, 8), (1, 2, 4, 8, 16))),
)
"""The chosen weights, and those that differ in one of them."""
