"""How an endpoint is asked for JSON, and how JSON is found in what it answers."""

from __future__ import annotations

import enum
import json

from memoryd import exact_json

from service.memory.errors import InferenceFailed

MAX_OBJECT_STARTS = 32
"""How many opening braces of a prose answer are tried."""

REASONING_END = "</think>"
"""Some servers leave a model's reasoning before its answer. What it drafts or repeats there is no answer."""


class AnswerForm(enum.Enum):
    """How an endpoint is asked for JSON, the strictest first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    TEXT = "text"

    @property
    def weaker(self) -> AnswerForm | None:
        """What to try when an endpoint refuses this form; None when there is nothing left."""
        return {AnswerForm.JSON_SCHEMA: AnswerForm.JSON_OBJECT, AnswerForm.JSON_OBJECT: AnswerForm.TEXT}.get(
            self
        )


def first_object(answer: str) -> object:
    """The first complete JSON object of an answer that may have prose or a code fence around it.

    Raises:
        InferenceFailed: MODEL_OUTPUT_INVALID.
    """
    text = answer.strip()
    if not text.startswith("{"):
        text = text.rpartition(REASONING_END)[2]
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(MAX_OBJECT_STARTS):
        if start < 0:
            break
        try:
            _, end = decoder.raw_decode(text, start)
            return exact_json.loads(text[start:end])
        except exact_json.ExactJsonError as error:
            raise invalid(str(error)) from error
        except (ValueError, RecursionError):
            start = text.find("{", start + 1)
    raise invalid("there is no complete JSON object in it")


def invalid(how: str) -> InferenceFailed:
    """The answer is none, for a reason that quotes nothing of it."""
    return InferenceFailed(f"The model's answer cannot be used: {how}.", reason="MODEL_OUTPUT_INVALID")
