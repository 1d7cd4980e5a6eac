"""An embedder behind any endpoint that speaks OpenAI's embeddings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence

import numpy as np
import openai

from service.embeddings.endpoint import private_cause, read_vectors, unavailable
from service.memory.model import Vectors

MAX_INPUTS = 256
"""Texts in one request."""

MAX_BYTES = 8_000
"""What is sent of one text. OpenAI's models read 8,192 tokens, and a token is at least a byte."""

MAX_REQUEST_BYTES = 250_000
"""What is sent of all texts of a request. OpenAI takes 300,000 tokens."""


PROOF_SECONDS = 30.0
"""How long an answer proves that the endpoint works."""


class OpenAIEmbedder:
    """Embeds at an endpoint. `probe` it before its first use.

    Args:
        api_key: what the endpoint wants as bearer token; any text for one that wants none.
        model: the model's name there.
        base_url: the endpoint, up to and with its version. None: OpenAI's own.
        timeout: seconds that a request may take, its retries included.
        max_retries: attempts after the first on 408, 409, 429, 5xx and connection errors.
    """

    def __init__(
        self,
        *,
        api_key: str,
        model: str,
        base_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
    ) -> None:
        self._model = model
        self._timeout = timeout
        self._dimensions: int | None = None
        self._answered_at = -PROOF_SECONDS
        self._client = openai.AsyncOpenAI(
            api_key=api_key, base_url=base_url, timeout=timeout, max_retries=max_retries
        )

    @property
    def model(self) -> str:
        """The model's name."""
        return self._model

    @property
    def dimensions(self) -> int:
        """The length of every vector; known once probed."""
        if self._dimensions is None:
            raise RuntimeError("the length of the vectors is known after `probe`")
        return self._dimensions

    async def probe(self) -> None:
        """Asks for one vector, to learn how long they are and that the endpoint works.

        Raises:
            Unavailable: as `embed` does.
        """
        self._dimensions = (await self._request(["How long are your vectors?"])).shape[1]

    async def ping(self) -> None:
        """Raises Unavailable unless the endpoint answered within the last half minute, or answers now.

        Endpoints charge for every text, so traffic that succeeds is proof enough.
        """
        if time.monotonic() - self._answered_at > PROOF_SECONDS:
            await self.probe()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeds texts; what is beyond 8,000 bytes of a text in UTF-8 does not count. See the port.

        Raises:
            Unavailable: EMBEDDER_UNAVAILABLE, EMBEDDER_AUTHENTICATION, EMBEDDER_REFUSED or
                EMBEDDINGS_INCOMPLETE.
            UnicodeEncodeError: a text holds half a surrogate pair.
        """
        parts = [await self._request(batch) for batch in _batches([_fit(text) for text in texts])]
        return np.concatenate([np.empty((0, self.dimensions), np.float32), *parts])

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def _request(self, texts: Sequence[str]) -> Vectors:
        try:
            # The SDK waits as long as Retry-After says, up to a minute: the limit is for all of it.
            async with asyncio.timeout(self._timeout):
                answer = await self._client.embeddings.with_raw_response.create(
                    model=self._model,
                    input=list(texts),
                    encoding_format="float",  # not every compatible endpoint knows base64
                )
        except (openai.OpenAIError, TimeoutError) as error:
            raise unavailable(error) from private_cause(error)
        vectors = read_vectors(answer.content, len(texts), self._dimensions)
        self._answered_at = time.monotonic()
        return vectors


def _fit(text: str) -> str:
    """What is sent for a text. OpenAI refuses an empty one, so a space stands for it."""
    return text.encode()[:MAX_BYTES].decode(errors="ignore") or " "


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) == MAX_INPUTS or size + len(text.encode()) > MAX_REQUEST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text.encode())
    if batch:
        yield batch
