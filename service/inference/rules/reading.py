"""Reading a text as facts: which clauses count, and whom each is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Mood, clauses
from service.inference.rules.facts import SELF, Fact, Who
from service.inference.rules.mending import SUBJECTS
from service.inference.rules.parse import Parsed, implied, shown
from service.inference.rules.phrases import (
    Topic,
    belongs_to_speaker,
    is_own,
    key,
    phrase,
    possessor,
    topic,
    write,
)
from service.inference.rules.readers import read
from service.inference.rules.readers.attributes import changed, instead, slot_of
from service.inference.rules.readers.contact import contact
from service.inference.rules.readers.names import is_animate, name_fact


@dataclass(frozen=True, slots=True)
class Reading:
    """The facts of one sentence."""

    parsed: Parsed
    facts: tuple[Fact, ...]
    clauses: tuple[Clause, ...]
    third: Who | None
    """Whom "he" or "she" means after it."""


def read_sentence(parsed: Parsed, third: Who | None, people: Sequence[Who] = ()) -> Reading:
    """Reads one sentence; `third` is whom "he" or "she" means, `people` are those known by name."""
    found = tuple(clauses(parsed.doc, asked=parsed.sentence.asks))
    facts: list[Fact] = []
    for clause in found:
        who = _by_name(clause.subject, people) or whom(clause, third)
        third = _told_of(clause, who) or third
        if facts and not facts[-1].holds and _points_back(clause) and (other := instead(facts[-1], clause)):
            facts[-1] = other
        if _calls_me(clause):
            facts.extend(_called(clause))
        elif clause.mood is Mood.BIDDEN:
            facts.extend(changed(clause, SELF) or ())
        elif clause.mood is Mood.TOLD and who is not None:
            facts.extend(_renewing(fact, parsed) for fact in read(clause, who))
    if not parsed.sentence.asks and not any(fact.who.is_self for fact in facts):
        facts = contact(parsed.doc) or facts
    return Reading(parsed, tuple(facts), found, mentioned(parsed) or third)


def _renewing(fact: Fact, parsed: Parsed) -> Fact:
    """The fact with what the sentence says of the old state: "now", "instead", "instead of tea"."""
    said = {token.lower_ for token in parsed.doc}
    thing = fact.relation == "be" and not is_animate(fact.who)
    single = fact.text.split()[0].lower() in lexicon.ONE_AT_A_TIME or thing
    gone = parsed.sentence.instead_of or _denied_after_comma(parsed)
    former = Topic("", frozenset(gone)) if gone else fact.former
    return replace(
        fact,
        renews=fact.renews or "instead" in said or (single and bool(said & {"now", "nowadays"})),
        former=former,
    )


def _told_of(clause: Clause, who: Who | None) -> Who | None:
    """Whom "he" or "she" means after a clause: the dog, after "my dog's name is Bruno"."""
    if who is None or who.is_self or not is_animate(who):
        return None
    owner = possessor(clause.subject) if clause.subject is not None else None
    return _other(owner) if owner is not None and who.topic.head == "name" else who


def _denied_after_comma(parsed: Parsed) -> tuple[str, ...]:
    """The "portuguese" of "I speak Spanish, not Portuguese"."""
    texts = [token.lower_ for token in parsed.doc]
    at = next((i for i, pair in enumerate(pairwise(texts)) if pair == (",", "not")), None)
    after = parsed.doc[at + 2 :] if at is not None else ()
    return tuple(key(token) for token in after if token.tag_[:2] in {"NN", "JJ", "CD"})


def _by_name(subject: Token | None, people: Sequence[Who]) -> Who | None:
    """The one of the known people whose name opens a clause: "Zosia" is "daughter Zosia"."""
    if subject is None or subject.tag_ not in {"NNP", "NN", "UH", "NNS", "NNPS"} or any(subject.children):
        return None
    return next((who for who in people if shown(subject) in who.label.split()[1:]), None)


def _points_back(clause: Clause) -> bool:
    return (
        clause.lemma == "be" and clause.subject is not None and clause.subject.text.lower() in {"it", "that"}
    )


def _calls_me(clause: Clause) -> bool:
    """Whether it is "call me ..." or "people call me ...", which both tell a name."""
    allowed = any(helper.lower_ in {"can", "may"} for helper in clause.auxiliaries)
    meant = (
        clause.mood in {Mood.BIDDEN, Mood.TOLD} or (allowed and clause.verb.i < 4)
    ) and not clause.negated
    after = clause.verb.doc[clause.verb.i + 1 : clause.verb.i + 2]
    return clause.lemma == "call" and meant and any(word.lower_ == "me" for word in after)


def _called(clause: Clause) -> list[Fact]:
    name = clause.child("oprd", "attr", "npadvmod", "ccomp")
    named = name is not None and name.tag_.startswith("NN") and name.ent_type_ != "DATE"
    return [name_fact(SELF, name)] if named and name is not None else []


def whom(clause: Clause, third: Who | None) -> Who | None:
    """Whom a clause is about; None when it is nobody whose facts are kept."""
    subject = clause.subject
    if subject is None or any(word.lower_ in lexicon.SECOND_PERSON for word in subject.subtree):
        return None
    if _is_about_speaker(clause, subject):
        return SELF
    if subject.text.lower() in {"he", "she"}:
        return _meant(subject, third)
    owner = possessor(subject)
    if owner is not None and owner.lower_ in {"his", "her"} and slot_of(subject) is not None:
        return _meant(owner, third)
    above = clause.verb.head
    if clause.verb.dep_ == "relcl" and subject.i == above.i + 1 and belongs_to_speaker(above):
        return _named_kin(above, subject)
    return _other(subject) if _is_kept(clause, subject) else None


def _is_about_speaker(clause: Clause, subject: Token) -> bool:
    """Reads "I", "my wife and I", "green is my favourite colour", "my number changed to ..."."""
    renewed = clause.lemma == "change" and slot_of(subject) is not None
    return implied(subject) or _includes_speaker(subject) or _is_topic_swap(clause) or renewed


def _is_kept(clause: Clause, subject: Token) -> bool:
    """Whether facts of this other one are kept: the speaker's people and things, and people by name."""
    if belongs_to_speaker(subject):
        return key(subject) not in lexicon.FLEETING_THINGS
    told_of = clause.verb.dep_ == "relcl" and clause.verb.head == subject and subject.dep_ in {"dobj", "conj"}
    kin = told_of and key(subject) in lexicon.PEOPLE | lexicon.PETS
    known = subject.tag_ == "NNP" and implied(subject.doc[0])
    return kin or known or subject.ent_type_ == "PERSON"


def _named_kin(noun: Token, name: Token) -> Who:
    """Reads "My best friend Lisa", which the parser takes for "my best friend whom Lisa"."""
    words = [*(token for token in noun.lefts if not is_own(token)), noun, name]
    return Who(topic(noun, words), write(words))


def _is_topic_swap(clause: Clause) -> bool:
    """Reads "Green is my favourite colour" is about the speaker."""
    value = clause.child("attr")
    return (
        value is not None and belongs_to_speaker(value) and any(key(c) == "favorite" for c in value.children)
    )


def _includes_speaker(subject: Token) -> bool:
    if is_own(subject) and subject.tag_ == "PRP":
        return subject.i + 1 >= len(subject.doc) or subject.nbor(1).lower_ not in {"all", "both", "each"}
    return any(token.text.lower() == "i" for token in subject.subtree if token.dep_ in {"conj", "appos"})


def _other(subject: Token) -> Who:
    words = [t for t in phrase(subject) if not _is_left_out(t, subject)]
    return Who(
        topic(subject, words),
        write([t for t in words if t.lower_ not in {"my", "our", "a", "an", "the", "new", "current"}]),
    )


def _is_left_out(token: Token, subject: Token) -> bool:
    above = [token, *token.ancestors]
    return (
        any(
            t.dep_ in {"relcl", "acl", "advcl"} or (t.is_punct and t.text == ",")
            for t in above[: above.index(subject)]
        )
        if subject in above and token != subject
        else False
    )


def _meant(pronoun: Token, third: Who | None) -> Who | None:
    if third is None:
        return None
    unlike = lexicon.HE if pronoun.lower_ in {"she", "her"} else lexicon.SHE
    return None if third.topic.all & unlike else third


def mentioned(parsed: Parsed) -> Who | None:
    """The last person or pet of the speaker's that a sentence mentions, for "he" and "she" after it."""
    last = None
    for token in parsed.doc:
        kin = key(token) in lexicon.PEOPLE | lexicon.PETS
        if (
            kin
            and token.tag_ == "NN"
            and (token.dep_ not in {"compound", "poss", "attr", "acomp"} or token.head.lower_ == "name")
            and (belongs_to_speaker(token) or _is_gained(token))
        ):
            last = _with_owner(_with_name(token), token)
        elif token.tag_ == "NNP" and any(
            c.dep_ == "compound" and key(c) in lexicon.PEOPLE | lexicon.PETS for c in token.children
        ):
            last = _other(token)
    return last


def _is_gained(noun: Token) -> bool:
    """Whether somebody has it: "a son" of "I have a daughter and a son", not of "I met a girl"."""
    above = noun.head.head if noun.dep_ == "conj" else noun.head
    return noun.dep_ in {"dobj", "conj"} and above.lemma_ in {"have", "get", "adopt", "own", "bear"}


def _with_owner(who: Who, noun: Token) -> Who:
    """Of "my sister has a son" the sister's son."""
    owner = next((child for child in noun.head.children if child.dep_ in SUBJECTS), None)
    if noun.dep_ != "dobj" or owner is None or not belongs_to_speaker(owner):
        return who
    other = _other(owner)
    return Who(Topic(who.topic.head, who.topic.words | other.topic.all), f"{other.label}'s {who.label}")


def _with_name(noun: Token) -> Who:
    names = [
        t
        for c in noun.children
        if c.dep_ == "acl" and c.lemma_ in {"name", "call"}
        for t in c.children
        if t.dep_ == "oprd"
    ]
    names += [c for c in noun.children if c.dep_ == "appos" and c.tag_ == "NNP"]
    label = " ".join([shown(noun), *map(shown, names[:1])])
    return Who(topic(noun, names[:1]), label)
