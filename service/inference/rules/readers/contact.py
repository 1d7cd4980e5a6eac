"""How to reach the speaker: "you can reach me at ...", "I changed my number, it's ..."."""

from __future__ import annotations

from spacy.tokens import Doc, Token

from service.inference.rules.facts import SELF, Fact, fact
from service.inference.rules.parse import shown
from service.inference.rules.phrases import key, topic

_REACHING = frozenset(
    {"reach", "call", "text", "contact", "email", "mail", "message", "ring", "write", "phone"}
)
_NUMBERS = frozenset({"number", "phone", "cell", "mobile", "email", "mail", "address"})
_OTHERS = frozenset({"his", "her", "their", "your", "'s", "him", "them", "you're"})
FEWEST_DIGITS = 7


def contact(doc: Doc) -> list[Fact]:
    """The telephone number or email address that a sentence gives as the speaker's without "my ... is"."""
    words = {token.lower_ for token in doc}
    reached = "me" in words and any(token.lemma_.lower() in _REACHING for token in doc)
    if not reached and (not any(map(_is_renewed, doc)) or any(map(_is_of_other, doc))):
        return []
    return [
        fact(SELF, slot, topic(token, [token]), f"{label} is {shown(token)}")
        for token in doc
        for slot, label in _kinds(shown(token))
    ][:1]


def _is_renewed(token: Token) -> bool:
    beside = {child.lower_ for child in token.children}
    return key(token) in _NUMBERS and bool(beside & {"my", "our", "new"}) and not beside & {"old", "former"}


def _is_of_other(token: Token) -> bool:
    return token.lower_ in _OTHERS and token.dep_ in {"poss", "case", "dobj"}


def _kinds(text: str) -> list[tuple[str, str]]:
    """The slot and label of a word that is an email address or telephone number."""
    if "@" in text[1:] and "." in text and "/" not in text:
        return [("email", "email")]
    digits = sum(map(str.isdigit, text))
    return [("phone", "phone number")] if digits >= FEWEST_DIGITS and not any(map(str.isalpha, text)) else []
