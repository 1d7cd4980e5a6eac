import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from service.embeddings.local import LocalEmbedder
from service.embeddings.model_files import PINNED_MODEL, PINNED_TOKENIZER, PinnedFile
from service.memory.errors import Unavailable

LONG = "The quick brown fox jumps over the lazy dog near the river bank at dawn. " * 40
PEOPLE = ["Alex", "My sister", "The agent", "Bob's dog", "Our team"]
DEEDS = ["loves hiking", "lives in Munich", "is allergic to nuts", "works at Acme", "plays chess on Sundays"]
TEXTS = [f"{person} {deed}." for person, deed in itertools.product(PEOPLE, DEEDS)]


@pytest_asyncio.fixture(scope="module")
async def embedder() -> AsyncIterator[LocalEmbedder]:
    """The pinned model, two runs at a time."""
    embedder = LocalEmbedder(workers=2)
    yield embedder
    await embedder.close()


@pytest.fixture
def model_directory(tmp_path: Path) -> Path:
    """A directory as a setting may name it, with the pinned files in it."""
    directory = tmp_path / "my-model"
    directory.mkdir()
    (directory / "model.onnx").write_bytes(PINNED_MODEL.read())
    (directory / "tokenizer.json").write_bytes(PINNED_TOKENIZER.read())
    return directory


async def test_shape_and_length(embedder: LocalEmbedder) -> None:
    """Every text gives one float32 row of length 1, the empty text too."""
    vectors = await embedder.embed([*TEXTS, "", LONG])

    assert vectors.shape == (len(TEXTS) + 2, embedder.dimensions)
    assert embedder.dimensions == 384
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


async def test_no_texts(embedder: LocalEmbedder) -> None:
    """No texts give no rows."""
    assert (await embedder.embed([])).shape == (0, 384)


async def test_meaning(embedder: LocalEmbedder) -> None:
    """Sentences of one meaning are nearer to each other than to a sentence of another."""
    cats, kittens, taxes = await embedder.embed(
        ["Cats are my favourite animals", "I adore kittens", "The tax return is due in July"]
    )

    assert cats @ kittens > 0.5
    assert cats @ kittens > cats @ taxes + 0.3


async def test_company_and_order_do_not_matter(embedder: LocalEmbedder) -> None:
    """A text's vector is the same alone and among texts of any length, and rows keep the texts' order."""
    alone = [(await embedder.embed([text]))[0] for text in TEXTS]

    together = await embedder.embed([LONG, *reversed(TEXTS), "", LONG])

    np.testing.assert_allclose(together[1:-2][::-1], alone, atol=1e-5)


async def test_truncation(embedder: LocalEmbedder) -> None:
    """What is beyond 256 tokens does not count, and megabytes of it cost nothing."""
    cut, longer, huge = await embedder.embed([LONG, LONG + " cats", LONG + "word " * 1_000_000])

    assert np.array_equal(cut, longer)
    assert np.array_equal(cut, huge)


async def test_half_a_surrogate_pair(embedder: LocalEmbedder) -> None:
    """A text that is no Unicode fails its own caller and no one who waits beside it."""
    bad, good = await asyncio.gather(
        embedder.embed(["ok", "\ud800"]), embedder.embed(["ok"]), return_exceptions=True
    )

    assert isinstance(bad, UnicodeEncodeError)
    assert isinstance(good, np.ndarray)


async def test_concurrent_callers(embedder: LocalEmbedder) -> None:
    """Many callers at once get their own vectors."""
    expected = await embedder.embed(TEXTS)

    answers = await asyncio.gather(*(embedder.embed([text, "other"]) for text in TEXTS))

    np.testing.assert_allclose([answer[0] for answer in answers], expected, atol=1e-5)


async def test_caller_who_gives_up(embedder: LocalEmbedder) -> None:
    """A caller who gives up takes nothing from those who wait."""
    impatient = asyncio.create_task(embedder.embed(TEXTS * 20))
    patient = asyncio.create_task(embedder.embed(TEXTS[:1]))
    await asyncio.sleep(0.01)
    impatient.cancel()

    async with asyncio.timeout(5):
        vectors = await patient

    np.testing.assert_allclose(vectors, await embedder.embed(TEXTS[:1]), atol=1e-5)


async def test_loop_is_not_blocked(embedder: LocalEmbedder) -> None:
    """The event loop goes on while texts are embedded."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.002)
            ticks += 1

    ticker = asyncio.create_task(tick())
    await embedder.embed([LONG] * 16)
    ticker.cancel()

    assert ticks > 10


@pytest.mark.parametrize("pinned", [PINNED_MODEL, PINNED_TOKENIZER])
def test_another_file_is_refused(pinned: PinnedFile) -> None:
    """A file that is not the pinned one is refused."""
    with pytest.raises(Unavailable, match="does not have the pinned SHA-256"):
        replace(pinned, sha256="0" * 64).read()


def test_missing_package() -> None:
    """A missing package is named."""
    with pytest.raises(Unavailable, match="no-such-package is not installed"):
        replace(PINNED_MODEL, distribution="no-such-package").read()


async def test_directory(embedder: LocalEmbedder, model_directory: Path) -> None:
    """A directory's model is used in place of the pinned one, under a name of its own."""
    other = LocalEmbedder(model_directory, workers=1)
    try:
        vectors = await other.embed(TEXTS[:1])
    finally:
        await other.close()

    np.testing.assert_allclose(vectors, await embedder.embed(TEXTS[:1]), atol=1e-5)
    assert embedder.model == "all-MiniLM-L6-v2-int8"
    assert other.model.startswith("my-model-")
    assert other.model != embedder.model


def test_directory_names_its_files(model_directory: Path) -> None:
    """Another tokenizer makes another model."""
    first = LocalEmbedder(model_directory).model
    tokenizer = model_directory / "tokenizer.json"
    tokenizer.write_text(tokenizer.read_text() + " ")

    assert LocalEmbedder(model_directory).model != first


def test_directory_without_a_model(tmp_path: Path) -> None:
    """A directory that lacks a file is refused, and the file is named."""
    with pytest.raises(Unavailable, match=r"model\.onnx cannot be read"):
        LocalEmbedder(tmp_path)
