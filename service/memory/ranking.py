"""In what order the memories of one scope answer a query, and how well each does.

A memory's own relevance is half dense (cosine similarity) and half lexical (`lexical.coverage`), and a little
more if it was said by somebody whom the query names; its score is the root of that. Most memories that answer
a query share no word with it, and half a cosine of 0.3 is 0.15: the root puts them above 0.3, where clients
look (mem0-cli asks for no less by itself), and what is unrelated stays below.

A memory that was kept as it was said is also judged by its company: "Yes, since 2019!" makes sense only next
to the question before it, so it is raised towards the best of the memories said around it. A fact that was
extracted speaks for itself and has no company. Nor do memories in a scope of few: there everything was said
around everything.

Two properties hold whatever the memories are. The most relevant memory stays first, for company raises nobody
above its best. And a score is absolute: the memory that says exactly what was asked for has a score of 1, an
unrelated one about 0.2, company adds at most `Weights.company_limit`. So the order is the order of the
scores, and a caller's threshold means the same in every scope.

The numbers were checked by leaving one conversation out of the choice: see tests/benchmarks/retrieval.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from service.memory.lexical import Scores, coverage, overlap, terms
from service.memory.model import Vectors

R = TypeVar("R")

RANKED_AT_ONCE = 200
"""Pairs whose ranking takes less time, 0.2 ms, than handing it to a thread and waking up again."""


@dataclass(frozen=True, slots=True)
class Document:
    """What ranking reads of a memory."""

    text: str
    speaker: str | None = None
    """Who said it, by name or role."""
    conversation: str | None = None
    """The run in which it was said. Memories of one scope without a run are one conversation."""
    verbatim: bool = True
    """Whether it was kept as it was said, and not extracted."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much."""

    lexical: float = 0.5
    """The share of words in a memory's own relevance; the rest is the cosine's."""
    focus: float = 0.8
    """The share of the query without names in the cosine; the rest is the query's as it is."""
    speaker: float = 0.15
    """What is added if the query names the speaker."""
    company: float = 0.75
    """How far a memory rises towards the average of the best around it."""
    company_limit: float = 0.25
    """How far it rises at most."""
    reaches: tuple[int, ...] = (1, 2, 4, 8)
    """How many memories before and after are company, near company counting in each reach that has it.

    A reach counts where there are twice as many memories as it spans.
    """


DEFAULT = Weights()


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer to a query."""

    order: npt.NDArray[np.intp]
    """Indices of the documents, best first; of two alike the newer comes first."""
    scores: Scores
    """How well each document answers, in [0, 1], in the documents' order."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What the words of a query and of the memories of one scope say, before there is any vector."""

    documents: Sequence[Document]
    phrasings: tuple[str, str]
    """The two texts to embed: the query as it is, and without the names of those who speak."""
    covered: Scores
    """How much of the query each document's words cover, in [0, 1]."""
    by_named: npt.NDArray[np.bool_]
    """Whether each document was said by somebody whom the query names."""

    @classmethod
    def of(cls, query: str, documents: Sequence[Document]) -> Wording:
        """Reads the words.

        Args:
            query: what is asked.
            documents: the memories in order of creation, oldest first.
        """
        said_by = _speakers(documents)
        mentioned = _named(query, said_by)
        words = [
            terms(document.text) | terms(document.speaker) if document.speaker else terms(document.text)
            for document in documents
        ]
        by_named = np.array([not mentioned.isdisjoint(names) for names in said_by], dtype=np.bool_)
        return cls(documents, _phrasings(query, mentioned), coverage(terms(query), words), by_named)


def _speakers(documents: Sequence[Document]) -> list[frozenset[str]]:
    """Who said each memory: its speaker, and the name before a colon at the start of its text.

    The latter must be written like a name and start a second memory, so that "Phone: 555-0100" has none.
    """
    prefixes = [_prefix(document.text) if document.verbatim else None for document in documents]
    seen = Counter(prefixes)
    return [
        _given(document.speaker, prefix if seen[prefix] > 1 else None)
        for document, prefix in zip(documents, prefixes, strict=True)
    ]


def _prefix(text: str) -> str | None:
    name, colon, _ = text[:64].partition(": ")
    words = name.split(" ")
    is_a_name = len(words) <= 3 and all(word[:1].isalpha() and not word[0].islower() for word in words)
    return name if colon and is_a_name else None


@lru_cache(maxsize=4_096)
def _given(*names: str | None) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in names if name and name.strip())


def _mention(name: str, query: str) -> re.Pattern[str]:
    """Matches a name, or its first word, and a possessive s.

    Case counts, for Will and Mark are names, unless the query has no capitals at all.
    """
    forms = {form for whole in (name, name.title()) for form in (whole, whole.split()[0])}
    ways = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{ways})(?:['’]s)?(?!\w)", re.IGNORECASE if query.islower() else 0)


def _named(query: str, said_by: Sequence[frozenset[str]]) -> frozenset[str]:
    """Those of the speakers whom the query names."""
    folded = query.casefold()
    return frozenset(
        name
        for name in frozenset[str]().union(*said_by)
        if name.casefold().split()[0] in folded and _mention(name, query).search(query)
    )


def _without_proper_nouns(query: str) -> str:
    """The query without capitalized words; as it is if they are most of it, as in a title or in German."""
    first, *rest = query.split() or [""]
    kept = [word for word in rest if not (word[:1].isupper() and word[1:2].islower())]
    return " ".join([first, *kept]) if 2 * len(kept) >= len(rest) else query


def _phrasings(query: str, mentioned: frozenset[str]) -> tuple[str, str]:
    """The query, and the query without the names of those who speak.

    People hardly say their own name, so a name draws a small embedding model to texts in which the person is
    addressed, and away from what the person says. Where no speaker is known by name, capitalized words go.
    """
    focused = query if mentioned else _without_proper_nouns(query)
    for name in sorted(mentioned, key=len, reverse=True):
        focused = " ".join(_mention(name, query).sub(" ", focused).split())
    return query, focused if terms(focused) & terms(query) else query


async def ranked(work: Callable[[], R], pairs: int) -> R:
    """Ranks off the event loop, unless it is so little that it is done sooner here.

    Args:
        work: what to do.
        pairs: of a text and a memory: how many there are.
    """
    return work() if pairs <= RANKED_AT_ONCE else await asyncio.to_thread(work)


def rank(wording: Wording, query_vectors: Vectors, vectors: Vectors, weights: Weights = DEFAULT) -> Ranking:
    """Orders the memories of one scope.

    Args:
        wording: what is asked of which memories.
        query_vectors: the embeddings of its phrasings, shape (2, dimensions).
        vectors: those of the memories, shape (documents, dimensions).
        weights: what counts how much.
    """
    own = _relevance(wording, query_vectors, vectors, weights)
    # The best stays the best, whatever is lost to rounding.
    scores = np.minimum(own + _raise(own, wording.documents, weights), own.max(initial=0))
    newest_first = np.arange(len(scores))[::-1]
    order = newest_first[np.lexsort((-own[newest_first], -scores[newest_first]))]
    return Ranking(order=order, scores=scores)


def nearest_known(
    texts: Sequence[str],
    text_vectors: Vectors,
    known: Sequence[str],
    vectors: Vectors,
    limit: int,
) -> list[tuple[int, float]]:
    """The known memories that any of some new texts may be about: (index, score in [0, 1]), best first.

    A new text and a memory are alike by the cosine of their embeddings and of their vocabularies; company
    does not count. A memory's score is its best with any of the texts.

    Args:
        texts: what is new.
        text_vectors: their embeddings, shape (texts, dimensions).
        known: texts of the memories.
        vectors: their embeddings, shape (known, dimensions).
        limit: how many to give at most.
    """
    if not texts or not known:
        return []
    dense = _cosines(text_vectors, vectors)
    words = overlap([terms(text) for text in texts], [terms(text) for text in known])
    scores = (DEFAULT.lexical * words + (1 - DEFAULT.lexical) * dense).max(axis=0)
    return [(int(index), float(scores[index])) for index in np.argsort(-scores, kind="stable")[:limit]]


def _relevance(wording: Wording, query_vectors: Vectors, vectors: Vectors, weights: Weights) -> Scores:
    """The score of each memory by itself, in [0, 1]."""
    as_is, focused = _cosines(query_vectors, vectors)
    dense = (1 - weights.focus) * as_is + weights.focus * focused
    own = weights.lexical * wording.covered + (1 - weights.lexical) * dense
    # Who asks in a memory's own words means that memory, names and all.
    own = np.maximum(own, wording.covered * as_is)
    named = np.float32(weights.speaker) * wording.by_named
    return np.asarray(np.sqrt(np.minimum(own + named, 1)), dtype=np.float32)


def _cosines(queries: Vectors, vectors: Vectors) -> Vectors:
    """The cosine of each query and each vector, negative ones as 0, shape (queries, vectors)."""
    # Not a matrix product: BLAS would wake its other threads and on a busy machine wait for them.
    cosines = np.einsum("qd,vd->qv", queries, vectors)
    return np.asarray(np.clip(cosines, 0, 1), dtype=np.float32)


def _raise(own: Scores, documents: Sequence[Document], weights: Weights) -> Scores:
    """What each memory gains by its company."""
    gain = np.zeros_like(own)
    said = np.flatnonzero([document.verbatim for document in documents])
    reaches = tuple(reach for reach in weights.reaches if 2 * (2 * reach + 1) <= len(said))
    if not reaches:
        return gain
    names = [document.conversation or "" for document in documents if document.verbatim]
    runs = np.unique(names, return_inverse=True)[1]
    together = said[np.argsort(runs, kind="stable")]
    around = _best_around(own[together], np.sort(runs), reaches)
    rise = weights.company * len(reaches) / len(weights.reaches) * (around - own[together])
    # An average can fall short of equal numbers by a rounding.
    gain[together] = np.clip(rise, 0, weights.company_limit)
    return gain


def _best_around(own: Scores, runs: npt.NDArray[np.intp], reaches: tuple[int, ...]) -> Scores:
    """The best score within each reach, averaged over the reaches. Runs are sorted and do not touch."""
    gap = max(reaches)
    places = np.arange(len(own)) + gap * (runs + 1)
    line = np.full(places[-1] + gap + 1, -np.inf, dtype=np.float32)
    line[places] = own
    total = np.zeros_like(own)
    for reach in reaches:
        windows = np.lib.stride_tricks.sliding_window_view(line, 2 * reach + 1)
        total += windows.max(axis=1)[places - reach]
    return total / np.float32(len(reaches))
