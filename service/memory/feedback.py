"""What people think of a memory."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Verdict(enum.Enum):
    """How good a memory is."""

    POSITIVE = "POSITIVE"
    NEGATIVE = "NEGATIVE"
    VERY_NEGATIVE = "VERY_NEGATIVE"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody says about one memory; no verdict takes back what was said."""

    memory_id: str
    verdict: Verdict | None
    reason: str | None


class FeedbackBook(Protocol):
    """Keeps one opinion a memory: the last."""

    async def note(self, project_id: str, opinion: Opinion, actor: str, at: datetime) -> str:
        """Replaces the opinion on a memory and gives its id, which stays the same.

        Raises:
            NotFound: there is no such memory.
        """
