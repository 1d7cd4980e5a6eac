"""A writer that needs no language model: it copies what the memories say and makes nothing up.

A summary is the newest facts by category. An export is filled by the following rules, and where none applies
by the schema's own `default`, else by null if the schema allows it; a property that is not required is left
out. A required one that nothing can be found for makes the export fail.

- An array of objects, one of whose properties is called memory, text, fact or content, has one object for
  each memory. Its other properties may be id, memory_id, category, categories, created_at, updated_at,
  user_id, agent_id, app_id, run_id, session_id, expiration_date and metadata.
- An array of strings called memories, facts, texts or notes has the text of every memory. One of another name
  has the texts of the memories that are near in meaning to its name, title and description.
- A string is the text of the memory that is nearest in meaning to its name, title and description, if it is
  near enough. One of a few (`enum`) is the value that the nearest memories name.
- Numbers and booleans are not read from texts.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from service.inference.schema_fill import SchemaFill, TextNode, Unfilled, text_nodes
from service.memory.errors import InferenceFailed
from service.memory.filling import DOES_NOT_FIT
from service.memory.json_schema import Schema
from service.memory.model import Memory
from service.memory.ports import Deadline, Embedder

SUMMARY_FACTS = 50
"""How many facts a summary has."""

LOOKED_AT = 500
"""How many of the newest memories are compared with what a string shall say."""

NEAR_ENOUGH = 0.3
"""Cosine of a fact and the name of what it shall fill, from which on it is taken. Found by trying MiniLM."""


class ExtractiveWriter:
    """Implements `service.memory.filling.Writer` by copying.

    Args:
        embedder: tells which memory is near in meaning to what a string shall say.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def name(self) -> str:
        """What answers call it."""
        return "rules"

    @property
    def memory_limit(self) -> int:
        """How many memories it can read at once."""
        return 10_000

    async def summarize(
        self,
        memories: Sequence[Memory],
        deadline: Deadline,  # noqa: ARG002 - it takes no time
    ) -> str:
        """The newest facts by category, one category a line."""
        groups: dict[str, list[str]] = defaultdict(list)
        for memory in memories[:SUMMARY_FACTS]:
            groups[memory.categories[0] if memory.categories else "other"].append(_sentence(memory.text))
        return "\n".join(f"{category}: {' '.join(facts)}" for category, facts in groups.items())

    async def fill(
        self,
        schema: Schema,
        memories: Sequence[Memory],
        instructions: str | None,  # noqa: ARG002 - needs a reader of free text
        deadline: Deadline,  # noqa: ARG002 - nobody is asked
        repair: str | None = None,
    ) -> object:
        """A value in the form of the schema, filled by the rules above.

        Raises:
            InferenceFailed: SCHEMA_CANNOT_BE_FILLED, something required has nothing to fill it.
            Unavailable: the embedder does not answer.
        """
        if repair is not None:
            # What copies by rules would copy the same once more.
            raise InferenceFailed(repair, reason=DOES_NOT_FIT, repairable=False)
        nearest = await self._nearest(text_nodes(schema), memories[:LOOKED_AT])
        try:
            return await asyncio.to_thread(SchemaFill(schema, memories, nearest).value)
        except Unfilled as missing:
            text = f"No memory says plainly what belongs at {missing.path}, and no language model was asked."
            raise InferenceFailed(text, reason="SCHEMA_CANNOT_BE_FILLED", repairable=False) from None

    async def _nearest(
        self, nodes: Sequence[TextNode], memories: Sequence[Memory]
    ) -> dict[str, list[Memory]]:
        """For each path of a text, the memories that are near enough to what it shall say, nearest first."""
        if not nodes or not memories:
            return {}
        wanted = await self._embedder.embed([node.description for node in nodes])
        known = await self._embedder.embed([memory.text for memory in memories])
        found = {}
        for node, scores in zip(nodes, wanted @ known.T, strict=True):
            order = np.argsort(-scores, kind="stable")
            found[node.path] = [memories[place] for place in order if scores[place] >= NEAR_ENOUGH]
        return found


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
