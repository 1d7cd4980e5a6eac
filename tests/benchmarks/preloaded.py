"""What every system is preloaded with: the same texts, and vectors in random directions.

What is measured is how work grows with the number of memories, not what is found.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from service.memory.model import Vector

DIMENSIONS = 384
START = datetime(2026, 1, 1, tzinfo=UTC)
SEED = 7

SUBJECTS = ("coffee", "trains", "the piano", "old maps", "rainy days", "chess", "gardens", "bread", "the sea")
VERBS = ("Likes", "Avoids", "Writes about", "Collects", "Talks of", "Dreams of", "Reads about")


def text(user: int, number: int) -> str:
    """A user's memory of that number."""
    return f"{VERBS[(user + number) % len(VERBS)]} {SUBJECTS[number % len(SUBJECTS)]}, note {number}"


def said_at(number: int) -> datetime:
    """When it was said."""
    return START + timedelta(seconds=number)


def direction(random: np.random.Generator) -> Vector:
    """The next vector, of length 1."""
    drawn = random.standard_normal(DIMENSIONS).astype(np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn), dtype=np.float32)
