"""Whether a fact can be understood by itself, without the conversation that it was told in."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause
from service.inference.rules.facts import Fact, Who, rest
from service.inference.rules.parse import is_known, is_retold
from service.inference.rules.phrases import is_own, person

_OF_OTHERS = frozenset({"he", "him", "his", "she", "her", "hers", "they", "them", "theirs"})
"""Who these are is clear only if somebody is the subject."""
_POINTING = frozenset({"this", "that", "these", "those"})
_DANGLING = frozenset(
    {
        "to",
        "for",
        "with",
        "of",
        "at",
        "from",
        "about",
        "and",
        "or",
        "into",
        "than",
        "by",
        "on",
        "as",
        "few",
        "lot",
        "many",
    }
)
_DENYING = (["do", "not"], ["does", "not"], ["will", "not"])
_EACH_OTHER = frozenset({"eachother", "'em", "em"})
_COLORING = frozenset({"never", "cannot", "can", "always", "usually", "often", "sometimes"})


def points_away(clause: Clause, who: Who) -> bool:
    """Whether the clause speaks of "you", of "it" or "there", which only the conversation knows."""
    if is_known(clause.verb.doc):
        return False
    return any(_is_unknown(token, who) for token in rest(clause))


def _is_unknown(token: Token, who: Who) -> bool:
    word = token.lower_
    if word in _EACH_OTHER or (word == "other" and token.i and token.nbor(-1).lower_ == "each"):
        return True
    if word in lexicon.SECOND_PERSON or (token.tag_ == "RB" and word in {"there", "here"}):
        return True
    if word in _POINTING and token.tag_ == "DT":
        above = token.head if token.dep_ == "det" else token
        return above.ent_type_ not in {"DATE", "TIME"}
    if token.tag_ not in {"PRP", "PRP$"} or is_own(token) or word in {"their", "its"}:
        return False
    if word in _OF_OTHERS:
        return who.is_self and not is_retold(token.doc)
    return word == "it"


def is_whole(fact: Fact, clause: Clause) -> bool:
    """Whether a fact says something: not "loves", of which the thing is lost, nor "is working on"."""
    words = fact.text[len(fact.who.label) :].lower().split()
    if words[-1:] and words[-1] in _DANGLING and clause.child("prt") is None:
        return False
    said = words[2:] if words[:2] in _DENYING else words[int(words[:1] != [] and words[0] in _COLORING) :]
    alone = {clause.lemma, *map(_base, said)} & lexicon.DONE_WITH_NOTHING
    return bool(said) and (len(said) > 1 or bool(alone))


def _base(verb: str) -> str:
    return next((base for base in lexicon.DONE_WITH_NOTHING if verb in {base, person(base)}), verb)
