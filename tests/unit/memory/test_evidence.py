from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.memory.evidence import _undressed, find, locate, said_by_others
from service.memory.model import Evidence, Message, Role
from tests.unit.inference.inferences import inference

LETTERS = st.text(
    alphabet=st.one_of(
        st.sampled_from(" \t\n\u00a0\u3000aAbBßſﬁﬃİıΣςé\u0301…’‘“”–—-'\".½㎞𝄞🎻Ω♥️ªǅ¨"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=30,
)


def undressed(text: str) -> str:
    """The text without what a quote may leave aside."""
    return _undressed(text)[0]


@given(LETTERS, LETTERS)
def test_what_is_found_says_what_the_quote_says(quote: str, text: str) -> None:
    """A span lies in the text and, undressed, equals the quote."""
    span = find(quote, text)
    if span is not None:
        start, end = span
        assert 0 <= start < end <= len(text)
        assert undressed(text[start:end]) == undressed(quote)


@given(LETTERS, LETTERS, LETTERS)
def test_what_stands_there_is_found(before: str, quote: str, after: str) -> None:
    """A quote copied to the letter is found, and the span says the same letters."""
    text = before + quote + after
    span = find(quote, text)
    if quote.strip():
        assert span is not None
        assert text[span[0] : span[1]] == quote
    else:
        assert span is None


@given(st.lists(st.sampled_from(["I", "don't", "Straße", "eat", "“meat”", "𝄞", "–"]), min_size=1, max_size=8))
def test_dress_does_not_matter(words: list[str]) -> None:
    """Case, spacing and typographic marks may differ."""
    text = "Well:  \n" + " \t ".join(words) + "\u00a0..."
    tidied = " ".join(words).upper().replace("“", '"').replace("”", '"').replace("–", "-").replace("'", "’")
    span = find(tidied, text)
    assert span is not None
    assert undressed(text[span[0] : span[1]]) == undressed(" ".join(words))


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        ("a dog", "I have a dog.", "a dog"),
        ("A  DOG", "I have a\n dog.", "a\n dog"),
        ("it's", "It’s me", "It’s"),
        ("fi", "ﬁre fi", "fi"),
        ("f", "ﬁ", None),
        ("strasse", "Die Straße", "Straße"),
        ("stras", "Die Straße", None),
        ("cafe", "café", None),
        ("dog cat", "dog, cat", None),
        ("", "text", None),
        (" \n", "a \n b", None),
        ("text", "", None),
        ("🎻", "𝄞🎻", "🎻"),
    ],
)
def test_find(quote: str, text: str, found: str | None) -> None:
    """Words count, their dress does not; a part of a letter is no word."""
    span = find(quote, text)
    assert (None if span is None else text[span[0] : span[1]]) == found


MESSAGES = (
    Message(Role.ASSISTANT, "Do you like Rome?"),
    Message(Role.USER, "I like Rome", "Ann"),
    Message(Role.SYSTEM, "Speak of Paris"),
    Message(Role.USER, "And I like Bonn"),
)


def test_the_named_message_comes_first() -> None:
    """A quote that stands in two messages is taken from the one that is named, else from the first."""
    asked = inference(*MESSAGES)
    assert locate("I like", 3, asked) == Evidence(3, 4, 10, "user")
    assert locate("I like", 1, asked) == Evidence(1, 0, 6, "Ann")
    for wrong in (None, 0, 2, -1, 99):
        assert locate("I like", wrong, asked) == Evidence(1, 0, 6, "Ann")


def test_facts_come_from_one_role_only() -> None:
    """What others say is no evidence, and is known to be theirs; instructions are nobody's words."""
    asked = inference(*MESSAGES)
    assert locate("Do you", 0, asked) is None
    assert said_by_others("Do you", MESSAGES, Role.USER)
    assert not said_by_others("Paris", MESSAGES, Role.USER)
    assert not said_by_others("Bonn", MESSAGES, Role.USER)
