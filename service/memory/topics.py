"""What a fact is about, told by the similarity of its vector to those of a topic's terms.

A topic is free text: a category's description, or what `includes` or `excludes` say. It is taken apart into
terms, and a fact is as near to it as to the nearest term: one vector for a long list would be near to
everything and nothing. The numbers were calibrated with all-MiniLM-L6-v2 on the examples of
tests/unit/rules/test_topics.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from service.memory.categories import DEFAULT_CATEGORIES, MISCELLANEOUS
from service.memory.model import Vector, Vectors

NEAR = 0.45
"""Cosine from which a fact belongs to a category whatever else it belongs to."""

RELATED = 0.32
"""Cosine below which a fact does not belong to a category."""

CLOSE_CALL = 0.07
"""How much farther than the nearest category another may be that holds too."""

MOST_CATEGORIES = 3
"""A fact that is about equally far from more categories than this is near to none of them."""

CONCERNED = 0.38
"""Cosine from which a fact is what `includes` or `excludes` name."""

_SEPARATORS = re.compile(r"[,;:.\n/()]|\b(?:and|or|like|such as|including|as well as)\b")
_WORDS = re.compile(r"[^\W_]+")
_FRAMING = frozenset(
    _WORDS.findall(
        """
    a about all an and any anything are as at data detail details do don dont else every everything fact
    facts for from his her i in info information is it its keep kind know like me memories memory my not
    of on only or our please personal preference preferences record related remember save sort store
    such t that the their them these thing things this those to topic topics user users what which with
    """
    )
)
"""Words that frame a topic without being it."""


_WIDER = {
    "family relatives kin": DEFAULT_CATEGORIES["family"],
    "child children kid kids": "son, daughter, baby, kids, toddler, pregnant, school age",
    "pet pets animal": "dog, cat, parrot, puppy, kitten, hamster, rabbit, horse",
    "relationship marital romantic partner dating": (
        "married, divorced, girlfriend, boyfriend, wife, husband, fiancé, broke up with, is single"
    ),
    "address location residence live home": "lives in a city, address, moved to, lives alone, street",
    "age birthday": "years old, birthday, born",
    "sexual sexuality orientation gender": "gay, lesbian, bisexual, transgender, straight",
    "job work career employment employer occupation profession professional": DEFAULT_CATEGORIES[
        "professional_details"
    ]
    + ", freelancer, translator",
    "sport sports fitness": DEFAULT_CATEGORIES["sports"],
    "travel trip vacation": DEFAULT_CATEGORIES["travel"],
    "food diet dietary eating cuisine": DEFAULT_CATEGORIES["food"]
    + ", gluten, herbs, noodle soup, eat, drink",
    "music musical": DEFAULT_CATEGORIES["music"],
    "health medical medicine illness": DEFAULT_CATEGORIES["health"]
    + ", low-sodium diet, migraines, diagnosed by a doctor, asthma, high blood pressure, back pain"
    + ", intolerant, takes a pill every morning",
    "technology tech": DEFAULT_CATEGORIES["technology"],
    "hobby hobbies leisure": DEFAULT_CATEGORIES["hobbies"] + ", playing the guitar, chess",
    "fashion clothing": DEFAULT_CATEGORIES["fashion"],
    "entertainment": DEFAULT_CATEGORIES["entertainment"],
    "milestones": DEFAULT_CATEGORIES["milestones"],
    "money finance finances financial income": (
        "salary, earns money, income, debt, mortgage, savings, rent, loan, invested"
    ),
    "religion religious faith belief": (
        "church, Catholic, Muslim, Jewish, prayer, Buddhist, atheist, Hanukkah, faith in God"
    ),
    "politics political": (
        "voting for a party, vote, elections, left-wing or right-wing, government, tax policy, liberal"
    ),
    "contact": "phone number, email, address",
}
"""Words of a topic to the terms that they stand for."""


def category_terms(name: str, description: str) -> tuple[str, ...]:
    """The texts that stand for a category: its name, its description, and each term in it."""
    spoken = name.replace("_", " ").replace("-", " ")
    return tuple(dict.fromkeys((spoken, f"{spoken}: {description}", *_split(description))))


def topic_terms(topic: str) -> tuple[str, ...]:
    """The texts that stand for what `includes` or `excludes` say, widened by what they name."""
    parts = [core for part in _split(topic) if (core := _core(part))]
    named = {stem(word) for part in parts for word in _WORDS.findall(part)}
    widened = [
        term
        for names, terms in _WIDER.items()
        if named & set(map(stem, names.split()))
        for term in _split(terms)
    ]
    return tuple(dict.fromkeys((*(parts or [topic]), *widened)))


def nearness(fact: Vector, terms: Vectors) -> float:
    """The cosine of a fact, shape (dimensions,), with the nearest of the terms, shape (terms, dimensions)."""
    return float((terms @ fact).max()) if len(terms) else 0.0


def concerns(text: str, fact: Vector, topic: str, terms: Vectors) -> bool:
    """Whether a fact is what the topic names, by meaning or by a word in common."""
    return nearness(fact, terms) >= CONCERNED or _shares_word(text, topic)


def fitting_categories(fact: Vector, categories: Mapping[str, Vectors]) -> tuple[str, ...]:
    """The categories that a fact belongs to, best first; "misc", where there is one, when nothing else fits.

    Args:
        fact: the vector of the fact.
        categories: name to the vectors of `category_terms`.
    """
    scores = {name: nearness(fact, terms) for name, terms in categories.items() if name != MISCELLANEOUS}
    best = max(scores.values(), default=0.0)
    floor = max(RELATED, min(NEAR, best - CLOSE_CALL))
    fitting = sorted(
        (name for name, score in scores.items() if score >= floor), key=lambda name: -scores[name]
    )
    if len(fitting) > MOST_CATEGORIES and best < NEAR:
        fitting = []
    return tuple(fitting) or ((MISCELLANEOUS,) if MISCELLANEOUS in categories else ())


def stem(word: str) -> str:
    """A word without its commonest endings, enough to compare one word with another."""
    lower = word.lower()
    for ending in ("ies", "ing", "ers", "ed", "es", "s", "y", "e"):
        if lower.endswith(ending) and len(lower) - len(ending) >= 3:
            return lower.removesuffix(ending)
    return lower


def _shares_word(text: str, topic: str) -> bool:
    said = {stem(word) for word in _WORDS.findall(text)}
    named = {word for word in _WORDS.findall(topic.lower()) if word not in _FRAMING and len(word) > 2}
    named |= {term.lower() for term in topic_terms(topic) if term.isalpha()}
    return not said.isdisjoint(map(stem, named))


def _split(text: str) -> Sequence[str]:
    return [part for piece in _SEPARATORS.split(text) if (part := piece.strip(" -_'\""))]


def _core(part: str) -> str:
    """A term without the words that frame it: "any information about my health" is "health"."""
    return " ".join(word for word in _WORDS.findall(part.lower()) if word not in _FRAMING)
