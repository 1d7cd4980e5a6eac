"""What somebody likes and dislikes."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense, object_of
from service.inference.rules.facts import Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.phrases import Topic, conjuncts, is_vague, key, members, topic

_EARLIER = frozenset({Tense.PAST})


def sentiment(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I love", "I can't stand", "I'm a fan of", "I'm into"."""
    found = _liked(clause)
    if found is None or clause.tense in {Tense.FUTURE} | _EARLIER:
        return None
    heads, likes = found
    facts = []
    for words, head in heads:
        if is_vague(head) or any(t.text.lower() in {"you", "your"} for t in words):
            continue
        others = [t for one, _ in heads for t in one if t not in words]
        kept = [t for t in rest(clause) if t not in others and not joins(t, others)]
        kept = [t for t in kept if t in words or not _listed(t, heads)]
        no = negative(clause) and clause.lemma not in {"stand", "bear"}
        told = denied(clause, clause.lemma, kept) if no else predicate(clause, kept)
        facts.append(fact(who, "sentiment", _feeling(head, words), told, holds=likes, lasting=True))
    return facts


def _listed(token: Token, heads: Sequence[tuple[list[Token], Token]]) -> bool:
    """Whether a token belongs to the list that was taken apart, and to none of its members."""
    return len(heads) > 1 and any(token.is_ancestor(head) and token.dep_ in {"conj"} for _, head in heads)


def joins(token: Token, others: Sequence[Token]) -> bool:
    return bool(others) and (token.dep_ in {"cc", "preconj"} or token.text == ",")


def _feeling(head: Token, words: Sequence[Token]) -> Topic:
    while head.dep_ in {"xcomp", "ccomp", "dobj"} and head.lemma_ in {
        "play",
        "do",
        "go",
        "eat",
        "drink",
        "watch",
        "listen",
    }:
        inner = next((c for c in head.children if c.dep_ in {"dobj", "xcomp", "advcl"}), None)
        if inner is None:
            break
        head = inner
    trailing = {t for t in words if t.dep_ == "npadvmod"}
    return topic(head, [t for t in words if t not in trailing and t.lemma_ not in {"play", "do", "go"}])


def _liked(clause: Clause) -> tuple[list[tuple[list[Token], Token]], bool] | None:
    """The things that the clause is fond of or not, and which of the two."""
    verb = clause.lemma
    thing = clause.child("dobj", "xcomp", "ccomp", "acomp")
    if (
        verb in lexicon.LIKING | lexicon.DISLIKING
        and thing is not None
        and not (thing.dep_ == "ccomp" and any(c.dep_ == "nsubj" for c in thing.children))
    ):
        if verb in {"stand", "bear"} and not clause.negated:
            return None
        likes = (verb in lexicon.LIKING) != negative(clause) if verb not in {"stand", "bear"} else False
        return _parts(thing), likes
    if verb != "be":
        return None
    state = clause.child("acomp", "attr")
    liked = None
    if state is not None and (key(state) in lexicon.LIKING_ADJECTIVES | lexicon.LIKING_NOUNS):
        liked = object_of(state, "of", "on", "about", "with", "in")
    elif clause.child("prep") is not None:
        liked = clause.object_of("into")
    return (_parts(liked), not negative(clause)) if liked is not None else None


def _parts(thing: Token) -> list[tuple[list[Token], Token]]:
    return list(zip(members(thing), conjuncts(thing), strict=False))
