"""Finds the words that a fact was read from."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from service.memory.model import INSTRUCTING_ROLES, Evidence, Inference, Message, Role

_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-"})


def whole(index: int, message: Message) -> Evidence:
    """All of a message."""
    return Evidence(index, 0, len(message.content), message.speaker)


def readable(messages: Sequence[Message], about: Role) -> list[int]:
    """The indexes of the messages that facts may come from: those of the one who is remembered."""
    return [index for index, message in enumerate(messages) if message.role is about]


def locate(quote: str, message_index: int | None, inference: Inference) -> Evidence | None:
    """Where a quote stands in the messages that facts may come from; None when it stands nowhere.

    The message that the quote is said to come from is looked at first. Case, spacing and typographic
    quotation marks may differ, for models tidy them up; the words may not.
    """
    indexes = sorted(readable(inference.messages, inference.about), key=lambda index: index != message_index)
    for index in indexes:
        message = inference.messages[index]
        span = find(quote, message.content)
        if span is not None:
            return Evidence(index, *span, message.speaker)
    return None


def said_by_others(quote: str, messages: Sequence[Message], about: Role) -> bool:
    """Whether the quote stands in a message that facts may not come from."""
    return any(
        find(quote, message.content) is not None
        for message in messages
        if message.role is not about and message.role not in INSTRUCTING_ROLES
    )


def find(quote: str, text: str) -> tuple[int, int] | None:
    """The code points [start, end) of `text` that say `quote`, to the letter or but for its dress."""
    if not quote.strip():
        return None
    start = text.find(quote)
    if start >= 0:
        return start, start + len(quote)
    wanted, _ = _undressed(quote)
    folded, origin = _undressed(text)
    start = folded.find(wanted) if wanted else -1
    while start >= 0:
        end = start + len(wanted)
        if _cuts_no_letter(start, origin) and _cuts_no_letter(end, origin):
            return origin[start], origin[end - 1] + 1
        start = folded.find(wanted, start + 1)
    return None


def _cuts_no_letter(position: int, origin: Sequence[int]) -> bool:
    """One letter may be several when undressed (a ligature, an ellipsis): a quote holds all of it or none."""
    return position in {0, len(origin)} or origin[position - 1] != origin[position]


def _undressed(text: str) -> tuple[str, list[int]]:
    """The text in lower case with single spaces and plain quotation marks, and the origin of each letter."""
    letters: list[str] = []
    origin: list[int] = []
    for index, letter in enumerate(text.translate(_QUOTES)):
        plain = " " if letter.isspace() else unicodedata.normalize("NFKC", letter).casefold()
        for piece in plain:
            if piece == " " and (not letters or letters[-1] == " "):
                continue
            letters.append(piece)
            origin.append(index)
    if letters and letters[-1] == " ":
        letters.pop()
        origin.pop()
    return "".join(letters), origin
