"""What a fact is to this reasoner, and how a clause is written as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense
from service.inference.rules.mending import SUBJECTS
from service.inference.rules.phrases import Topic, capital, key, write

NOTHING = Topic()


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a fact is about: nobody named is the one remembered."""

    topic: Topic = NOTHING
    label: str = ""

    @property
    def is_self(self) -> bool:
        """Whether it is the one remembered."""
        return not self.label


SELF = Who()


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement in its slot."""

    text: str
    who: Who
    relation: str
    """The slot's name; facts of different relations never meet."""
    topic: Topic
    """Of a single-valued slot the value, else what the statement is about."""
    holds: bool = True
    """False: it is not so, or not any more."""
    lasting: bool = False
    """Whether a denial is worth knowing by itself, so that it takes the place of what it denies."""
    ends: frozenset[str] = field(default_factory=frozenset)
    """Further relations in which this ends what is said of the same topic, or all if the topic is empty."""
    former: Topic | None = None
    """The value that is said to be left behind: "from Berlin", "instead of tea"."""
    quiet: bool = False
    """Whether it is worth nothing where it ends nothing: "dropped Spanish"."""
    renews: bool = False
    """Whether it is said to be so "now" or "instead", so that it takes the place of its like."""


def fact(who: Who, relation: str, topic: Topic, predicate: str, **more: object) -> Fact:
    """A fact whose text is the predicate after whom it is about."""
    text = capital(f"{who.label} {predicate}".strip())
    return replace(Fact(text=text, who=who, relation=relation, topic=topic), **more)  # type: ignore[arg-type]


_NOWADAYS = frozenset({"now", "anymore", "nowadays"})
LEFT_OUT = SUBJECTS | {
    "cc",
    "conj",
    "punct",
    "advcl",
    "parataxis",
    "intj",
    "mark",
    "ccomp",
    "aux",
    "auxpass",
    "neg",
    "preconj",
    "dep",
    "meta",
    "csubj",
    "expl",
    "discourse",
    "nsubj",
}


def rest(clause: Clause, *, but: Iterable[Token] = ()) -> list[Token]:
    """The words of a clause that a fact keeps beside its verb, less the given branches."""
    dropped = {token for branch in but for token in branch.subtree}
    dropped |= {
        token
        for found in clause.verb.subtree
        if is_hung_clause(found, clause.verb)
        for token in found.subtree
    }
    dropped |= {
        cc
        for found in clause.verb.subtree
        if is_hung_clause(found, clause.verb)
        for cc in found.head.children
        if cc.dep_ == "cc"
    }
    kept: list[Token] = []
    for child in clause.verb.children:
        if child.dep_ not in LEFT_OUT and not is_discourse(child) and not _is_fronted_as(child):
            kept.extend(
                token
                for token in child.subtree
                if token not in dropped and token.lower_ not in _NOWADAYS and not _is_fringe(token, child)
            )
    return kept


def _is_fronted_as(token: Token) -> bool:
    """Whether a phrase gives a reason first: "as a vegetarian, I ..."."""
    return token.i < token.head.i and token.text.lower() in {"as", "for", "like"} and token.dep_ == "prep"


def is_hung_clause(token: Token, verb: Token) -> bool:
    """Whether a clause of its own was hung on a noun of the clause."""
    return (
        token.dep_ == "conj"
        and verb not in {token, token.head}
        and token.tag_.startswith("VB")
        and any(c.dep_ in SUBJECTS for c in token.children)
    )


def is_discourse(token: Token) -> bool:
    """Whether a word or phrase only colours the clause: "actually", "any more", "these days"."""
    if token.dep_ not in {"advmod", "npadvmod", "prep", "amod"}:
        return False
    words = {word.text.lower() for word in token.subtree}
    return words <= lexicon.DISCOURSE | {
        "any",
        "more",
        "no",
        "longer",
        "of",
        "course",
        "these",
        "days",
        "the",
        "moment",
        "at",
        "right",
        "as",
        "in",
        "fact",
    } and not words <= {"more", "in"}


def _is_fringe(token: Token, child: Token) -> bool:
    """Whether a word hangs at the edge of a phrase without belonging to the fact."""
    if token.dep_ == "advmod" and is_discourse(token) and (token.text.lower() not in {"very", "too"}):
        return True
    if _is_called(token):
        return True
    under = [above for above in (token, *token.ancestors) if above.i != child.head.i]
    return any(above.dep_ in {"parataxis", "intj"} or _is_denied(above) for above in under[: len(under)])


def _is_called(token: Token) -> bool:
    """Whether it is whom one speaks to: the "Jon" that ends "I had a tough week, Jon"."""
    if token.tag_ != "NNP" or token.dep_ == "conj" or token.i < 2 or token.nbor(-1).text != ",":
        return False
    last = all(after.is_punct for after in token.doc[token.i + 1 :])
    named = token.head.tag_.startswith("NNP") or token.head.lemma_.lower() in lexicon.PEOPLE | lexicon.PETS
    return last and not named


def _is_denied(token: Token) -> bool:
    """Whether a token begins ", not Berlin" or is its "not"."""
    if token.dep_ == "neg":
        return True
    second = token.dep_ == "attr" and any(c.dep_ == "attr" and c.i < token.i for c in token.head.children)
    if token.dep_ not in {"appos", "conj", "npadvmod"} and not second:
        return False
    near = [token.doc[i] for i in range(max(0, token.left_edge.i - 2), token.i)]
    return any(word.text.lower() == "not" for word in near)


def predicate(clause: Clause, kept: Iterable[Token]) -> str:
    """The verb group in the third person with the kept words, in their order."""
    words = set(kept)
    fronted = {token for token in words if _is_fronted(token, clause)}
    denials = _negations(clause) if clause.negated else []
    group = {*clause.auxiliaries, clause.verb, *denials}
    finite = min(group.difference(denials), key=lambda token: token.i)
    spelled = {token: _in_third(token, clause) if token == finite else _spelled_out(token) for token in group}
    text = _join(sorted(group | (words - fronted), key=lambda token: token.i), spelled)
    after = write(fronted)
    return f"{text} {after[:1].lower()}{after[1:]}".strip()


def _in_third(finite: Token, clause: Clause) -> str:
    """The finite verb as the third person has it."""
    if finite.tag_ == "VBZ" and finite == clause.verb and not clause.plural and finite.text[0] != "'":
        return finite.text.lower()
    if finite.text.lower() == "were" and not clause.plural:
        return "was"
    return clause.third(_base(finite)) if _needs_person(finite) else _spelled_out(finite)


def _is_fronted(token: Token, clause: Clause) -> bool:
    """Whether a word stands before the subject, in a phrase that a fact says after the verb."""
    if clause.subject is None or token.i > clause.subject.left_edge.i or clause.subject.i > clause.verb.i:
        return False
    return any(
        above.dep_ in {"prep", "npadvmod"} and above.head == clause.verb
        for above in (token, *token.ancestors)
    )


def _join(tokens: Iterable[Token], spelled: Mapping[Token, str]) -> str:
    """Verb forms as they were spelled, and between them the other words as facts write them."""
    runs = groupby(tokens, key=lambda token: token in spelled)
    pieces = [" ".join(spelled[token] for token in run) if verbal else write(run) for verbal, run in runs]
    return " ".join(" ".join(pieces).split()).replace("can not", "cannot")


def _negations(clause: Clause) -> list[Token]:
    above = clause.verb.head if clause.verb.dep_ == "conj" and clause.negated else clause.verb
    own = [child for child in clause.verb.children if child.dep_ == "neg" and child.text.lower() != "no"]
    return own or [
        child
        for child in above.children
        if child.dep_ == "neg" and clause.negated and child.text.lower() != "no"
    ]


def _needs_person(token: Token) -> bool:
    return token.tag_ in {"VBP", "VBZ", "VB"} or token.text.lower() in {"'m", "'s", "'re"}


def _base(token: Token) -> str:
    special = {
        "'m": "be",
        "'s": "have" if token.dep_ == "aux" and token.head.tag_ == "VBN" else "be",
        "'re": "be",
        "'ve": "have",
        "am": "be",
        "are": "be",
    }
    return special.get(token.text.lower(), token.lemma_.lower() if token.tag_ != "VB" else token.text.lower())


def _spelled_out(token: Token) -> str:
    special = {"n't": "not", "ca": "can", "wo": "will", "'ll": "will", "'ve": "have"}
    return special.get(token.lower_, token.lower_ if token.tag_[:2] in {"VB", "MD", "RB"} else token.text)


def negative(clause: Clause) -> bool:
    """Whether the clause says that it is not so, or no longer so."""
    return clause.negated or clause.ceased


def denied(clause: Clause, verb: str, kept: Iterable[Token]) -> str:
    """Gives "does not" with a base verb and its words."""
    after = [token for token in kept if not _is_fronted(token, clause)]
    if verb == "be":
        return f"{clause.third('be')} not {write(after)}"
    return f"{clause.third('do')} not {verb} {write(after)}".strip()


def is_habit(clause: Clause) -> bool:
    """Whether the clause says how often."""
    often = (token for token in clause.verb.subtree if token.text.lower() in lexicon.FREQUENCY)
    return any(not any(child.tag_ == "CD" for child in token.children) for token in often)


def is_of_the_day(clause: Clause) -> bool:
    """Whether it is over tomorrow: "is loud tonight", "saw a movie last night"."""
    words = [token.lower_ for token in clause.verb.subtree]
    brief = {"today", "tonight"} & set(words)
    return bool(brief) or any(
        pair in {("last", "night"), ("this", "morning"), ("this", "evening"), ("this", "afternoon")}
        for pair in pairwise(words)
    )


def relation_of(clause: Clause) -> str:
    """The slot's name of a verb without a slot of its own: its lemma and particle, apart by time."""
    particle = clause.child("prt")
    name = clause.lemma + (f" {key(particle)}" if particle is not None else "")
    early = {Tense.PAST: "past ", Tense.PERFECT: "past ", Tense.FUTURE: "plan ", Tense.PROGRESSIVE: "plan "}
    return early.get(clause.tense, "") + name
