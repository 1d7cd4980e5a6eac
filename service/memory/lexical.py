"""What words say about relevance: how much of a query's vocabulary a memory holds.

The weight of a word is how rare it is in the scope (the inverse document frequency of BM25). How often a
word occurs in a memory and how long the memory is do not count: memories are short, and counting either
changed nothing on the retrieval benchmark (tests/benchmarks/retrieval).
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import snowballstemmer

from service.memory.model import Vectors

Terms: TypeAlias = frozenset[str]
"""The vocabulary of a text: its words, folded and stemmed, without function words."""

Scores: TypeAlias = npt.NDArray[np.float32]
"""One number a memory."""

LONGEST_CACHED = 2_000
"""Texts over this many characters are read again each time, so that the cache stays small."""

# Chinese and Japanese put no spaces between words: each of their characters counts as one.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+"
)

_FUNCTION_WORDS = frozenset(
    """a an and are as at be been but by can could did do does for from had has have he her hers him his
    how i if in is it its me my of on or our s she so t that the their them they this to was we were what when
    where which who whom whose why will with would you your""".split()  # noqa: SIM905 (sixty lines say no more)
)

_stemmer = snowballstemmer.stemmer("english")
_stemming = threading.Lock()  # a stemmer keeps the word it works on in itself


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    with _stemming:
        return str(_stemmer.stemWord(word))


def _read(text: str) -> Terms:
    words = frozenset(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))
    return frozenset(_stem(word) for word in words - _FUNCTION_WORDS or words)


_read_once = lru_cache(maxsize=16_384)(_read)


def terms(text: str) -> Terms:
    """The vocabulary of a text. A text of function words only keeps them. Cached, and safe in any thread."""
    return _read_once(text) if len(text) <= LONGEST_CACHED else _read(text)


def coverage(query: Terms, documents: Sequence[Terms]) -> Scores:
    """How much of a query each document covers: 1 if it holds every word, 0 if it holds none.

    A word that no document holds counts against all of them, so a poor best match stays poor.
    """
    held = _holdings(query, documents)
    weights = _rarity(held.sum(axis=0), len(documents))
    return np.asarray(held @ weights / (weights.sum() or 1), dtype=np.float32)


def overlap(texts: Sequence[Terms], documents: Sequence[Terms]) -> Vectors:
    """How alike texts and documents are: the cosine of their weighted vocabularies.

    Returns:
        Numbers in [0, 1], shape (texts, documents): 1 for the same words, 0 for none in common.
    """
    vocabulary = frozenset[str]().union(*texts)
    held, wanted = _holdings(vocabulary, documents), _holdings(vocabulary, texts)
    weights = _rarity(held.sum(axis=0), len(documents))
    norms = np.sqrt(np.outer(wanted @ weights, _sizes(documents)))
    shared = np.einsum("tw,dw->td", wanted * weights, held)
    return np.asarray(np.divide(shared, norms, out=np.zeros_like(shared), where=norms > 0), dtype=np.float32)


def _sizes(documents: Sequence[Terms]) -> Scores:
    """The weight of all the words of each document."""
    holders = Counter(chain.from_iterable(documents))
    counts = np.fromiter(holders.values(), dtype=np.float32, count=len(holders))
    weights = dict(zip(holders, _rarity(counts, len(documents)).tolist(), strict=True))
    return np.array([sum(map(weights.__getitem__, words)) for words in documents], dtype=np.float32)


def _holdings(vocabulary: Terms, documents: Sequence[Terms]) -> Vectors:
    """Which document holds which word, 0 or 1, shape (documents, words in alphabetical order)."""
    columns = {word: column for column, word in enumerate(sorted(vocabulary))}
    held = np.zeros((len(documents), len(columns)), dtype=np.float32)
    cells = [(row, columns[word]) for row, words in enumerate(documents) for word in words & vocabulary]
    if cells:
        held[tuple(np.array(cells).T)] = 1
    return held


def _rarity(holders: Scores, documents: int) -> Scores:
    """The weight of words that so many of the documents hold; above 0."""
    return np.log1p((documents - holders + np.float32(0.5)) / (holders + np.float32(0.5)))
