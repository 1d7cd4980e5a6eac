"""What reads, embeds and writes texts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from service.config import EmbedderChoice, ReasonerChoice, Settings
from service.embeddings.local import LocalEmbedder
from service.inference.extract import ExtractiveWriter
from service.memory.filling import Writer
from service.memory.ports import Embedder, Reasoner

DEFAULT_EMBEDDING_MODEL = "text-embedding-3-small"


@dataclass(frozen=True, slots=True)
class Models:
    """The models of one service."""

    embedder: Embedder
    reasoner: Reasoner
    writer: Writer


async def open_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings ask for.

    Raises:
        service.memory.errors.Unavailable: the endpoint does not answer.
    """
    if settings.embedder is EmbedderChoice.OPENAI and settings.openai_api_key is not None:
        # The OpenAI SDK takes a second to load: only who uses it waits for it.
        from service.embeddings.openai import OpenAIEmbedder  # noqa: PLC0415

        remote = OpenAIEmbedder(
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
            model=settings.embedding_model or DEFAULT_EMBEDDING_MODEL,
        )
        await remote.probe()
        return remote
    directory = None if settings.embedding_model is None else Path(settings.embedding_model)
    return await asyncio.to_thread(LocalEmbedder, directory)


async def open_models(settings: Settings, embedder: Embedder, stack: AsyncExitStack) -> Models:
    """The reasoner and the writer that the settings ask for, beside an embedder; the stack closes them."""
    if settings.chosen_reasoner is ReasonerChoice.OPENAI and settings.openai_api_key is not None:
        from service.inference.chat import Chat  # noqa: PLC0415 - as above
        from service.inference.openai import OpenAIReasoner  # noqa: PLC0415
        from service.inference.writer import OpenAIWriter  # noqa: PLC0415

        chat = Chat(
            api_key=settings.openai_api_key.get_secret_value(),
            base_url=settings.openai_base_url,
            model=settings.model,
        )
        stack.push_async_callback(chat.aclose)
        return Models(embedder, OpenAIReasoner(chat), OpenAIWriter(chat))
    # The parser is an extra of the package: only who asks for the rules needs it installed.
    from service.inference.rules.reasoner import RulesReasoner  # noqa: PLC0415

    rules = await asyncio.to_thread(RulesReasoner, embedder)
    stack.callback(rules.close)
    await rules.warm()
    return Models(embedder, rules, ExtractiveWriter(embedder))
