"""Every other verb: habits, abilities, plans, and what happened and matters."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense, focus_of
from service.inference.rules.facts import (
    Fact,
    Who,
    denied,
    fact,
    is_habit,
    negative,
    predicate,
    relation_of,
    rest,
)
from service.inference.rules.phrases import Topic, conjuncts, is_vague, key, members, topic
from service.inference.rules.readers.feelings import joins

_PAST = frozenset({Tense.PAST, Tense.PERFECT})


def deed(clause: Clause, who: Who) -> list[Fact] | None:
    """Every other verb: a habit, an ability, a plan, or something that happened and matters."""
    focus = focus_of(clause.verb)
    kept = rest(clause)
    if not _worth_keeping(clause, who, focus, kept):
        return []
    lists = _splits(clause, focus)
    facts = []
    for words, head in lists:
        others = {t for one, _ in lists for t in one} - set(words)
        own = [t for t in kept if t not in others and not joins(t, list(others))]
        about = topic(head, [t for t in own if t != head])
        facts.append(_did(clause, who, about, own))
    return facts


def _splits(clause: Clause, focus: Token | None) -> list[tuple[list[Token], Token | None]]:
    if focus is None or focus.dep_ not in {"dobj", "pcomp"} or clause.tense in _PAST:
        return [([], focus)]
    return [(words, head) for words, head in zip(members(focus), conjuncts(focus), strict=False)]


def _did(clause: Clause, who: Who, about: Topic, kept: list[Token]) -> Fact:
    relation = relation_of(clause)
    can = any(helper.lemma_ in {"can", "ca"} or helper.text.lower() == "ca" for helper in clause.auxiliaries)
    if not negative(clause) or clause.tense in _PAST:
        return fact(who, relation, about, predicate(clause, kept))
    lasting = clause.lemma in lexicon.ENDURING_NEGATIVES or can
    if any(t.text.lower() == "never" for t in clause.verb.children) or can:
        return fact(who, relation, about, predicate(clause, kept), holds=False, lasting=True)
    particle = clause.child("prt")
    words = [t for t in kept if t != particle]
    verb = clause.lemma + (f" {particle.text}" if particle is not None else "")
    return fact(who, relation, about, denied(clause, verb, words), holds=False, lasting=lasting)


def _worth_keeping(clause: Clause, who: Who, focus: Token | None, kept: Sequence[Token]) -> bool:
    verb = clause.lemma
    if clause.child("ccomp") is not None or not clause.verb.tag_.startswith("VB"):
        return False
    if any(t.text.lower() in {"you", "your", "yours"} for t in clause.verb.subtree):
        return False
    if focus is not None and (
        is_vague(focus) or (key(focus) in lexicon.FLEETING_THINGS and not is_habit(clause))
    ):
        return False
    if not kept and clause.tense is not Tense.PRESENT:
        return False
    modal = {helper.text.lower() for helper in clause.auxiliaries}
    if modal & {"can", "ca", "could"}:
        return verb in lexicon.ABILITIES
    if verb == "go" and is_habit(clause):
        return True
    if verb == "want" or (
        verb in {"plan", "try", "hope", "go", "intend", "aim", "need"} and clause.child("xcomp") is not None
    ):
        return _lasting_aim(clause)
    if verb == "have" and clause.child("xcomp") is not None:
        return is_habit(clause)
    if verb == "be" and clause.tense is Tense.PERFECT and focus is not None:
        return focus.tag_.startswith("NNP") and focus.head.lower_ == "to"
    if verb == "be" and clause.tense is Tense.FUTURE and focus is not None:
        return focus.tag_.startswith("NNP")
    if verb == "be":
        return clause.tense is Tense.PRESENT and focus is not None and not who.is_self
    if clause.tense in _PAST:
        return (
            verb in lexicon.EVENTS
            or (verb == "go" and _goes_to_place(clause))
            or not (who.is_self or verb in lexicon.FLEETING_VERBS)
        )
    if focus is not None and key(focus) in lexicon.KIN | lexicon.PETS:
        return True
    return verb not in lexicon.FLEETING_VERBS or is_habit(clause) or _goes_to_place(clause)


def _goes_to_place(clause: Clause) -> bool:
    if clause.lemma not in {"go", "travel", "fly", "move", "come"}:
        return False
    place = clause.object_of("to")
    return place is not None and (place.tag_.startswith("NNP") or clause.tense is Tense.PRESENT)


def _lasting_aim(clause: Clause) -> bool:
    inner = clause.child("xcomp")
    return (
        inner is not None
        and inner.lemma_ in lexicon.LASTING_PLANS
        and clause.verb.lemma_ not in {"need"}
        and not negative(clause)
    )
