"""What somebody began, gave up or used to do."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import PAST, Clause, Tense, focus_of, object_of
from service.inference.rules.facts import Fact, Who, denied, fact, negative
from service.inference.rules.phrases import Topic, conjuncts, phrase, topic, write
from service.inference.rules.readers.places import place_words
from service.inference.rules.readers.states import kind_of, regime

_STOPPING = frozenset({"stop", "quit", "cease", "give", "drop"})
_GIVEN_UP = frozenset({"VBG", "VB", "NN", "NNS", "NNP"})
_STARTING = frozenset({"start", "begin", "resume"})


def turned(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I stopped drinking coffee", "I quit smoking", "I started running", "I used to live in"."""
    inner = clause.child("xcomp", "dobj", "ccomp")
    if inner is None or clause.tense in {Tense.FUTURE, Tense.PROGRESSIVE} or negative(clause):
        return None
    if clause.verb.lower_ == "used" and inner.tag_ == "VB":
        return [_used_to(who, inner)] if inner.lemma_ not in lexicon.FLEETING_VERBS else []
    stops, starts = clause.lemma in _STOPPING, clause.lemma in _STARTING
    if not (stops or starts) or clause.tense not in PAST or inner.tag_ not in _GIVEN_UP:
        return None
    up = any(child.lower_ == "up" for child in clause.verb.children)
    gives_up = clause.lemma == "drop" or (clause.lemma == "give" and up)
    if _is_thing(inner) != gives_up:
        return None
    return [_turn(clause, who, each, stops=stops) for each in conjuncts(inner)]


def _used_to(who: Who, inner: Token) -> Fact:
    words = [word for word in inner.subtree if word.text.lower() != "to" or word.head != inner]
    slot, about = _inner_slot(inner)
    return fact(who, "past " + slot, about, f"used to {write(words)}", ends=frozenset({slot}))


def _is_thing(noun: Token) -> bool:
    """Whether it is a noun, and not the "smoking" of "quit smoking"."""
    return noun.tag_ in {"NNS", "NNP"} or (noun.tag_ == "NN" and noun.lemma_ == noun.text.lower())


def _turn(clause: Clause, who: Who, inner: Token, *, stops: bool) -> Fact:
    slot, about = _inner_slot(inner)
    others = {word for child in inner.children if _is_beside(child) for word in child.subtree}
    words = [word for word in phrase(inner, without=others) if word != inner and _belongs(word)]
    if _is_thing(inner):
        given = clause.lemma == "give"
        told = f"{'gave up' if given else 'dropped'} {write([*words, inner])}"
        ends = lexicon.ENDURING_NEGATIVES | lexicon.ACTIVITIES
        return fact(who, slot, about, told, holds=False, lasting=given, quiet=not given, ends=ends)
    if stops:
        lasting = slot == "sentiment" or inner.lemma_ in lexicon.ENDURING_NEGATIVES
        return fact(who, slot, about, denied(clause, inner.lemma_, words), holds=False, lasting=lasting)
    return fact(who, slot, about, f"{clause.third(inner.lemma_)} {write(words)}".strip())


def _is_beside(child: Token) -> bool:
    """Whether it tells when or why it began, or is another thing that began."""
    since = child.dep_ in {"npadvmod", "advmod", "prep"} and any(
        word.lower_ in {"ago", "last", "since", "yesterday", "because"} for word in child.subtree
    )
    return since or child.dep_ in {"conj", "cc", "advcl", "xcomp"}


def _belongs(word: Token) -> bool:
    return word.text.lower() not in lexicon.DISCOURSE and (word.dep_ != "aux" or word.lower_ == "to")


def _inner_slot(verb: Token) -> tuple[str, Topic]:
    """The slot of a verb below another one: that of "drink" in "stopped drinking coffee"."""
    words = [t for t in verb.subtree if t != verb and t.dep_ != "aux"]
    if verb.lemma_ in {"live", "reside"}:
        place = object_of(verb, "in", "near", "at")
        return "residence", topic(place, place_words(place)) if place is not None else Topic()
    eaten = regime(focus) if verb.lemma_ in {"do", "follow"} and (focus := focus_of(verb)) else None
    if eaten is not None:
        return eaten
    if verb.lemma_ == "work":
        firm = object_of(verb, "at", "for")
        return "employer", topic(firm, phrase(firm)) if firm is not None else Topic()
    if verb.lemma_ in lexicon.LIKING | {"be"} and verb.lemma_ != "be":
        thing = next((c for c in verb.children if c.dep_ in {"dobj", "xcomp"}), None)
        return "sentiment", topic(thing, words) if thing is not None else Topic()
    thing = next((c for c in verb.children if c.dep_ in {"dobj", "attr", "acomp"}), focus_of(verb))
    kind = kind_of(thing) if verb.lemma_ == "be" and thing is not None else verb.lemma_
    return {"own": "have"}.get(kind, kind), topic(thing, words)
