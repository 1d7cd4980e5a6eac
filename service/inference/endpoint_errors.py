"""What an OpenAI-compatible endpoint's failures mean to memoryd.

The endpoint's own words stay here: they may repeat what was sent to it, or parts of the key.
"""

from __future__ import annotations

import re

import openai

from service.memory.errors import DeadlineExceeded, InferenceFailed, MemorydError, Unavailable
from service.memory.ports import Deadline

_FORM_REFUSED = re.compile(
    r"response[ _.]?(format|schema)|json[ _]?(schema|object)|structured[ _]?output|guided|grammar"
    r"|unsupported|requested parameters",
    re.IGNORECASE,
)
"""How endpoints name what they refuse. OpenAI, Azure, DeepSeek, xAI, Mistral, LM Studio, llama.cpp and
Volcano say response_format, Groq "response format", vLLM "JSON schema" or its grammar backend, Gemini
response_schema, OpenRouter "requested parameters"."""

_FORM_STATUSES = frozenset({400, 404, 422})

_REFUSED = frozenset({"content_filter", "content_policy_violation"})
"""Codes by which Azure and OpenAI refuse what the messages say before a model reads it."""

_INVALID = frozenset({"json_validate_failed"})
"""Groq checks a model's answer itself, and answers 400 when it breaks the schema."""

_SAYS_WHY = _REFUSED | _INVALID | {"context_length_exceeded", "model_not_found"}

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:-]{1,100}")


class EndpointFailure(Exception):
    """The private cause of an error: status, code and request id, and none of the endpoint's prose."""


def refuses_form(error: openai.APIStatusError) -> bool:
    """Whether the endpoint refuses the form the answer was asked in, and not the request as such."""
    return (
        error.status_code in _FORM_STATUSES
        and error.code not in _SAYS_WHY
        and _FORM_REFUSED.search(error.response.text) is not None
    )


def domain_error(error: openai.APIError, deadline: Deadline) -> MemorydError:
    """The error that a failed call stands for. Raise it from `private_cause` of the same call."""
    if isinstance(error, openai.APIStatusError):
        return _answered(error) or _by_status(error.status_code)
    if isinstance(error, openai.APITimeoutError) and not deadline.remaining():
        return out_of_time()
    return Unavailable("The language model's endpoint cannot be reached.", reason="MODEL_UNAVAILABLE")


def private_cause(error: openai.APIError) -> EndpointFailure:
    """What an operator may read in the log about a failed call."""
    answered = error if isinstance(error, openai.APIStatusError) else None
    facts = {
        "error": type(error).__name__,
        "status": str(answered.status_code) if answered else None,
        "code": error.code,
        "param": error.param,
        "request_id": answered.request_id if answered else None,
        "cause": type(error.__cause__).__name__ if error.__cause__ else None,
    }
    shown = (f"{name}={value}" for name, value in facts.items() if value and _IDENTIFIER.fullmatch(value))
    return EndpointFailure(" ".join(shown))


def out_of_time() -> DeadlineExceeded:
    """The deadline passed before the model had answered."""
    return DeadlineExceeded("The language model did not answer in time.", reason="MODEL_TIMEOUT")


def not_compatible() -> Unavailable:
    """Something answered, and not as chat completions do: a wrong address, or a proxy's page."""
    return Unavailable(
        "The language model's endpoint does not answer as an OpenAI-compatible one.",
        reason="MODEL_UNAVAILABLE",
    )


def refused() -> InferenceFailed:
    """The model, or a filter before it, declines."""
    return InferenceFailed(
        "The language model refused to read these messages.", reason="MODEL_REFUSED", repairable=False
    )


def _answered(error: openai.APIStatusError) -> MemorydError | None:
    """The error behind a status that in truth reports on the model's answer."""
    if error.code in _REFUSED:
        return refused()
    if error.code in _INVALID:
        return InferenceFailed(
            "The model's answer cannot be used: it does not follow the schema.", reason="MODEL_OUTPUT_INVALID"
        )
    if error.code == "context_length_exceeded":
        return Unavailable(
            "The messages are longer than the language model can read.", reason="MODEL_CONTEXT_EXCEEDED"
        )
    return None


def _by_status(status: int) -> Unavailable:
    if status in {401, 403}:
        return Unavailable(
            "The language model's endpoint does not accept memoryd's key.", reason="MODEL_AUTHENTICATION"
        )
    if status == 429:
        return Unavailable(
            "The language model's endpoint is limiting memoryd's requests.", reason="MODEL_RATE_LIMITED"
        )
    if status == 404:
        return Unavailable("The language model, or its endpoint, does not exist.", reason="MODEL_NOT_FOUND")
    if status < 500 and status not in {408, 409}:
        return Unavailable(
            "The language model's endpoint refused the request.", reason="MODEL_REQUEST_REFUSED"
        )
    return Unavailable("The language model's endpoint is failing.", reason="MODEL_UNAVAILABLE")
