"""Whom somebody is married to, and what somebody has, gets and loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense
from service.inference.rules.facts import SELF, Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.parse import shown
from service.inference.rules.phrases import Topic, conjuncts, is_vague, key, members, phrase, topic, write
from service.inference.rules.readers.feelings import joins
from service.inference.rules.readers.work import bare

_PAST = frozenset({Tense.PAST, Tense.PERFECT})
_EARLIER = frozenset({Tense.PAST})


def marriage(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I got married to Kim", "we divorced", "I'm single again"."""
    if clause.tense is Tense.FUTURE or (clause.tense is Tense.PROGRESSIVE and clause.lemma != "date"):
        return None
    if any(helper.tag_ == "VBG" for helper in clause.auxiliaries):
        return None
    state = clause.child("acomp", "attr")
    word = None
    if clause.lemma in {"marry", "divorce", "separate", "engage", "widow"}:
        word = {
            "marry": "married",
            "divorce": "divorced",
            "separate": "separated",
            "engage": "engaged",
            "widow": "widowed",
        }[clause.lemma]
        thing = clause.child("dobj")
        whom = thing if thing is not None else clause.object_of("to")
    elif (
        clause.lemma in {"be", "get", "become"}
        and state is not None
        and key(state) in lexicon.MARITAL | {"marry", "divorce", "engage"}
    ):
        word = shown(state)
        whom = clause.object_of("to")
    if word is None:
        return None
    to = f" to {write(bare(whom))}" if whom is not None and word != "divorced" and not is_vague(whom) else ""
    if negative(clause):
        return [fact(who, "marital", Topic(word), f"{clause.third('be')} not {word}", holds=False)]
    words = topic(whom, bare(whom)).all if to and whom is not None else frozenset[str]()
    return [fact(who, "marital", Topic(word, words), f"{clause.third('be')} {word}{to}")]


def have(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I have two kids and a dog", "I bought a Tesla", "I sold my car", "my dog died"."""
    if clause.lemma in {"die", "pass"} and clause.tense in _PAST and not who.is_self:
        death = fact(who, "have", who.topic, predicate(clause, rest(clause)), holds=False, lasting=True)
        return [replace(death, who=SELF)]
    if clause.lemma in {"break", "split"} and clause.tense in _PAST:
        partner = clause.object_of("with", "from")
        if partner is not None and not is_vague(partner):
            about = topic(partner, phrase(partner))
            told = predicate(clause, rest(clause))
            return [fact(who, "have", about, told, holds=False, lasting=True)]
    thing = clause.child("dobj")
    gained = {"have": "", "own": "", "adopt": "has", "get": "has", "buy": "", "purchase": "", "acquire": ""}
    lost = {"sell", "lose", "donate", "scrap"}
    if thing is None or clause.lemma not in {*gained, *lost}:
        return None
    if clause.lemma not in {"have", "own"} and clause.tense not in _PAST:
        return None
    if clause.lemma in {"have", "own"} and clause.tense in _EARLIER | {Tense.FUTURE, Tense.PROGRESSIVE}:
        return None
    if clause.tense is Tense.PERFECT and clause.lemma == "have" and is_vague(thing):
        return []
    facts = []
    heads = conjuncts(thing)
    for words, head in zip(members(thing), heads, strict=False):
        if is_vague(head) or (key(head) in lexicon.FLEETING_THINGS and not _is_named(head)):
            continue
        words = _without_clause(head, words)
        about = topic(head, words)
        other = {t for one in heads if one != head for t in one.subtree} - set(words)
        kept = [t for t in rest(clause) if t not in other and not joins(t, list(other))]
        kept = [t for t in kept if t in words or not head.is_ancestor(t)]
        if clause.lemma in lost:
            facts.append(fact(who, "have", about, predicate(clause, kept), holds=False))
        elif negative(clause) or any(t.text.lower() == "no" and t.dep_ == "det" for t in words):
            bare = [t for t in kept if t.text.lower() != "no" and t.lemma_ != "longer"]
            facts.append(fact(who, "have", about, denied(clause, clause.lemma, bare), holds=False))
        else:
            told = (
                f"{clause.third('have')} {write(kept)}" if gained[clause.lemma] else predicate(clause, kept)
            )
            facts.append(fact(who, "have", about, told))
    return facts


def _without_clause(head: Token, words: Sequence[Token]) -> list[Token]:
    """A person without the relative clause, which is read as a fact of its own."""
    clause = {
        t
        for c in head.children
        if c.dep_ == "relcl" and key(head) in lexicon.PEOPLE | lexicon.PETS
        for t in c.subtree
    }
    return [token for token in words if token not in clause]


def _is_named(noun: Token) -> bool:
    return any(child.dep_ in {"compound", "amod"} for child in noun.children)
