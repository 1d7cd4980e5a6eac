"""What somebody is: diets, allergies, trades, a name."""

from __future__ import annotations

from dataclasses import replace

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense, object_of
from service.inference.rules.facts import Fact, Who, denied, fact, is_of_the_day, negative, predicate, rest
from service.inference.rules.parse import shown
from service.inference.rules.phrases import (
    Topic,
    capital,
    is_vague,
    key,
    listed,
    phrase,
    topic,
    without_prepositions,
    write,
)
from service.inference.rules.readers.names import is_animate, name_fact
from service.inference.rules.readers.places import origin

_PLACES = frozenset({"GPE", "LOC", "ORG", "PRODUCT"})


def being(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I'm vegetarian and allergic to nuts", "I'm a nurse", "I'm Alex", "I became a father"."""
    if clause.lemma not in {"be", "become", "turn", "go"} or (
        clause.tense is Tense.PAST and clause.lemma == "be"
    ):
        return None
    state = clause.child("acomp", "attr", "oprd", *(["dobj"] if clause.lemma in {"turn", "go"} else []))
    if clause.lemma == "go" and (state is None or key(state) not in lexicon.DIETS):
        return None
    if state is None or clause.tense is Tense.FUTURE:
        return None
    if is_of_the_day(clause) and clause.lemma == "be":
        return []
    facts: list[Fact] = []
    for part in listed(state):
        facts.extend(_is(clause, who, part.head, list(part.words)))
    return facts


def _is(clause: Clause, who: Who, head: Token, words: list[Token]) -> list[Fact]:
    """One of the things that somebody is said to be."""
    if (
        who.topic.head in lexicon.ROLES
        and head.tag_.startswith("NNP")
        and head.ent_type_ not in {"NORP", "GPE"}
    ):
        told = denied(clause, "be", words) if negative(clause) else f"{clause.third('be')} {write(words)}"
        return [fact(who, "name", topic(head, words), told, holds=not negative(clause))]
    if _is_name(clause, who, head):
        return (
            [_not_named(who, head)]
            if negative(clause)
            else [name_fact(who, head), *_apposed(clause, who, head)]
        )
    if _is_passing(clause, who, head):
        return []
    if key(head) == "allergic":
        return _allergies(clause, who, head)
    return [_state(clause, who, head, words)]


def _is_passing(clause: Clause, who: Who, head: Token) -> bool:
    """Whether it is a mood or a matter of the moment: "tired", but not "tired of", "scared of spiders"."""
    if is_vague(head) or head.tag_ in {"EX", "WP", "VBG"} or (head.tag_ == "CD" and is_animate(who)):
        return True
    word = key(head)
    if word in {"afraid", "scared", "terrified", "good", "bad", "great", "tired"}:
        return object_of(clause.verb, "of", "at") is None
    if not who.is_self:
        return word in (lexicon.FLEETING_STATES - {"sick", "ill"}) | lexicon.GOOD | lexicon.BAD
    if head.tag_ == "JJ" and any(child.dep_ == "xcomp" for child in (*head.children, *clause.verb.children)):
        return word != "allergic"
    if shown(head).endswith("ed") and shown(head).lower() not in lexicon.LASTING_PARTICIPLES:
        return word in lexicon.FLEETING_STATES or ("-" not in shown(head) and not _is_bound(head))
    return word in lexicon.FLEETING_STATES | lexicon.FLEETING_THINGS


def _is_bound(state: Token) -> bool:
    """Whether it is towards something: "married to Kim", "scared of dogs", and not "stoked about it"."""
    if any(child.tag_ == "HYPH" for child in state.children):
        return True
    towards = (child.lower_ for child in state.children if child.dep_ == "prep")
    return any(word not in {"about", "for", "by"} for word in towards)


def _state(clause: Clause, who: Who, head: Token, words: list[Token]) -> Fact:
    kind, about = kind_of(head), topic(head, words)
    ends = frozenset({"employer"}) if key(head) in lexicon.WITHOUT_WORK else frozenset[str]()
    if clause.lemma != "be":
        undated = without_prepositions(head, "in", "on", "since", "at")
        return fact(who, kind, topic(head, undated), f"{clause.third('be')} {write(undated)}", ends=ends)
    whole = clause.child("acomp", "attr", "oprd")
    others = set(whole.subtree) if whole is not None else set()
    own = [word for word in words if word.dep_ != "advmod" or word.text.lower() not in lexicon.DISCOURSE]
    kept = [*own, *(word for word in rest(clause) if word not in others)]
    if negative(clause):
        return fact(who, kind, about, denied(clause, "be", kept), holds=False)
    alone = (
        clause.auxiliaries
        and head.dep_ != "conj"
        and not any(child.dep_ == "conj" for child in head.children)
    )
    told = predicate(clause, kept) if alone else f"{clause.third('be')} {write(kept)}"
    return fact(who, kind, about, told, ends=ends)


def condition(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I'm in a relationship", "I'm on a diet"."""
    inside = clause.object_of("in", "on")
    if clause.lemma != "be" or inside is None:
        return None
    if not ({key(word) for word in phrase(inside)} & lexicon.LASTING_CONDITIONS or _is_substance(inside)):
        return None
    if clause.tense in {Tense.PAST, Tense.FUTURE}:
        return []
    slot, about = regime(inside) or ("be", topic(inside, phrase(inside)))
    slot = "marital" if key(inside) == "relationship" else slot
    told = denied(clause, "be", rest(clause)) if negative(clause) else predicate(clause, rest(clause))
    return [fact(who, slot, about, told, holds=not negative(clause))]


def regime(noun: Token) -> tuple[str, Topic] | None:
    """The slot and topic of a way of eating that one is on, follows or does: "keto" and "a keto diet"."""
    words = {key(word) for word in phrase(noun)}
    if not words & lexicon.REGIMES and "diet" not in words:
        return None
    return "regime", Topic("", topic(noun, phrase(noun)).all - {"diet"})


def _is_substance(noun: Token) -> bool:
    """Whether "on" it means to take it: "on antidepressants"."""
    plain = noun.head.lower_ == "on" and noun.tag_ in {"NN", "NNS"}
    return plain and not any(noun.lefts) and key(noun) not in lexicon.FLEETING_PLACES


def _not_named(who: Who, head: Token) -> Fact:
    return replace(name_fact(who, head), text=capital(f"is not {write(phrase(head))}"), holds=False)


def _is_name(clause: Clause, who: Who, head: Token) -> bool:
    """Whether "I'm Alex" introduces: a proper noun that names no place, people or firm."""
    if not who.is_self or clause.tense is not Tense.PRESENT or clause.lemma != "be":
        return False
    if head.ent_type_ in {"NORP", "LANGUAGE", "DATE"} or (
        head.ent_type_ in _PLACES and shown(head).islower()
    ):
        return False
    plain = not any(child.dep_ in {"det", "poss", "amod", "nummod"} for child in head.children)
    other = lexicon.OCCUPATIONS | lexicon.DIETS | lexicon.MARITAL | lexicon.FLEETING_STATES
    proper = head.ent_type_ == "PERSON" or head.tag_ == "NNP"
    return plain and proper and key(head) not in other and shown(head).isalpha()


def _apposed(clause: Clause, who: Who, name: Token) -> list[Fact]:
    """What "I'm Alex, a nurse" and "I'm Alex from Berlin" tell beside the name."""
    facts = []
    for child in name.children:
        if child.dep_ == "appos" and child.tag_ == "NN":
            words = phrase(child)
            facts.append(
                fact(who, kind_of(child), topic(child, words), f"{clause.third('be')} {write(words)}")
            )
        elif child.dep_ == "appos" and child.tag_ == "CD" and child.text.isdigit():
            facts.append(
                fact(who, "age", topic(None, [child]), f"{clause.third('be')} {shown(child)} years old")
            )
        elif child.dep_ == "prep" and child.text.lower() == "from":
            facts.extend(origin(clause, who, place) for place in child.children)
    return facts


def kind_of(complement: Token) -> str:
    """The slot of what somebody is."""
    word = key(complement)
    if word in lexicon.DIETS:
        return "diet"
    if word in lexicon.WITHOUT_WORK or (word in lexicon.OCCUPATIONS and complement.tag_ != "JJ"):
        return "occupation"
    return "allergy" if word == "allergic" else "be"


def _allergies(clause: Clause, who: Who, head: Token) -> list[Fact]:
    found = object_of(head, "to") or object_of(clause.verb, "to")
    further = [child for child in head.subtree if child.dep_ == "conj" and child.lower_ == "to"]
    cause = found or next((child for child in head.children if child.dep_ == "xcomp"), clause.child("xcomp"))
    if cause is None or is_vague(cause):
        return []
    no = "not " if negative(clause) else ""
    facts = []
    for part in [*listed(cause), *(part for to in further for noun in to.children for part in listed(noun))]:
        words = write(word for word in part.words if word.text.lower() != "to")
        told = f"{clause.third('be')} {no}allergic to {words}"
        facts.append(fact(who, "allergy", topic(part.head, part.words), told, holds=not no))
    return facts


def allergy(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I have a nut allergy" so that it meets "is allergic to nuts"."""
    thing = clause.child("dobj")
    if clause.lemma != "have" or thing is None or key(thing) != "allergy":
        return None
    kinds = (child for child in thing.lefts if child.dep_ in {"compound", "amod"})
    cause = next((kind for kind in kinds if key(kind) != "new"), None) or object_of(thing, "to")
    if cause is None and (negative(clause) or any(child.lower_ == "no" for child in thing.children)):
        return [fact(who, "allergy", Topic(), f"{clause.third('have')} no allergies", holds=False)]
    if cause is None:
        return None
    about = topic(cause, [cause])
    if negative(clause):
        return [fact(who, "allergy", about, denied(clause, "have", rest(clause)), holds=False)]
    return [fact(who, "allergy", about, predicate(clause, rest(clause)))]
