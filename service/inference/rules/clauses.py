"""A tree becomes clauses: who, does what, whether it is so, and when."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spacy.tokens import Doc, Token

from service.inference.rules import lexicon
from service.inference.rules.mending import SUBJECTS
from service.inference.rules.phrases import person


class Tense(enum.Enum):
    """When a clause holds."""

    PAST = "past"
    PRESENT = "present"
    PROGRESSIVE = "progressive"
    PERFECT = "perfect"
    FUTURE = "future"


PAST = frozenset({Tense.PAST, Tense.PERFECT})
"""When something has happened."""


class Mood(enum.Enum):
    """How a clause is meant."""

    TOLD = "told"
    ASKED = "asked"
    BIDDEN = "bidden"
    UNREAL = "unreal"


@dataclass(frozen=True, slots=True)
class Clause:
    """One predicate with what belongs to it."""

    verb: Token
    subject: Token | None
    negated: bool
    ceased: bool
    tense: Tense
    mood: Mood

    @property
    def lemma(self) -> str:
        """The verb's base form."""
        return _lemma(self.verb)

    def children(self, *relations: str) -> list[Token]:
        """The verb's dependents of these kinds, in order."""
        return [child for child in self.verb.children if child.dep_ in relations]

    def child(self, *relations: str) -> Token | None:
        """A dependent of the first of these kinds that the verb has."""
        return next((found for relation in relations for found in self.children(relation)), None)

    def object_of(self, *prepositions: str) -> Token | None:
        """The noun after one of these prepositions: "Acme" of "work at Acme"."""
        return object_of(self.verb, *prepositions)

    @property
    def plural(self) -> bool:
        """Whether others than the one remembered do it, and are several."""
        subject = self.subject
        if subject is None or subject.tag_ == "PRP":
            return False
        if any(token.text.lower() == "i" for token in subject.subtree):
            return False
        return subject.tag_ in {"NNS", "NNPS"} or any(child.dep_ == "conj" for child in subject.children)

    def third(self, verb: str) -> str:
        """A base form made fit for the subject in the third person: "lives", or "live" of several."""
        if not self.plural:
            return person(verb)
        return "are" if verb == "be" else verb

    @property
    def auxiliaries(self) -> list[Token]:
        """The verb's auxiliaries; those of the first verb where it stands in a list of verbs."""
        return _auxiliaries(self.verb)


def object_of(head: Token, *prepositions: str) -> Token | None:
    """The noun after one of these prepositions, wherever under the head it was attached."""
    for child in head.children:
        if child.dep_ in {"prep", "agent", "dative"} and child.text.lower() in prepositions:
            return next((noun for noun in child.children if noun.dep_ in {"pobj", "pcomp"}), None)
    for child in head.children:
        if child.dep_ in {"prep", "dobj", "attr", "advmod", "pobj", "oprd", "acomp"}:
            found = object_of(child, *prepositions)
            if found is not None:
                return found
    return None


def focus_of(verb: Token) -> Token | None:
    """What a verb is about: its object or complement, else the noun of its first preposition."""
    for relation in ("dobj", "attr", "acomp", "xcomp", "oprd"):
        found = next((c for c in verb.children if c.dep_ == relation), None)
        if found is not None:
            return found
    for child in verb.children:
        if child.dep_ == "prep":
            return next((noun for noun in child.children if noun.dep_ in {"pobj", "pcomp"}), None)
    return None


def clauses(doc: Doc, *, asked: bool) -> Iterator[Clause]:
    """The clauses of a sentence in the order of their verbs."""
    for token in doc:
        if _is_predicate(token):
            yield clause_of(token, asked=asked)


def _is_predicate(token: Token) -> bool:
    if not token.tag_.startswith("VB"):
        return (
            any(child.dep_ in SUBJECTS and child.tag_ != "WP" for child in token.children)
            and token.dep_ == "ROOT"
        )
    if token.dep_ in {"aux", "auxpass"}:
        return False
    if any(child.dep_ in SUBJECTS for child in _near(token)):
        return True
    return token.dep_ == "ROOT" or (token.dep_ == "conj" and _is_predicate(token.head))


def clause_of(verb: Token, *, asked: bool = False) -> Clause:
    """The clause around a verb."""
    subject = _subject(verb)
    own = _own_words(verb)
    negations = [token for token in _modifiers(verb) if _negates(token) and not _denies_value(token, verb)]
    negations += [token for token in own if token.lower_ == "neither"]
    longer = _is_longer(own)
    return Clause(
        verb=verb,
        subject=subject,
        negated=(bool(negations) or (longer and "no" in {token.text.lower() for token in own}))
        != _is_denied_above(verb),
        ceased=longer,
        tense=_tense(verb),
        mood=_mood(verb, subject, asked=asked),
    )


def _own_words(verb: Token) -> list[Token]:
    """The words of a clause without those of clauses below it."""
    below: set[Token] = set()
    for child in verb.children:
        if child.tag_.startswith("VB") and any(token.dep_ in SUBJECTS for token in child.children):
            below.update(child.subtree)
    return [token for token in verb.subtree if token not in below]


def _near(verb: Token) -> Iterator[Token]:
    """The verb's dependents and those of its auxiliaries, where the parser sometimes leaves the subject."""
    for child in verb.children:
        yield child
        if child.dep_ in {"aux", "auxpass"}:
            yield from child.children


def _subject(verb: Token) -> Token | None:
    subjects = [child for child in _near(verb) if child.dep_ in SUBJECTS | {"expl"}]
    if subjects:
        own = next((child for child in subjects if child.text == "I"), subjects[0])
        return _antecedent(own, verb)
    return _subject(verb.head) if verb.dep_ == "conj" else None


def _antecedent(subject: Token, verb: Token) -> Token:
    """The noun that a relative "who" stands for."""
    relative = verb.dep_ == "relcl" and subject.tag_ in {"WP", "WDT"}
    return verb.head if relative else subject


def _modifiers(verb: Token) -> Iterator[Token]:
    yield from _near(verb)
    if verb.dep_ == "conj" and not any(child.dep_ in SUBJECTS for child in verb.children):
        shares = any(
            child.dep_ == "cc" and child.text.lower() in {"or", "nor"} for child in verb.head.children
        )
        yield from (token for token in verb.head.children if shares and token.dep_ == "neg")


def _negates(token: Token) -> bool:
    return token.text.lower() in {"not", "n't", "never", "neither", "nor"} and token.dep_ in {
        "neg",
        "advmod",
        "preconj",
        "cc",
    }


def _denies_value(negation: Token, verb: Token) -> bool:
    """Whether it is the "not" of "it is on Friday, not Monday", which leaves the verb alone."""
    return any(token.tag_ != "RB" for token in verb.doc[verb.i + 1 : negation.i])


def _is_any_more(token: Token) -> bool:
    return token.text.lower() == "more" and token.i > 0 and token.nbor(-1).text.lower() == "any"


def _auxiliaries(verb: Token) -> list[Token]:
    own = [child for child in _near(verb) if child.dep_ in {"aux", "auxpass"} and child.tag_ != "TO"]
    if own or verb.dep_ != "conj" or any(child.dep_ in SUBJECTS for child in verb.children):
        return own
    return (
        _auxiliaries(verb.head) if verb.tag_ in {"VB", "VBG", "VBN"} and verb.head.tag_ == verb.tag_ else []
    )


def _tense(verb: Token) -> Tense:
    helpers = _auxiliaries(verb)
    lemmas = {_lemma(helper) for helper in helpers}
    if lemmas & {"will"} or (_going_to(verb) and not any(helper.tag_ == "VBD" for helper in helpers)):
        return Tense.FUTURE
    if "have" in lemmas:
        return Tense.PERFECT
    if verb.tag_ == "VBG":
        return Tense.PROGRESSIVE if not any(helper.tag_ == "VBD" for helper in helpers) else Tense.PAST
    finite = helpers[0] if helpers else verb
    if finite.text.lower() == "quit":
        return Tense.PAST
    return Tense.PAST if finite.tag_ in {"VBD", "VBN"} else Tense.PRESENT


def _going_to(verb: Token) -> bool:
    return verb.text.lower() == "going" and any(child.dep_ == "xcomp" for child in verb.children)


def _mood(verb: Token, subject: Token | None, *, asked: bool) -> Mood:
    if _is_unreal(verb):
        return Mood.UNREAL
    if subject is None or subject.text.lower() == "you":
        return Mood.BIDDEN if subject is None and not asked else Mood.ASKED
    return Mood.ASKED if asked else Mood.TOLD


def _is_unreal(verb: Token) -> bool:
    modals = {_lemma(helper) for helper in _auxiliaries(verb)} & lexicon.UNREAL_MODALS
    return (
        bool(modals)
        or _is_quoted(verb)
        or _is_beside(verb)
        or _hangs_on_condition(verb)
        or _is_hedged(verb)
        or _is_reported(verb)
    )


def _is_beside(verb: Token) -> bool:
    """Whether it only tells which, why or when: "the friends I have", "why I love it", "when we met"."""
    own = [child for child in verb.children if child.i < verb.i]
    if any(child.tag_ == "WRB" for child in own):
        return True
    relative = (child for child in own if child.dep_ in SUBJECTS)
    return verb.dep_ == "relcl" and any(child.tag_ == "PRP" or child.lower_ == "which" for child in relative)


def _hangs_on_condition(verb: Token) -> bool:
    """Whether an "if", "when" or "imagine" opens the clause or one that it is part of."""
    opening = verb.doc[0].lower_
    soon = opening == "as" and verb.doc[min(1, len(verb.doc) - 1)].lower_ == "soon"
    if soon or opening in lexicon.MAKE_BELIEVE | {"if", "unless"} or _is_in_fiction(verb):
        return True
    if any(child.dep_ == "advcl" and _is_if(child) for child in verb.children) and any(
        _lemma(helper) in {"can", "will"} for helper in _auxiliaries(verb)
    ):
        return True
    for token in (verb, *verb.ancestors):
        if token.dep_ in {"advcl", "ccomp", "conj", "ROOT", "xcomp", "pcomp"}:
            marks = [
                child for child in token.children if child.dep_ in {"mark", "advmod"} and child.i < token.i
            ]
            if any(mark.text.lower() in lexicon.CONDITIONAL_MARKS for mark in marks):
                return True
        if token.dep_ not in {"conj", "ccomp", "xcomp", "pcomp"}:
            return False
    return False


def _is_if(verb: Token) -> bool:
    return any(child.dep_ == "mark" and child.lower_ in {"if", "unless"} for child in verb.children)


def _is_in_fiction(verb: Token) -> bool:
    """Whether it is so "in my novel", or would be so "in case"."""
    opening = verb.doc[0]
    if opening.lower_ != "in" or len(verb.doc) < 3:
        return False
    return opening.nbor(1).lower_ == "case" or any(
        child.lower_ in lexicon.FICTION for child in opening.children
    )


def _is_quoted(verb: Token) -> bool:
    """Whether the verb stands between quotation marks, as somebody's words or a title."""
    marks = [token.i for token in verb.doc if token.text == '"']
    return sum(mark < verb.i for mark in marks) % 2 == 1 and any(mark > verb.i for mark in marks)


def _is_hedged(verb: Token) -> bool:
    return any(child.text.lower() in lexicon.UNCERTAIN for child in verb.children)


def _is_reported(verb: Token) -> bool:
    """Whether somebody says, thinks or asks it, instead of its being so."""
    while verb.dep_ == "conj":
        verb = verb.head
    if verb.dep_ not in {"ccomp", "pcomp", "csubj", "acl", "parataxis"}:
        return False
    above = verb.head
    if verb.dep_ == "parataxis" or (verb.dep_ == "ccomp" and _is_spliced(verb, above)):
        return False
    if _says_true(above) or _is_denied_thought(verb):
        return False
    if _lemma(above) == "forget":
        return not any(_negates(child) for child in above.children)
    if above.tag_ == "VBZ":
        return True
    return _lemma(above) not in lexicon.ASSERTING


def _says_true(above: Token) -> bool:
    """Reads "it's (not) true that", "it is no longer the case that", "turns out"."""
    state = {child.lower_ for child in above.children if child.dep_ in {"acomp", "attr"}}
    return (_lemma(above) == "be" and bool(state & {"true", "right", "correct", "case"})) or (
        _lemma(above) == "turn" and any(child.lower_ == "out" for child in above.children)
    )


def _is_denied_thought(verb: Token) -> bool:
    """Reads "I don't think I like it any more", in which the "not" belongs below."""
    above = verb.head
    thought = verb.dep_ == "ccomp" and _lemma(above) in {"think", "believe"}
    own = thought and any(child.lower_ == "i" for child in above.children)
    return own and any(map(_negates, above.children)) and _is_longer(above.subtree)


def _is_denied_above(verb: Token) -> bool:
    if verb.dep_ != "ccomp" or not (_says_true(verb.head) or _is_denied_thought(verb)):
        return False
    return any(_negates(child) or child.lower_ in {"no", "longer"} for child in verb.head.children)


def _is_longer(words: Iterable[Token]) -> bool:
    return any(token.lower_ in {"anymore", "longer"} or _is_any_more(token) for token in words)


def _is_spliced(verb: Token, above: Token) -> bool:
    """Whether a comma merely joins two sentences: "I love sushi, I hate olives"."""
    if verb.i > above.i or not any(child.dep_ in SUBJECTS for child in above.children):
        return False
    return above.lemma_ not in {"say", "think", "tell", "guess", "ask", "wonder", "suppose"} and not any(
        child.dep_ == "mark" for child in verb.children
    )


def _lemma(token: Token) -> str:
    special = {
        "'d": "would",
        "'ll": "will",
        "wo": "will",
        "ca": "can",
        "'ve": "have",
        "'m": "be",
        "'re": "be",
    }
    return special.get(token.text.lower(), token.lemma_.lower())
