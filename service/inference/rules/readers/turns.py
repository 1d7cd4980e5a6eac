"""What somebody began, gave up or used to do."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense, focus_of, object_of
from service.inference.rules.facts import Fact, Who, denied, fact, negative
from service.inference.rules.phrases import Topic, conjuncts, phrase, topic, write
from service.inference.rules.readers.places import place_words
from service.inference.rules.readers.states import kind_of

_PAST = frozenset({Tense.PAST, Tense.PERFECT})


def turned(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I stopped drinking coffee", "I quit smoking", "I started running", "I used to live in"."""
    inner = clause.child("xcomp", "dobj", "ccomp")
    if inner is None or clause.tense in {Tense.FUTURE, Tense.PROGRESSIVE} or negative(clause):
        return None
    if clause.lemma == "use" and inner.tag_ == "VB":
        words = [t for t in inner.subtree if t.text.lower() != "to" or t.head != inner]
        inner_relation, about = _inner_slot(inner)
        told = f"used to {write(words)}"
        return [fact(who, "past " + inner_relation, about, told, ends=frozenset({inner_relation}))]
    stops = clause.lemma in {"stop", "quit", "cease", "give"}
    starts = clause.lemma in {"start", "begin", "resume"}
    if not (stops or starts) or clause.tense not in _PAST or inner.tag_ not in {"VBG", "VB", "NN", "NNS"}:
        return None
    if _is_thing(inner) and (starts or clause.lemma == "quit" and clause.child("prt") is not None):
        return None
    return [_turn(clause, who, each, stops=stops) for each in conjuncts(inner)]


def _is_thing(noun: Token) -> bool:
    """Whether it is a noun, and not the "smoking" of "quit smoking"."""
    return noun.tag_.startswith("NN") and noun.lemma_ == noun.text.lower() or noun.tag_ == "NNS"


def _turn(clause: Clause, who: Who, inner: Token, *, stops: bool) -> Fact:
    relation, about = _inner_slot(inner)
    others = {t for c in inner.children if c.dep_ in {"conj", "cc"} for t in c.subtree}
    words = [
        t
        for t in phrase(inner)
        if t != inner and t not in others and t.text.lower() not in lexicon.DISCOURSE and t.dep_ != "aux"
    ]
    if _is_thing(inner):
        return fact(who, relation, about, f"gave up {write([*words, inner])}", holds=False, lasting=True)
    verb = inner.lemma_
    if stops:
        lasting = relation == "sentiment" or verb in lexicon.ENDURING_NEGATIVES
        return fact(who, relation, about, denied(clause, verb, words), holds=False, lasting=lasting)
    return fact(who, relation, about, f"{clause.third(verb)} {write(words)}".strip())


def _inner_slot(verb: Token) -> tuple[str, Topic]:
    """The slot of a verb below another one: that of "drink" in "stopped drinking coffee"."""
    words = [t for t in verb.subtree if t != verb and t.dep_ != "aux"]
    if verb.lemma_ in {"live", "reside"}:
        place = object_of(verb, "in", "near", "at")
        return "residence", topic(place, place_words(place)) if place is not None else Topic()
    if verb.lemma_ == "work":
        firm = object_of(verb, "at", "for")
        return "employer", topic(firm, phrase(firm)) if firm is not None else Topic()
    if verb.lemma_ in lexicon.LIKING | {"be"} and verb.lemma_ != "be":
        thing = next((c for c in verb.children if c.dep_ in {"dobj", "xcomp"}), None)
        return "sentiment", topic(thing, words) if thing is not None else Topic()
    if verb.lemma_ in {"have", "own"}:
        thing = next((c for c in verb.children if c.dep_ == "dobj"), None)
        return "have", topic(thing, words)
    if verb.lemma_ == "be":
        thing = next((c for c in verb.children if c.dep_ in {"attr", "acomp"}), None)
        return kind_of(thing) if thing is not None else "be", topic(thing, words)
    return verb.lemma_, topic(focus_of(verb), words)
