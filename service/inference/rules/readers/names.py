"""What somebody is called, how old somebody is, and other things that one has one of."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import PAST, Clause, Tense
from service.inference.rules.facts import Fact, Who, fact, negative, predicate, rest
from service.inference.rules.phrases import belongs_to_speaker, is_own, key, phrase, topic, write


def named(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I go by Sam", "I'm called Sam", "my dog is named Rex"."""
    name = clause.child("oprd") if clause.lemma in {"call", "name"} else None
    thing = clause.child("dobj")
    if name is not None and thing is not None and clause.tense in PAST and belongs_to_speaker(thing):
        words = [word for word in phrase(thing) if not is_own(word)]
        return [name_fact(Who(topic(thing, words), write(words)), name)]
    wish = clause.child("xcomp") if clause.lemma in {"prefer", "like", "want"} else None
    if wish is not None and wish.lemma_ == "call" and not clause.negated:
        name = next((child for child in wish.children if child.dep_ == "oprd"), None)
    if clause.lemma == "go":
        name = clause.object_of("by")
        name = name if name is not None and name.tag_.startswith("NNP") else None
    if name is None or clause.tense is Tense.FUTURE:
        return None
    return [name_fact(who, name)]


def name_fact(who: Who, name: Token) -> Fact:
    """What somebody is called."""
    beside = {"relcl", "prep", "appos", "cc", "conj", "advmod"}
    words = [name, *(child for child in name.children if child.dep_ not in beside and not child.is_punct)]
    if who.is_self:
        return fact(who, "name", topic(name, words), f"name is {write(words)}")
    return fact(who, "name", topic(name, words), f"is named {write(words)}")


def age(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I'm 30", "I turned 31", "my son is five years old"."""
    value = clause.child("attr", "acomp", "dobj", "npadvmod", "oprd")
    past = clause.lemma == "be" and clause.tense is Tense.PAST
    if value is None or clause.lemma not in {"be", "turn"} or clause.tense is Tense.FUTURE or past:
        return None
    number = next((t for t in value.subtree if t.tag_ == "CD" and _is_age(t)), None)
    if any(child.dep_ == "det" for child in value.children):
        return None
    old = key(value) in {"old", "year"} or value == number
    if number is None or not old or negative(clause):
        return None
    if not is_animate(who):
        return None
    if clause.lemma == "turn" and clause.tense not in PAST:
        return [fact(who, "plan age", topic(None, [number]), predicate(clause, rest(clause)))]
    unit = next((t.text for t in value.subtree if t.lemma_ in {"month", "week", "day"}), "years")
    numbers = [t for t in value.subtree if t.tag_ == "CD" or t.dep_ == "cc"] if clause.plural else [number]
    return [fact(who, "age", topic(None, numbers), f"{clause.third('be')} {write(numbers)} {unit} old")]


def _is_age(number: Token) -> bool:
    return number.text.isalpha() or (number.text.isdigit() and 0 < int(number.text[:4]) < 125)


def is_animate(who: Who) -> bool:
    """Whether it is a person or a pet, and not a thing of somebody's."""
    return (
        who.is_self
        or (who.topic.head in lexicon.PEOPLE or bool(who.topic.all & (lexicon.KIN | lexicon.PETS)))
        or who.label.istitle()
    )
