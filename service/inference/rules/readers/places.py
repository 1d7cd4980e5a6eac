"""Where somebody lives and comes from."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules.clauses import Clause, Tense
from service.inference.rules.facts import Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.parse import shown
from service.inference.rules.phrases import is_vague, phrase, topic, write

_PAST = frozenset({Tense.PAST, Tense.PERFECT})
_EARLIER = frozenset({Tense.PAST})


def residence(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I live in", "I'm based in", "I moved from ... to"."""
    moving = clause.lemma in {"move", "relocate", "settle", "emigrate", "immigrate"}
    living = (
        clause.lemma in {"live", "reside", "base", "stay"}
        and clause.object_of("in", "near", "at") is not None
    )
    if moving and clause.tense in _PAST and not negative(clause):
        return _moved(clause, who)
    if not living or (clause.lemma in {"stay", "base"} and who.is_self and clause.lemma == "stay"):
        return None
    if clause.tense in _EARLIER and clause.lemma != "base":
        return None
    place = clause.object_of("in", "near", "at")
    if place is None or is_vague(place):
        return []
    where = topic(place, place_words(place))
    if negative(clause):
        return [
            fact(
                who,
                "residence",
                where,
                denied(clause, "live", [place.head, *place_words(place)]),
                holds=False,
            )
        ]
    if clause.tense is Tense.PROGRESSIVE or clause.lemma == "base":
        return [fact(who, "residence", where, f"{clause.third('live')} in {write(place_words(place))}")]
    kept = rest(clause)
    return None if clause.tense is Tense.FUTURE else [fact(who, "residence", where, predicate(clause, kept))]


def _moved(clause: Clause, who: Who) -> list[Fact] | None:
    place = clause.object_of("to", "in")
    if place is None or is_vague(place) or place.tag_[:2] != "NN":
        return None
    source = clause.object_of("from")
    left = topic(source, phrase(source)) if source is not None else None
    words = place_words(place)
    if (
        not place.tag_.startswith("NNP")
        and not place.ent_type_
        and not any(t.tag_.startswith("NNP") for t in words)
    ):
        return None
    return [
        fact(who, "residence", topic(place, words), f"{clause.third('live')} in {write(words)}", former=left)
    ]


def place_words(place: Token) -> list[Token]:
    """A place with what is part of its name or address."""
    dropped = {
        token
        for child in place.children
        if child.dep_ in {"cc", "conj", "relcl", "punct", "advmod", "neg", "npadvmod"}
        and not (child.dep_ == "punct" and child.text == ",")
        for token in child.subtree
    }
    dropped |= {
        token
        for child in place.children
        if child.dep_ == "prep" and child.text.lower() not in {"of", "in", "near"}
        for token in child.subtree
    }
    words = phrase(place, without=dropped)
    return [token for token in words if token.text.lower() not in {"not"}]


def born(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I was born on May 3 in Texas", "I'm from Lyon", "I grew up in"."""
    if clause.lemma == "bear" and clause.tense is Tense.PAST:
        when, where = None, None
        for preposition in clause.children("prep"):
            noun = next(iter(preposition.children), None)
            if noun is not None and (noun.ent_type_ == "DATE" or any(c.isdigit() for c in shown(noun))):
                when = preposition
            elif noun is not None:
                where = preposition
        found = [(when, "birthday"), (where, "birthplace")]
        return [
            fact(who, slot, topic(None, prep.subtree), f"was born {write(prep.subtree)}")
            for prep, slot in found
            if prep is not None
        ]
    place = clause.object_of("from")
    if place is None or clause.lemma not in {"be", "come", "hail"} or clause.tense is not Tense.PRESENT:
        return None
    if place.head.head != clause.verb or is_vague(place) or negative(clause):
        return None
    return [
        fact(
            who,
            "origin",
            topic(place, place_words(place)),
            f"{clause.third('be')} from {write(place_words(place))}",
        )
    ]
