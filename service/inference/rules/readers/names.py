"""What somebody is called, how old somebody is, and other things that one has one of."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense
from service.inference.rules.facts import Fact, Who, fact, negative, rest
from service.inference.rules.phrases import is_vague, key, phrase, topic, write

_PAST = frozenset({Tense.PAST, Tense.PERFECT})


def named(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I go by Sam", "I'm called Sam", "my dog is named Rex"."""
    name = clause.child("oprd") if clause.lemma in {"call", "name"} else None
    if clause.lemma == "go":
        name = clause.object_of("by")
        name = name if name is not None and name.tag_.startswith("NNP") else None
    if name is None or clause.tense is Tense.FUTURE:
        return None
    return [name_fact(who, name)]


def name_fact(who: Who, name: Token) -> Fact:
    """What somebody is called."""
    words = [
        token
        for token in phrase(name)
        if token.dep_ not in {"relcl", "prep", "appos", "cc", "conj", "advmod"} or token == name
    ]
    words = [token for token in words if token == name or token.head == name]
    if who.is_self:
        return fact(who, "name", topic(name, words), f"name is {write(words)}")
    return fact(who, "name", topic(name, words), f"is named {write(words)}")


def favorite(clause: Clause, who: Who) -> list[Fact] | None:
    """ "My favourite colour is green", "green is my favourite colour", "my phone number is ..."."""
    if clause.lemma != "be" or clause.tense in {Tense.FUTURE} or clause.subject is None:
        return None
    noun = clause.subject
    value = clause.child("attr", "acomp", "oprd", "dobj", "xcomp")
    if value is not None and _is_favorite(value) and not _is_favorite(noun):
        noun, value = value, noun
    name = _slot_name(noun)
    if name is None:
        return None
    if value is None:
        value = clause.child("prep", "advmod", "npadvmod")
    if value is None or (is_vague(value) and value.dep_ != "prep"):
        return []
    words = (
        [t for t in phrase(value) if t.dep_ not in {"neg"}]
        if value.dep_ in {"nsubj"}
        else [t for t in rest(clause)]
    )
    about = topic(value if value.dep_ != "prep" else None, words)
    be = "are" if noun.tag_ == "NNS" else "is"
    said = write(words)
    if value.i == 0 and not value.ent_type_ and len(words) == 1:
        said = said.lower()
    told = f"{_slot_label(noun)} {be} {said}"
    holder = _holder(noun, who)
    holds = not negative(clause)
    if not holds:
        told = f"{_slot_label(noun)} {be} not {write(words)}"
    return (
        [fact(holder, name, about, told, holds=holds)]
        if holder.is_self
        else [fact(holder, name, about, told, holds=holds, text=_owned(noun, told))]
    )


def _owned(noun: Token, told: str) -> str:
    owner = next((c for c in noun.children if c.dep_ == "poss"), None)
    if owner is None:
        return told[:1].upper() + told[1:]
    words = [t for t in owner.subtree if t.text.lower() not in {"my", "our"}]
    text = f"{write(words)} {told}"
    return text[:1].upper() + text[1:]


def _is_favorite(noun: Token) -> bool:
    return any(key(child) == "favorite" for child in noun.children)


def _slot_name(noun: Token) -> str | None:
    """The slot of a noun of which one has one: "phone number" is the slot "phone"."""
    if _is_favorite(noun):
        about = topic(noun, [t for t in noun.lefts if t.dep_ != "poss"])
        return "attribute:" + " ".join(sorted(about.all | {"favorite"}))
    if not any(child.dep_ == "poss" for child in noun.children):
        return None
    words = [
        key(t)
        for t in noun.lefts
        if t.dep_ in {"compound", "amod", "nmod"} and key(t) not in {"new", "current", "old", "own"}
    ]
    head = key(noun)
    if head == "number" and words and words[-1] not in {"phone", "telephone", "cell", "mobile"}:
        return "attribute:" + " ".join([*words, head])
    if head in {"address"} and words and words[-1] in {"email", "e-mail", "mail"}:
        return "email"
    if head in lexicon.SLOT_NOUNS and head != "job":
        slot = lexicon.SLOT_NOUNS[head][0]
        return (
            slot if slot in {"name", "age", "birthday", "phone", "email", "address"} else f"attribute:{head}"
        )
    return "attribute:" + " ".join([*words, head]) if head in lexicon.ATTRIBUTES else None


def _slot_label(noun: Token) -> str:
    return write(
        [
            t
            for t in phrase(noun)
            if key(t) not in {"new", "current", "old"}
            and not any(a.dep_ == "poss" for a in (t, *t.ancestors) if a.i != noun.i and noun.is_ancestor(a))
            and t.dep_ != "case"
        ]
    )


def _holder(noun: Token, who: Who) -> Who:
    """Whose attribute it is."""
    owner = next((c for c in noun.children if c.dep_ == "poss"), None)
    if owner is None or owner.tag_ in {"PRP$"}:
        return (
            Who()
            if owner is not None and owner.text.lower() in {"my", "our"}
            else who
            if owner is not None
            else Who()
        )
    words = [t for t in owner.subtree if t.dep_ != "case" and t.tag_ != "PRP$"]
    return Who(topic(owner, words), write(words))


def age(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I'm 30", "I turned 31", "my son is five years old"."""
    value = clause.child("attr", "acomp", "dobj", "npadvmod", "oprd")
    if value is None or clause.lemma not in {"be", "turn"} or clause.tense in {Tense.FUTURE}:
        return None
    if clause.lemma == "turn" and clause.tense not in _PAST:
        return None
    number = next((t for t in value.subtree if t.tag_ == "CD" and _is_age(t)), None)
    old = key(value) in {"old", "year"} or value == number
    if number is None or not old or negative(clause):
        return None
    if not who.is_self and not _animate(who):
        return None
    unit = next((t.text for t in value.subtree if t.lemma_ in {"month", "week", "day"}), "years")
    numbers = [t for t in value.subtree if t.tag_ == "CD" or t.dep_ == "cc"] if clause.plural else [number]
    return [fact(who, "age", topic(None, numbers), f"{clause.third('be')} {write(numbers)} {unit} old")]


def _is_age(number: Token) -> bool:
    return not number.text.isdigit() or 0 < int(number.text[:4]) < 125


def _animate(who: Who) -> bool:
    return bool(who.topic.all & (lexicon.PEOPLE | lexicon.PETS)) or who.label.istitle()
