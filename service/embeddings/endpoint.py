"""Reading the answers and the failures of an OpenAI-compatible endpoint for embeddings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import openai
from pydantic import BaseModel, FiniteFloat, ValidationError

from service.memory.errors import Unavailable
from service.memory.model import Vectors

EMBEDDER_UNAVAILABLE = "EMBEDDER_UNAVAILABLE"
"""The endpoint cannot be reached, is slow, limits us or fails. The call may be repeated."""

EMBEDDER_AUTHENTICATION = "EMBEDDER_AUTHENTICATION"
"""The endpoint does not accept the key. Somebody has to act."""

EMBEDDER_REFUSED = "EMBEDDER_REFUSED"
"""The endpoint refuses the request, for it does not know the model for example. Somebody has to act."""

EMBEDDINGS_INCOMPLETE = "EMBEDDINGS_INCOMPLETE"
"""The answer is not one good vector for each text."""


class _Embedding(BaseModel):
    index: int
    embedding: list[FiniteFloat]


class _Answer(BaseModel):
    data: list[_Embedding]


class EndpointFailure(Exception):
    """The private cause of an error: what kind it is, and nothing of what was sent or answered."""


def read_vectors(body: bytes, count: int, dimensions: int | None) -> Vectors:
    """The vectors in an answer, scaled to length 1, in the order of the texts; shape (count, dimensions).

    Args:
        body: what the endpoint sent.
        count: how many texts it was given.
        dimensions: how long vectors must be; None while nobody knows.

    Raises:
        Unavailable: EMBEDDINGS_INCOMPLETE, if there is not one good vector for each text.
    """
    try:
        answer = _Answer.model_validate_json(body)
    except ValidationError as error:
        # The validator's own text quotes the answer.
        raise _incomplete("it is not a list of vectors of finite numbers") from EndpointFailure(
            f"{error.error_count()} violations of the form, the first: {error.errors()[0]['type']}"
        )
    by_index = {row.index: row.embedding for row in answer.data}
    if len(answer.data) != count or set(by_index) != set(range(count)):
        raise _incomplete(f"there are {len(by_index)} vectors for {count} texts")
    lengths = {len(row) for row in by_index.values()}
    expected = dimensions or max(lengths)
    if lengths != {expected} or not expected:
        raise _incomplete(f"there are vectors of {sorted(lengths)} dimensions instead of {expected}")
    return _at_length_one(np.array([by_index[position] for position in range(count)], np.float64))


def unavailable(error: openai.OpenAIError | TimeoutError) -> Unavailable:
    """The error that a failed request stands for. Raise it from `private_cause` of the same."""
    status = error.status_code if isinstance(error, openai.APIStatusError) else None
    if status in {401, 403}:
        return Unavailable(
            "The embedding model's endpoint does not accept memoryd's key.", reason=EMBEDDER_AUTHENTICATION
        )
    if status is not None and status < 500 and status not in {408, 409, 429}:
        return Unavailable(
            "The embedding model's endpoint refuses the request. Is its model set right?",
            reason=EMBEDDER_REFUSED,
        )
    return Unavailable("The embedding model does not answer. Try again.", reason=EMBEDDER_UNAVAILABLE)


def private_cause(error: openai.OpenAIError | TimeoutError) -> EndpointFailure:
    """What an operator may read in the log. The endpoint's own words may repeat the texts."""
    status = f" {error.status_code}" if isinstance(error, openai.APIStatusError) else ""
    return EndpointFailure(f"{type(error).__name__}{status}")


def _at_length_one(vectors: npt.NDArray[np.float64]) -> Vectors:
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise _incomplete("there is a vector without a direction")
    return np.asarray(vectors / lengths, np.float32)


def _incomplete(why: str) -> Unavailable:
    return Unavailable(f"The embedding model's answer cannot be used: {why}.", reason=EMBEDDINGS_INCOMPLETE)
