"""What somebody is: diets, allergies, trades, a name."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense, object_of
from service.inference.rules.facts import Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.parse import shown
from service.inference.rules.phrases import conjuncts, is_vague, key, members, phrase, topic, write
from service.inference.rules.readers.names import name_fact
from service.inference.rules.readers.places import place_words


def being(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I'm vegetarian and allergic to nuts", "I'm a nurse", "I'm Alex", "I became a father"."""
    if clause.lemma not in {"be", "become"} or (clause.tense is Tense.PAST and clause.lemma == "be"):
        return None
    state = clause.child("acomp", "attr", "oprd")
    if state is None or clause.tense is Tense.FUTURE:
        return None
    facts: list[Fact] = []
    for words, head in zip(members(state), conjuncts(state), strict=False):
        facts.extend(_is(clause, who, head, words))
    return facts


def _is(clause: Clause, who: Who, head: Token, words: list[Token]) -> list[Fact]:
    if _is_name(clause, who, head):
        return [name_fact(who, head), *_apposed(clause, who, head)]
    if (
        is_vague(head)
        or (key(head) in lexicon.FLEETING_STATES | lexicon.FLEETING_THINGS and who.is_self)
        or head.tag_ in {"EX", "WP", "VBG"}
    ):
        return []
    if key(head) == "allergic":
        return _allergies(clause, who, head)
    state = clause.child("acomp", "attr", "oprd")
    trailing = [t for t in rest(clause) if state is None or not (t == state or state.is_ancestor(t))]
    kind = kind_of(head)
    kept = [
        *[t for t in words if not (t.dep_ == "advmod" and t.text.lower() in lexicon.DISCOURSE)],
        *trailing,
    ]
    about = topic(head, words)
    if negative(clause):
        return [fact(who, kind, about, denied(clause, "be", kept), holds=False)]
    if clause.lemma == "become":
        return [fact(who, kind, about, f"{clause.third('be')} {write(kept)}")]
    helpers = clause.auxiliaries
    told = (
        predicate(clause, kept)
        if helpers or clause.child("advmod") is not None
        else f"{clause.third('be')} {write(kept)}"
    )
    if head.dep_ == "conj" or _is_listed(head):
        told = f"{clause.third('be')} {write(kept)}"
    return [fact(who, kind, about, told)]


def _is_listed(head: Token) -> bool:
    return any(c.dep_ == "conj" for c in head.children)


def _is_name(clause: Clause, who: Who, head: Token) -> bool:
    """Whether "I'm Alex" introduces: a proper noun that names no place, people or firm."""
    if not who.is_self or negative(clause) or clause.tense is not Tense.PRESENT:
        return False
    known = (
        head.ent_type_ in {"NORP", "GPE", "LOC", "LANGUAGE", "DATE", "ORG", "PRODUCT"}
        and shown(head).islower()
    )
    if head.ent_type_ in {"NORP", "LANGUAGE", "DATE"} or known:
        return False
    plain = not any(child.dep_ in {"det", "poss", "amod", "nummod"} for child in head.children)
    word = shown(head)
    lower_name = head.ent_type_ == "PERSON" or (
        head.tag_ == "NNP" and key(head) not in lexicon.OCCUPATIONS | lexicon.DIETS
    )
    return (
        plain and lower_name and key(head) not in lexicon.MARITAL | lexicon.FLEETING_STATES and word.isalpha()
    )


def _apposed(clause: Clause, who: Who, name: Token) -> list[Fact]:
    """ "I'm Alex, a nurse from Berlin" also tells a trade."""
    facts = []
    for child in name.children:
        if child.dep_ == "appos" and child.tag_ == "NN":
            facts.append(
                fact(
                    who,
                    kind_of(child),
                    topic(child, phrase(child)),
                    f"{clause.third('be')} {write(phrase(child))}",
                )
            )
        if child.dep_ == "prep" and child.text.lower() == "from":
            place = next(iter(child.children), None)
            if place is not None:
                facts.append(
                    fact(
                        who,
                        "origin",
                        topic(place, place_words(place)),
                        f"{clause.third('be')} from {write(place_words(place))}",
                    )
                )
    return facts


def kind_of(complement: Token) -> str:
    word = key(complement)
    if word in lexicon.DIETS:
        return "diet"
    if word in lexicon.OCCUPATIONS and complement.tag_ != "JJ":
        return "occupation"
    if word in {"allergic"}:
        return "allergy"
    return "be"


def _allergies(clause: Clause, who: Who, head: Token) -> list[Fact]:
    cause = object_of(head, "to") or object_of(clause.verb, "to")
    cause = cause if cause is not None else next((c for c in head.children if c.dep_ == "xcomp"), None)
    cause = cause if cause is not None else clause.child("xcomp")
    no = negative(clause)
    if cause is None or is_vague(cause):
        return []
    return [
        fact(
            who,
            "allergy",
            topic(each, words),
            f"{clause.third('be')} {'not ' if no else ''}allergic to {write([t for t in words if t.text.lower() != 'to'])}",
            holds=not no,
        )
        for words, each in zip(members(cause), conjuncts(cause), strict=False)
    ]


def allergy(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I have a nut allergy" meets "is allergic to nuts"."""
    thing = clause.child("dobj")
    if clause.lemma != "have" or thing is None or key(thing) != "allergy" or negative(clause):
        return None
    cause = next((c for c in thing.lefts if c.dep_ in {"compound", "amod"}), None) or object_of(thing, "to")
    if cause is None:
        return None
    return [fact(who, "allergy", topic(cause, [cause]), predicate(clause, rest(clause)))]
