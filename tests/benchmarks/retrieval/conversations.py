"""LoCoMo: conversations of two people over months, and questions with the turns that answer them."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.embeddings import eight_bit, sentence_model
from service.embeddings.model_files import read_model_files
from service.embeddings.sentence_model import SentenceModel
from service.memory.model import Vectors
from service.memory.ranking import Document, Wording

ADVERSARIAL = 5
"""The category of questions whose premise is wrong. Their evidence is what misled: reported apart."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What was said."""

    id: str
    speaker: str
    text: str
    session: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and the turns that answer it."""

    text: str
    evidence: frozenset[str]
    category: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """One scope, and the questions that have evidence."""

    name: str
    turns: tuple[Turn, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Ingested:
    """A conversation as one way of adding it leaves it in a scope, with everything embedded."""

    conversation: Conversation
    documents: tuple[Document, ...]
    vectors: Vectors
    """Shape (turns, dimensions)."""
    query_vectors: Vectors
    """Of both phrasings of each question, shape (questions, 2, dimensions)."""


def read(path: Path) -> list[Conversation]:
    """Reads the conversations of a file."""
    return [_conversation(entry) for entry in json.loads(path.read_text())]


def _conversation(entry: dict[str, list[dict[str, object]]]) -> Conversation:
    turns = tuple(
        Turn(turn["dia_id"], turn["speaker"], turn["text"], str(session["session"]))
        for session in entry["sessions"]
        for turn in session["turns"]  # type: ignore[attr-defined]
    )
    questions = tuple(
        Question(str(qa["question"]), frozenset(map(str, evidence)), int(str(qa["category"])))
        for qa in entry["qa"]
        if isinstance(evidence := qa["evidence"], list) and evidence
    )
    return Conversation(str(entry["sample_id"]), turns, questions)


def _role(conversation: Conversation, turn: Turn) -> str:
    return "user" if turn.speaker == conversation.turns[0].speaker else "assistant"


INGESTIONS = {
    "text": lambda c: tuple(Document(turn.text, _role(c, turn)) for turn in c.turns),
    "text, name": lambda c: tuple(Document(turn.text, turn.speaker) for turn in c.turns),
    "name: text": lambda c: tuple(Document(f"{t.speaker}: {t.text}", _role(c, t)) for t in c.turns),
    "text, name, run": lambda c: tuple(Document(t.text, t.speaker, t.session) for t in c.turns),
}
"""What a client may send of a turn: its text; the speaker's name; the name in the text; a run a session."""


class EmbeddingCache:
    """Embeds with the local model, and keeps vectors in a file by the text's digest.

    Args:
        folder: where `save` puts the file.
    """

    def __init__(self, folder: Path) -> None:
        files = read_model_files()
        # What decides on a vector names the file: the model, and how its graph is computed.
        code = inspect.getsource(eight_bit) + inspect.getsource(sentence_model)
        digest = hashlib.sha256(files.model + code.encode()).hexdigest()[:16]
        self._path = folder / f"{files.name}-{digest}.npz"
        self._model = SentenceModel(files)
        self._vectors = dict(np.load(self._path)) if self._path.exists() else {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeds texts, one row each."""
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        if missing:
            self._vectors.update(zip(missing, self._model.embed(list(missing.values())), strict=True))
        return np.stack([self._vectors[key] for key in keys])

    def save(self) -> None:
        """Keeps what was embedded."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(self._path, **self._vectors)


def ingest(conversation: Conversation, way: str, cache: EmbeddingCache) -> Ingested:
    """Adds a conversation in one of the `INGESTIONS`."""
    documents = INGESTIONS[way](conversation)
    asked = [text for each in conversation.questions for text in Wording.of(each.text, documents).phrasings]
    return Ingested(
        conversation,
        documents,
        cache.embed([document.text for document in documents]),
        cache.embed(asked).reshape(len(conversation.questions), 2, -1),
    )
