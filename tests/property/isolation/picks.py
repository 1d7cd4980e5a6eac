"""Ids that look alike, words that mean much or little, and filters with what they mean in plain Python."""

from __future__ import annotations

import json
import unicodedata
from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.property.isolation.world import SCOPE_FIELDS, Chosen, Held, Scope

USERS = (
    "alex",
    "Alex",
    "ale",
    "alexa",
    "alex ",
    "al_x",
    "al%",
    "al*",
    "'alex'",
    '"alex"',
    "alex' OR '1'='1",
    "straße",
    "STRASSE",
    "strasse",
    unicodedata.normalize("NFC", "Zoé"),
    unicodedata.normalize("NFD", "Zoé"),
    "ａlex",
    "null",
    "AND",
)
"""Whoever folds, trims, splits, pads or interprets ids takes one of these for another."""

PHRASES = (
    "I live in Berlin.",
    "I live in Paris.",
    "I moved from Berlin to Munich.",
    "I don't live in Berlin any more.",
    "I work at {}.",
    "I love {}.",
    "My phone number is {}.",
    "Please forget my phone number.",
)
"""What is said; `{}` is a word that is said nowhere else. Equal facts in many scopes look for each other."""

Pick: TypeAlias = tuple[dict[str, Any], Chosen]
"""Fields of a request that choose memories, and which these are."""

users = st.sampled_from(USERS) | st.sampled_from(USERS[:3])
tags = st.sampled_from(["blue", "Blue", "bl%"])


def scopes() -> st.SearchStrategy[Scope]:
    """The ids of a memory, mostly a user's."""
    one = st.builds(lambda name, value: {name: value}, st.sampled_from(SCOPE_FIELDS), users)
    two = st.builds(lambda user, run: {"user_id": user, "run_id": run}, users, users)
    return (users.map(lambda user: {"user_id": user}) | one | two).map(lambda ids: tuple(sorted(ids.items())))


EVERYTHING: Pick = (dict.fromkeys(SCOPE_FIELDS, "*"), lambda _: True)
ANYBODY: Pick = ({"user_id": "*"}, lambda held: held.get("user_id") is not None)


def picks(*more: Pick) -> st.SearchStrategy[Pick]:
    """Requests that choose memories by an id or by a filter, and now and then more."""
    by_field = st.builds(_by_field, st.sampled_from(SCOPE_FIELDS), users)
    by_filter = st.builds(_by_filter, users, users, tags).flatmap(st.sampled_from)
    return st.one_of(by_field, by_filter, by_filter, st.sampled_from(more))


def _by_field(name: str, value: str) -> Pick:
    return {name: value}, lambda held: held.get(name) == value


def _by_filter(one: str, other: str, tag: str) -> list[Pick]:
    pairs: list[tuple[dict[str, Any], Chosen]] = [
        ({"user_id": one}, lambda held: held.get("user_id") == one),
        ({"NOT": [{"user_id": one}]}, lambda held: held.get("user_id") != one),
        ({"user_id": {"in": [one, other]}}, lambda held: held.get("user_id") in {one, other}),
        (
            {"OR": [{"user_id": one}, {"run_id": other}]},
            lambda held: held.get("user_id") == one or held.get("run_id") == other,
        ),
        (
            {"AND": [{"user_id": "*"}, {"metadata": {"tag": tag}}]},
            lambda held: held.get("user_id") is not None and _tag(held) == tag,
        ),
        (
            {"user_id": "*", "text": {"contains": "Berlin"}},
            lambda held: held.get("user_id") is not None and "Berlin" in held.text,
        ),
    ]
    return [({"filters": json.dumps(filter_)}, choose) for filter_, choose in pairs]


def _tag(held: Held) -> object:
    return json.loads(held.metadata or "{}").get("tag")
