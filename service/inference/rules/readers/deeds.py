"""Every other verb: habits, abilities, plans, and what happened and matters."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import PAST, Clause, Tense, focus_of
from service.inference.rules.facts import (
    Fact,
    Who,
    denied,
    fact,
    is_habit,
    is_of_the_day,
    negative,
    predicate,
    relation_of,
    rest,
)
from service.inference.rules.parse import implied, is_retold, shown
from service.inference.rules.phrases import Topic, is_vague, key, listed, phrase, separate, topic, write
from service.inference.rules.readers.states import regime

_UNNAMED = frozenset({"he", "him", "his", "she", "her", "hers"})
"""Of whom only the conversation knows who they are."""


def deed(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I run every morning", "I can play the piano", "I'm flying to Rome", "I visited Japan"."""
    kept = rest(clause)
    focus = focus_of(clause.verb) or next(filter(_is_counted, kept), None)
    if clause.lemma in lexicon.RESCHEDULING and not who.is_self and clause.tense in PAST:
        return _rescheduled(clause, who)
    if (
        is_of_the_day(clause)
        or not _says_something(clause, who, focus, kept)
        or not _lasts(clause, who, focus)
    ):
        return []
    if focus is None or focus.dep_ not in {"dobj", "pcomp"} or clause.tense in PAST:
        return [_did(clause, who, topic(focus, [word for word in kept if word != focus]), kept, focus)]
    parts = listed(focus)
    facts = []
    for part in parts:
        own = separate(kept, part, parts)
        about = topic(part.head, [word for word in own if word != part.head])
        facts.append(_did(clause, who, about, own, part.head))
    return facts


def _is_counted(noun: Token) -> bool:
    return any(child.dep_ == "nummod" for child in noun.children)


def _did(clause: Clause, who: Who, about: Topic, kept: Sequence[Token], focus: Token | None) -> Fact:
    aims = clause.lemma in lexicon.AIMING and clause.child("xcomp") is not None and clause.tense not in PAST
    relation = "aim" if aims else relation_of(clause)
    eaten = regime(focus) if focus is not None and clause.lemma in {"do", "follow", "keep"} else None
    relation, about = eaten or (relation, about)
    if not negative(clause) or clause.tense in PAST:
        return fact(who, relation, about, predicate(clause, kept))
    if _modal(clause) or any(child.text.lower() == "never" for child in clause.verb.children):
        return fact(who, relation, about, predicate(clause, kept), holds=False, lasting=True)
    particle = clause.child("prt")
    verb = clause.lemma + (f" {particle.text}" if particle is not None else "")
    if clause.tense is Tense.FUTURE:
        return fact(who, relation, about, predicate(clause, kept), holds=False)
    told = denied(clause, verb, [word for word in kept if word != particle])
    lasting = clause.lemma in lexicon.ENDURING_NEGATIVES
    return fact(who, relation, about, told, holds=False, lasting=lasting)


def _rescheduled(clause: Clause, who: Who) -> list[Fact]:
    """Reads "my appointment was moved to Tuesday", which meets "appointment is on Monday"."""
    day = clause.object_of("to", "for", "until")
    if day is None or not (day.ent_type_ in {"DATE", "TIME"} or any(map(str.isdigit, shown(day)))):
        return []
    weekday = key(day).endswith("day") or any(word.tag_ == "CD" for word in day.subtree)
    hour = day.ent_type_ == "TIME" or ":" in shown(day) or shown(day)[-1:].lower() == "m"
    at = "at" if hour else "on" if weekday else "in"
    return [fact(who, "be", topic(day, phrase(day)), f"is {at} {write(phrase(day))}", renews=True)]


def _modal(clause: Clause) -> bool:
    """Whether it is about what somebody can do."""
    return any(helper.text.lower() in {"can", "ca", "could"} for helper in clause.auxiliaries)


def _says_something(clause: Clause, who: Who, focus: Token | None, kept: Sequence[Token]) -> bool:
    """Whether the clause can be understood without the conversation around it."""
    if (
        clause.child("ccomp") is not None
        or (clause.lemma == "do" and focus is None)
        or not clause.verb.tag_.startswith("VB")
    ):
        return False
    unclear = {"you", "your", "yours"} | (
        _UNNAMED if who.is_self and not is_retold(clause.verb.doc) else set()
    )
    if any(word.lower_ in unclear and not implied(word) for word in clause.verb.subtree):
        return False
    if focus is None:
        becoming = clause.verb.tag_ != "VBN" or any(helper.tag_ == "VBG" for helper in clause.auxiliaries)
        return bool(kept) or (clause.tense is Tense.PRESENT and becoming)
    return (
        not is_vague(focus)
        and key(focus) != "job"
        and (key(focus) not in lexicon.FLEETING_THINGS or is_habit(clause))
    )


def _lasts(clause: Clause, who: Who, focus: Token | None) -> bool:
    """Whether it will still be worth knowing when the conversation is over."""
    verb = clause.lemma
    if _is_moved(clause) or any(inner.lemma_ in lexicon.FLEETING_VERBS for inner in clause.children("xcomp")):
        return False
    if _modal(clause):
        return verb in lexicon.ABLE
    if verb == "be":
        return focus is not None and _is_somewhere(clause, who, focus)
    if verb in lexicon.AIMING and (verb == "want" or clause.child("xcomp") is not None):
        return (is_habit(clause) and clause.tense is Tense.PRESENT) or _is_lasting_aim(clause)
    return _is_over_and_matters(clause, who) if clause.tense in PAST else _goes_on(clause, who, focus)


def _is_over_and_matters(clause: Clause, who: Who) -> bool:
    if who.is_self:
        return clause.lemma in lexicon.EVENTS or _goes_to_place(clause)
    return _is_close(who) and clause.lemma not in lexicon.FLEETING_VERBS


def _goes_on(clause: Clause, who: Who, focus: Token | None) -> bool:
    """Whether what somebody does, or will do, is more than what the conversation is about."""
    verb = clause.lemma
    if is_habit(clause) and clause.tense is Tense.PRESENT:
        return True
    if focus is not None and key(focus) in lexicon.KIN | lexicon.PETS:
        return True
    if clause.tense is Tense.FUTURE and who.is_self and verb not in lexicon.COMING:
        return False
    once = verb == "get" and focus is not None and _is_one(focus) and clause.tense is Tense.PRESENT
    faring = verb in {"get", "stay", "keep"} and clause.child("acomp", "advcl") is not None
    well = (child.lower_ in lexicon.FLEETING_STATES | {"best"} for child in clause.verb.children)
    if faring or (verb == "do" and any(well)):
        return False
    return not once and (verb not in lexicon.FLEETING_VERBS or _goes_to_place(clause))


def _is_moved(clause: Clause) -> bool:
    """Whether it is a feeling in the form of a passive: "we're swamped", "they got excited"."""
    return (
        clause.verb.tag_ == "VBN"
        and clause.verb.lower_ in lexicon.FLEETING_STATES
        and any(helper.lemma_ in {"be", "get"} for helper in clause.auxiliaries)
    )


def _is_one(noun: Token) -> bool:
    return any(child.lower_ in {"a", "an", "the"} for child in noun.children)


def _is_close(who: Who) -> bool:
    """Whether what happened to them matters: family, pets, friends, people by name."""
    return bool(who.topic.all & (lexicon.KIN | lexicon.PETS | {"friend"})) or who.label.istitle()


def _is_somewhere(clause: Clause, who: Who, focus: Token) -> bool:
    """Reads "I have been to Japan" and "I will be in Japan", and of others "the flight is on Monday" too."""
    named = focus.tag_.startswith("NNP")
    if clause.tense is Tense.PERFECT:
        return named and focus.head.lower_ == "to"
    return named if clause.tense is Tense.FUTURE else clause.tense is Tense.PRESENT and not who.is_self


def _goes_to_place(clause: Clause) -> bool:
    place = clause.object_of("to") if clause.lemma in {"go", "travel", "fly", "move", "come"} else None
    return place is not None and (place.tag_.startswith("NNP") or clause.tense is Tense.PRESENT)


def _is_lasting_aim(clause: Clause) -> bool:
    aim = clause.child("xcomp")
    if aim is None or clause.tense is Tense.PAST:
        return False
    return aim.lemma_ in ({"avoid", "wear"} if clause.lemma in {"need", "have"} else lexicon.LASTING_PLANS)
