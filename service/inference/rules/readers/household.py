"""Whom somebody is married to, and what somebody has, gets and loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import PAST, Clause, Tense
from service.inference.rules.facts import SELF, Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.parse import shown
from service.inference.rules.phrases import (
    Part,
    Topic,
    is_vague,
    key,
    listed,
    phrase,
    separate,
    topic,
    without_prepositions,
    write,
)

_WEDLOCK = {
    "marry": "married",
    "divorce": "divorced",
    "separate": "separated",
    "engage": "engaged",
    "widow": "widowed",
}
_GAINING = frozenset({"adopt", "get"})
"""Verbs of the past after which one has the thing, and of which only that is remembered."""
_BUYING = frozenset({"buy", "purchase", "acquire", "inherit"})
_LOSING = frozenset({"sell", "lose", "donate", "scrap", "give", "rehome", "return"})


def marriage(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I got married to Kim", "we divorced", "I'm single again"."""
    planned = any(helper.tag_ == "VBG" for helper in clause.auxiliaries)
    word = _marital_word(clause)
    if word is None or planned or clause.tense in {Tense.FUTURE, Tense.PROGRESSIVE}:
        return None
    if negative(clause):
        return [fact(who, "marital", Topic(word), f"{clause.third('be')} not {word}", holds=False)]
    spouse = clause.child("dobj") or clause.object_of("to")
    if spouse is None or is_vague(spouse) or word == "divorced":
        return [fact(who, "marital", Topic(word), f"{clause.third('be')} {word}")]
    words = without_prepositions(spouse, "in", "on", "since")
    about = Topic(word, topic(spouse, words).all)
    return [fact(who, "marital", about, f"{clause.third('be')} {word} to {write(words)}")]


def _marital_word(clause: Clause) -> str | None:
    state = clause.child("acomp", "attr")
    if clause.lemma in _WEDLOCK:
        return _WEDLOCK[clause.lemma]
    if clause.lemma not in {"be", "get", "become"} or state is None:
        return None
    return shown(state) if key(state) in lexicon.MARITAL | set(_WEDLOCK) else None


def have(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I have two kids and a dog", "I bought a Tesla", "I sold my car", "my dog died"."""
    parting = _parted(clause, who)
    if parting is not None:
        return [parting]
    thing = clause.child("dobj", "dative") if clause.lemma == "give" else clause.child("dobj")
    if thing is None or not _is_about_having(clause, thing):
        return None
    parts = [part for part in listed(thing) if not _is_fleeting(part.head)]
    return [_had(clause, who, part, listed(thing)) for part in parts]


def _is_about_having(clause: Clause, thing: Token) -> bool:
    if _gives_birth(clause, thing):
        return True
    if clause.lemma == "give":
        away = any(child.lower_ in {"away", "back"} for child in clause.verb.children)
        return away and clause.tense in PAST
    if clause.lemma in {"have", "own"}:
        return not any(helper.tag_ == "MD" for helper in clause.auxiliaries) and clause.tense in {
            Tense.PRESENT,
            Tense.PERFECT,
        }
    shown_now = clause.lemma == "get" and any(child.lower_ == "the" for child in thing.children)
    if shown_now or (clause.lemma == "get" and key(thing) in lexicon.RECEIVED):
        return False
    return clause.lemma in _GAINING | _BUYING | _LOSING and clause.tense in PAST


def _gives_birth(clause: Clause, thing: Token) -> bool:
    return clause.lemma == "have" and clause.tense is Tense.PAST and key(thing) in lexicon.CHILDREN


def _had(clause: Clause, who: Who, part: Part, parts: Sequence[Part]) -> Fact:
    words = _without_clause(part)
    about = topic(part.head, words)
    kept = [
        word
        for word in separate(rest(clause), part, parts)
        if word in words or not part.head.is_ancestor(word)
    ]
    if clause.lemma in _LOSING:
        using = frozenset({"drive", "use", "ride", "rent"})
        return fact(who, "have", about, predicate(clause, kept), holds=False, ends=using)
    none = any(word.text.lower() == "no" and word.dep_ == "det" for word in words)
    if negative(clause) or none:
        bare = [word for word in kept if word.text.lower() not in {"no", "longer"}]
        return fact(who, "have", about, denied(clause, clause.lemma, bare), holds=False)
    has = f"{clause.third('have')} {write(words)}"
    if clause.lemma == "get" and clause.tense is Tense.PERFECT:
        has = f"{clause.third('have')} {write(kept)}"
    gains = clause.lemma in _GAINING or (who.is_self and _gives_birth(clause, part.head))
    return fact(who, "have", about, has if gains else predicate(clause, kept))


def _parted(clause: Clause, who: Who) -> Fact | None:
    """Reads "my dog died" and "I broke up with my girlfriend", which end a "has a dog"."""
    if clause.tense not in PAST:
        return None
    told = predicate(clause, rest(clause))
    if clause.lemma in {"die", "pass"} and not who.is_self:
        return replace(fact(who, "have", who.topic, told, holds=False, lasting=True), who=SELF)
    if clause.lemma in {"dump", "leave"} and not who.is_self and _is_speaker(clause.child("dobj")):
        return replace(fact(who, "have", who.topic, told, holds=False, lasting=True), who=SELF)
    partner = _partner(clause) if clause.lemma in {"break", "split", "separate"} else None
    if partner is None or is_vague(partner):
        return None
    words = phrase(partner, without=_rest_of_pair(partner))
    told = told if "with" in told or "from" in told else f"broke up with {write(words)}"
    return fact(who, "have", topic(partner, words), told, holds=False, lasting=True)


def _is_speaker(token: Token | None) -> bool:
    return token is not None and token.lower_ == "me"


def _partner(clause: Clause) -> Token | None:
    """The "Emi" of "broke up with Emi" and of "Emi and I broke up"."""
    beside = next(
        (token for token in clause.verb.lefts if any(c.dep_ == "cc" for c in (token, *token.children))), None
    )
    joint = clause.verb.head
    if clause.verb.dep_ == "conj" and joint.tag_ == "NN" and clause.subject is not None:
        return joint
    opening = clause.verb.doc[0]
    joined = len(clause.verb.doc) > 1 and opening.nbor(1).lower_ == "and" and opening.text.istitle()
    return clause.object_of("with", "from") or (opening if joined else beside)


def _rest_of_pair(partner: Token) -> list[Token]:
    return [t for c in partner.children if c.dep_ in {"cc", "conj"} or c.text == "I" for t in c.subtree]


def _is_fleeting(thing: Token) -> bool:
    """Whether one has it for a conversation only: "a question", but not "a heart problem"."""
    kinds = [
        child
        for child in thing.children
        if child.dep_ in {"compound", "amod"} and key(child) not in lexicon.SAYING_NOTHING
    ]
    return is_vague(thing) or (key(thing) in lexicon.FLEETING_THINGS and not kinds)


def _without_clause(part: Part) -> list[Token]:
    """A person without the relative clause, which is read as a fact of its own."""
    told: set[Token] = set()
    for child in part.head.children:
        if child.dep_ == "relcl" and key(part.head) in lexicon.PEOPLE | lexicon.PETS:
            told.update(child.subtree)
    return [word for word in part.words if word not in told and word.lower_ not in {"too", "either"}]
