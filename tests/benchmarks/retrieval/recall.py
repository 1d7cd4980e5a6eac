"""Evidence recall: which share of the turns that answer a question is among the best k; the mean of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tests.benchmarks.retrieval.conversations import ADVERSARIAL, Ingested
from tests.benchmarks.retrieval.rankings import Ranker

DEPTHS = (10, 20)

Recalls: TypeAlias = npt.NDArray[np.float64]
"""Shape (questions, depths)."""


def recalls(ranker: Ranker, ingested: Ingested, adversarial: bool = False) -> Recalls:
    """The recall of each question of a conversation; adversarial ones only if wanted."""
    ids = [turn.id for turn in ingested.conversation.turns]
    best = np.argsort(-ranker(ingested), axis=1, kind="stable")[:, : max(DEPTHS)]
    return np.array(
        [
            [
                len(question.evidence.intersection(ids[i] for i in row[:k])) / len(question.evidence)
                for k in DEPTHS
            ]
            for question, row in zip(ingested.conversation.questions, best, strict=True)
            if adversarial or question.category != ADVERSARIAL
        ]
    )


def leave_one_out(tables: Sequence[Sequence[Recalls]]) -> tuple[Recalls, list[int]]:
    """Recall on each conversation by the settings that are best on all the others.

    Args:
        tables: the recalls of each setting on each conversation.

    Returns:
        The recalls of all questions, and the index of the setting chosen for each conversation.
    """
    conversations = range(len(tables[0]))
    chosen = [
        max(
            range(len(tables)),
            key=lambda setting: np.concatenate(
                [tables[setting][other] for other in conversations if other != held_out]
            ).mean(),
        )
        for held_out in conversations
    ]
    return np.concatenate(
        [tables[setting][c] for c, setting in zip(conversations, chosen, strict=True)]
    ), chosen
