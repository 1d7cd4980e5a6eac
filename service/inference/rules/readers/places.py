"""Where somebody lives and comes from."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules.clauses import PAST, Clause, Tense
from service.inference.rules.facts import Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.parse import shown
from service.inference.rules.phrases import is_vague, phrase, topic, write
from service.inference.rules.readers.names import is_animate

_MOVING = frozenset({"move", "relocate", "settle", "emigrate", "immigrate"})
_ATTACHED = frozenset({"cc", "conj", "relcl", "advmod", "neg", "npadvmod"})


def residence(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I live in", "I'm based in", "I moved from ... to"."""
    if clause.lemma in _MOVING and clause.tense in PAST and not negative(clause) and is_animate(who):
        return _moved(clause, who)
    place = clause.object_of("in", "near", "at")
    if clause.lemma not in {"live", "reside", "base"} or place is None:
        return None
    if clause.tense is Tense.FUTURE or (clause.tense is Tense.PAST and clause.lemma != "base"):
        return None
    if is_vague(place):
        return []
    return [_resides(clause, who, place)]


def _resides(clause: Clause, who: Who, place: Token) -> Fact:
    words = place_words(place)
    about = topic(place, words)
    if negative(clause):
        told = denied(clause, "live", [place.head, *words])
        return fact(who, "residence", about, told, holds=False)
    simple = f"{clause.third('live')} in {write(words)}"
    reworded = clause.tense is Tense.PROGRESSIVE or clause.lemma == "base"
    return fact(who, "residence", about, simple if reworded else predicate(clause, rest(clause)))


def _moved(clause: Clause, who: Who) -> list[Fact] | None:
    place, source = clause.object_of("to", "in"), clause.object_of("from")
    if place is None or is_vague(place):
        return None
    words = place_words(place)
    if not any(word.tag_.startswith("NNP") or word.ent_type_ for word in words):
        return None
    left = topic(source, phrase(source)) if source is not None else None
    told = f"{clause.third('live')} in {write(words)}"
    return [fact(who, "residence", topic(place, words), told, former=left)]


def place_words(place: Token) -> list[Token]:
    """A place with what is part of its name or address: "Paris, Texas", and not "with my wife"."""
    dropped: set[Token] = set()
    for child in place.children:
        beside = child.dep_ == "prep" and child.text.lower() not in {"of", "in", "near"}
        if beside or child.dep_ in _ATTACHED or (child.dep_ == "punct" and child.text != ","):
            dropped.update(child.subtree)
    return [word for word in phrase(place, without=dropped) if word.text.lower() != "not"]


def born(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I was born on May 3 in Texas" and "I'm from Lyon"."""
    if clause.lemma == "bear" and clause.tense is Tense.PAST:
        return [_birth(who, preposition) for preposition in clause.children("prep")]
    place = clause.object_of("from")
    if place is None or clause.lemma not in {"be", "come", "hail"} or clause.tense is not Tense.PRESENT:
        return None
    if place.head.head != clause.verb or is_vague(place) or negative(clause):
        return None
    return [origin(clause, who, place)]


def origin(clause: Clause, who: Who, place: Token) -> Fact:
    """Where somebody comes from."""
    words = place_words(place)
    return fact(who, "origin", topic(place, words), f"{clause.third('be')} from {write(words)}")


def _birth(who: Who, preposition: Token) -> Fact:
    words = list(preposition.subtree)
    dated = any(word.ent_type_ == "DATE" or any(map(str.isdigit, shown(word))) for word in words)
    return fact(who, "birthday" if dated else "birthplace", topic(None, words), f"was born {write(words)}")
