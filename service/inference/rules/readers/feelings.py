"""What somebody likes and dislikes."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense, object_of
from service.inference.rules.facts import Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.phrases import Topic, conjuncts, is_vague, key, members, topic

Part = tuple[list[Token], Token]
"""A member of a list: its words and its head."""


def sentiment(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I love", "I can't stand", "I'm a fan of", "I'm into"."""
    found = _liked(clause)
    past = clause.tense is Tense.PAST and not any(
        child.text.lower() == "never" for child in clause.verb.children
    )
    if found is None or clause.tense is Tense.FUTURE or past:
        return None
    parts, likes = found
    facts = [_felt(clause, who, part, parts, likes=likes) for part in parts if not _is_nothing(*part)]
    return facts


def _is_nothing(words: list[Token], head: Token) -> bool:
    return is_vague(head) or any(token.text.lower() in {"you", "your"} for token in words)


def _felt(clause: Clause, who: Who, part: Part, parts: Sequence[Part], *, likes: bool) -> Fact:
    """The feeling towards one member of a list."""
    words, head = part
    others = [token for other, _ in parts for token in other if token not in words]
    kept = [token for token in rest(clause) if token not in others and not joins(token, others)]
    kept = [*kept, *(token for token in words if token not in kept)]
    turned = any(child.dep_ == "neg" and child.text.lower() == "not" for child in head.children)
    no = (negative(clause) or turned) and clause.lemma not in {"stand", "bear"}
    kept = [token for token in kept if token.dep_ != "neg"]
    told = denied(clause, clause.lemma, kept) if no else predicate(clause, kept)
    return fact(who, "sentiment", _feeling(head, words), told, holds=likes != turned, lasting=True)


def joins(token: Token, others: Sequence[Token]) -> bool:
    """Whether a word only joined the members of a list that was taken apart."""
    return bool(others) and (token.dep_ in {"cc", "preconj"} or token.text == ",")


def _feeling(head: Token, words: Sequence[Token]) -> Topic:
    doing = {"play", "do", "go", "eat", "drink", "watch", "listen"}
    while head.dep_ in {"xcomp", "ccomp", "dobj"} and head.lemma_ in doing:
        inner = next((c for c in head.children if c.dep_ in {"dobj", "xcomp", "advcl"}), None)
        if inner is None:
            break
        head = inner
    trailing = {t for t in words if t.dep_ == "npadvmod"}
    return topic(
        head,
        [t for t in words if t not in trailing and t.dep_ != "neg" and t.lemma_ not in {"play", "do", "go"}],
    )


def _liked(clause: Clause) -> tuple[list[Part], bool] | None:
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


def _parts(thing: Token) -> list[Part]:
    return list(zip(members(thing), conjuncts(thing), strict=False))
