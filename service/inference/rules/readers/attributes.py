"""What one has one of: "my favourite colour is green", "my phone number is 555-0100"."""

from __future__ import annotations

from dataclasses import replace

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense
from service.inference.rules.facts import SELF, Fact, Who, fact, negative, rest
from service.inference.rules.phrases import capital, is_own, is_vague, key, phrase, possessor, topic, write

_PHONES = frozenset({"phone", "telephone", "cell", "mobile"})
_PLAIN_KINDS = {
    "number": _PHONES,
    "phone": _PHONES,
    "email": {"email", "mail"},
    "address": {"home", "postal"},
    "name": {"full"},
}
"""What stands before a noun and makes no other thing of it: a "work phone" is another one."""
_SAID_OTHERWISE = frozenset({"employer", "occupation", "residence", "diet", "marital", "origin"})
_RENEWING = frozenset({"new", "current", "own"})


def attribute(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "My favourite colour is green", "green is my favourite colour", "my phone number is ..."."""
    if clause.lemma != "be" or clause.tense is Tense.FUTURE or clause.subject is None:
        return None
    noun, value = clause.subject, clause.child("attr", "acomp", "oprd", "dobj", "xcomp")
    turned = value is not None and _is_favorite(value) and not _is_favorite(noun)
    if turned and value is not None:
        noun, value = value, noun
    if slot_of(noun) is None:
        return None
    if clause.tense is Tense.PAST:
        return []
    value = value if value is not None else clause.child("prep", "advmod", "npadvmod")
    if value is None or (is_vague(value) and value.dep_ != "prep"):
        return []
    words = phrase(value) if turned else rest(clause)
    return [_held(noun, value, words, who, holds=not negative(clause))]


def changed(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I changed my name to Robin", "my number changed to ...", "update my address to ..."."""
    if (
        clause.lemma not in {"change", "update", "switch", "set"}
        or clause.negated
        or clause.tense is Tense.FUTURE
    ):
        return None
    noun, value = clause.child("dobj") or clause.subject, clause.object_of("to")
    if noun is None or value is None or slot_of(noun) is None or possessor(noun) is None:
        return None
    return [_held(noun, value, phrase(value), who, holds=True)]


def instead(denied: Fact, clause: Clause) -> Fact | None:
    """The "it's Robin" after "my name isn't Alex"."""
    value = clause.child("attr", "acomp")
    label, verb, _ = denied.text.partition(" is not ")
    if not verb or value is None or clause.negated or is_vague(value):
        return None
    words = phrase(value)
    return replace(denied, text=f"{label} is {write(words)}", topic=topic(value, words), holds=True)


def slot_of(noun: Token) -> str | None:
    """The slot of a noun of which one has one: "phone number" is the slot "phone"."""
    if _is_favorite(noun):
        about = topic(noun, [word for word in noun.lefts if word.dep_ != "poss"])
        return "attribute:" + " ".join(sorted(about.all | {"favorite"}))
    if possessor(noun) is None:
        return None
    head, before = key(noun), _before(noun)
    if head == "address" and before and before[-1] in {"email", "mail"}:
        head = "email"
    slot = lexicon.SLOT_NOUNS.get(head, ("",))[0]
    before = [w for w in before if w not in _PLAIN_KINDS.get(head, ()) and w not in lexicon.OF_NO_KIND]
    if not before and slot in lexicon.SINGLE and slot not in _SAID_OTHERWISE:
        return slot
    return "attribute:" + " ".join([*before, head]) if head in lexicon.ATTRIBUTES else None


def _before(noun: Token) -> list[str]:
    """The words that tell one number or address from another."""
    kinds = {"compound", "amod", "nmod"}
    return [key(word) for word in noun.lefts if word.dep_ in kinds and key(word) not in _RENEWING]


def _is_favorite(noun: Token) -> bool:
    return any(key(child) == "favorite" for child in noun.children)


def _held(noun: Token, value: Token, words: list[Token], who: Who, *, holds: bool) -> Fact:
    """What somebody has as the noun's value."""
    said = write(words)
    if value.i == 0 and not value.ent_type_ and len(words) == 1:
        said = said.lower()
    owner = possessor(noun)
    holder = who if owner is None or owner.tag_ == "PRP$" else _owner(owner)
    holder = SELF if owner is not None and is_own(owner) else holder
    verb = ("are" if noun.tag_ == "NNS" else "is") + ("" if holds else " not")
    whose = f"{holder.label}'s " if not holder.is_self else ""
    about = topic(value if value.dep_ != "prep" else None, words)
    slot = slot_of(noun) or key(noun)
    made = fact(SELF, slot, about, capital(f"{whose}{_label(noun)} {verb} {said}"), holds=holds)
    return replace(made, who=holder)


def _owner(noun: Token) -> Who:
    words = [token for token in noun.subtree if token.dep_ != "case" and not is_own(token)]
    return Who(topic(noun, words), write(words))


def _label(noun: Token) -> str:
    """The noun with its modifiers and without its possessor."""
    owner = possessor(noun)
    owned = set(owner.subtree) if owner is not None else set()
    return write(word for word in phrase(noun) if word not in owned and key(word) not in _RENEWING)
