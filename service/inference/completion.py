"""Reads the body of a chat completion, from whatever OpenAI-compatible endpoint it comes."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.inference.endpoint_errors import not_compatible, refused
from service.memory.errors import InferenceFailed


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model wrote, and what it cost. Endpoints that do not count tokens are read as zero."""

    text: str
    tokens_in: int
    tokens_out: int


def read_completion(body: bytes) -> Answer:
    """Reads a completion's first choice.

    Raises:
        InferenceFailed: MODEL_REFUSED, MODEL_OUTPUT_TRUNCATED, or MODEL_OUTPUT_INVALID when it is empty.
        Unavailable: MODEL_UNAVAILABLE, the body is not a chat completion.
    """
    try:
        completion = _Completion.model_validate_json(body)
    except ValidationError as error:
        raise not_compatible() from error
    usage = completion.usage or _Usage()
    return Answer(_text(completion.choices[0]), usage.prompt_tokens or 0, usage.completion_tokens or 0)


class _Body(BaseModel):
    # Endpoints add fields of their own; and what a model wrote must not reach a log in an error's text.
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class _Part(_Body):
    type: str
    text: str | None = None


class _Message(_Body):
    content: str | list[_Part] | None = None
    refusal: str | None = None


class _Choice(_Body):
    message: _Message
    finish_reason: str | None = None


class _Usage(_Body):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(_Body):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def _text(choice: _Choice) -> str:
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise refused()
    if choice.finish_reason == "length":
        raise InferenceFailed(
            "The model's answer was cut off before its end.",
            reason="MODEL_OUTPUT_TRUNCATED",
        )
    content = choice.message.content
    if isinstance(content, list):
        content = "".join(part.text or "" for part in content if part.type == "text")
    if not content:
        raise InferenceFailed(
            "The model's answer cannot be used: it is empty.", reason="MODEL_OUTPUT_INVALID"
        )
    return content
