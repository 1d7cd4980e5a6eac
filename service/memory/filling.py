"""Memories brought into a form that a JSON Schema describes, or into words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from service.memory.errors import InferenceFailed
from service.memory.json_schema import Checker, Schema
from service.memory.model import Memory
from service.memory.ports import Deadline

DOES_NOT_FIT = "RESULT_DOES_NOT_FIT"
"""The reason of InferenceFailed where a value breaks its schema."""


class Writer(Protocol):
    """Writes about memories: summaries, and values that follow a schema."""

    @property
    def name(self) -> str:
        """What answers call it."""

    @property
    def memory_limit(self) -> int:
        """How many memories it can read at once."""

    async def summarize(self, memories: Sequence[Memory], deadline: Deadline) -> str:
        """The memories in short, as prose or as a list.

        Raises: see `fill`.
        """

    async def fill(
        self,
        schema: Schema,
        memories: Sequence[Memory],
        instructions: str | None,
        deadline: Deadline,
        repair: str | None = None,
    ) -> object:
        """A JSON value that says what the memories say, in the form of the schema.

        Args:
            schema: a JSON Schema.
            memories: the newest first.
            instructions: how the client wants it, in free text.
            deadline: when to give up.
            repair: what was wrong with the previous answer, if there was one.

        Raises:
            InferenceFailed: there is no such value. The text says why.
            Unavailable: the model does not answer.
            DeadlineExceeded: the deadline passed first.
        """


async def fitting_value(
    writer: Writer, schema: Schema, memories: Sequence[Memory], instructions: str | None, deadline: Deadline
) -> object:
    """What the memories say, as a value that fits the schema. A wrong one is asked for once more.

    Raises:
        InferenceFailed: there is none, or none that fits.
        Unavailable: the model does not answer.
        DeadlineExceeded: the deadline passed first.
    """
    checker, repair = Checker(schema, len(memories)), None
    for last in (False, True):
        try:
            value = await writer.fill(schema, memories, instructions, deadline, repair)
        except InferenceFailed as error:
            if last or not error.repairable:
                raise
            repair = error.text
            continue
        mistake = await asyncio.to_thread(checker.mistake_in, value)
        if mistake is None:
            return value
        repair = f"The value does not fit the schema: {mistake}."
    raise InferenceFailed(repair or "", reason=DOES_NOT_FIT)
