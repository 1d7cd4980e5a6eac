"""Where and as what somebody works."""

from __future__ import annotations

from collections.abc import Sequence

from spacy.tokens import Token

from service.inference.rules.clauses import Clause, Tense
from service.inference.rules.facts import Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.parse import shown
from service.inference.rules.phrases import Topic, is_vague, key, phrase, topic, write

_PAST = frozenset({Tense.PAST, Tense.PERFECT})


def employment(clause: Clause, who: Who) -> list[Fact] | None:
    """ "I work at", "I joined", "I got a job at", "I quit", "I was laid off", "I retired"."""
    if clause.lemma == "retire" and clause.tense in _PAST:
        return [fact(who, "occupation", Topic("retired"), "is retired", ends=frozenset({"employer"}))]
    if clause.lemma == "work" and clause.tense not in {Tense.FUTURE, Tense.PAST}:
        return _works(clause, who)
    if clause.tense not in _PAST or negative(clause):
        return None
    thing = clause.child("dobj")
    lost = clause.lemma == "lose" and thing is not None and key(thing) == "job"
    if lost or clause.lemma in {"quit", "leave", "resign"}:
        return _left(clause, who)
    if (
        clause.lemma in {"lay", "fire", "let"}
        and clause.child("auxpass", "aux") is not None
        and clause.child("nsubjpass") is not None
    ):
        left = clause.object_of("from", "by", "at")
        gone = topic(left, phrase(left)) if left is not None else Topic()
        return [
            fact(
                who,
                "employer",
                gone,
                predicate(clause, rest(clause)),
                holds=False,
                ends=frozenset({"occupation"}),
            )
        ]
    if clause.lemma == "promote":
        title = clause.object_of("to")
        return [_occupation(clause, who, title)] if title is not None else None
    return _hired(clause, who)


def _works(clause: Clause, who: Who) -> list[Fact] | None:
    firm, trade = clause.object_of("at", "for"), clause.object_of("as")
    if firm is not None and is_vague(firm):
        return []
    if firm is not None and firm.ent_type_ in {"DATE", "TIME"}:
        firm = None
    if firm is None and trade is None:
        if negative(clause) and not clause.children("prep", "dobj", "npadvmod"):
            return [
                fact(
                    who,
                    "employer",
                    Topic(),
                    denied(clause, "work", []),
                    holds=False,
                    ends=frozenset({"occupation"}),
                )
            ]
        return None
    named, relation = (firm, "employer") if firm is not None else (trade, "occupation")
    assert named is not None  # noqa: S101 one of the two is there
    about = topic(named, phrase(named))
    kept = rest(clause)
    if negative(clause):
        return [fact(who, relation, about, denied(clause, "work", kept), holds=False)]
    told = (
        f"{clause.third('work')} {write(kept)}"
        if clause.tense is Tense.PROGRESSIVE
        else predicate(clause, kept)
    )
    return [fact(who, relation, about, told)]


def _hired(clause: Clause, who: Who) -> list[Fact] | None:
    thing = clause.child("dobj")
    firm = clause.object_of("at", "with", "for")
    if clause.lemma == "join" and thing is not None and thing.tag_.startswith("NNP"):
        return [
            fact(
                who,
                "employer",
                topic(thing, phrase(thing)),
                f"{clause.third('work')} at {_title(clause, thing)}",
            )
        ]
    hired = clause.lemma in {"hire", "employ"} and clause.child("nsubjpass") is not None
    started = clause.lemma in {"start", "begin", "get", "land", "accept", "find", "take"} and (
        thing is not None and key(thing) in {"job", "position", "role", "offer", "gig", "work"}
    )
    began = (
        clause.lemma in {"start", "begin"}
        and thing is None
        and firm is not None
        and firm.tag_.startswith("NNP")
    )
    began = began or (
        clause.lemma in {"start", "begin"} and any(c.lemma_ == "work" for c in clause.children("xcomp"))
    )
    if not (hired or started or began):
        return None
    firm = firm if firm is not None else clause.object_of("by")
    trade = clause.object_of("as")
    if firm is None and trade is None:
        return None
    if firm is None:
        assert trade is not None  # noqa: S101
        return [
            fact(
                who,
                "occupation",
                topic(trade, phrase(trade)),
                f"{clause.third('work')} as {write(phrase(trade))}",
            )
        ]
    return [
        fact(who, "employer", topic(firm, bare(firm)), f"{clause.third('work')} at {_title(clause, firm)}")
    ]


def bare(noun: Token) -> list[Token]:
    """A noun without what stands after a preposition: "Google" of "Google as a designer"."""
    return phrase(
        noun,
        without=[
            token
            for child in noun.children
            if child.dep_ == "prep" and child.text.lower() in {"as", "since", "in"}
            for token in child.subtree
        ],
    )


def _title(clause: Clause, firm: Token) -> str:
    trade = clause.object_of("as")
    role = f" as {write(phrase(trade))}" if trade is not None else ""
    return write(bare(firm)) + role


def _left(clause: Clause, who: Who) -> list[Fact] | None:
    thing = clause.child("dobj")
    if (
        thing is not None
        and key(thing) not in {"job", "position", "role", "work"}
        and clause.lemma != "resign"
    ):
        if thing.tag_ == "VBG" or not thing.tag_.startswith("NNP"):
            return None
        gone = topic(thing, phrase(thing))
        return [
            fact(
                who,
                "employer",
                gone,
                predicate(clause, rest(clause)),
                holds=False,
                ends=frozenset({"residence"}),
            )
        ]
    if thing is None and clause.lemma != "resign":
        return None
    firm = clause.object_of("at", "with", "from")
    trade = clause.object_of("as")
    gone = (
        topic(firm, phrase(firm))
        if firm is not None
        else topic(trade, phrase(trade))
        if trade is not None
        else Topic()
    )
    return [
        fact(
            who,
            "employer",
            gone,
            predicate(clause, rest(clause)),
            holds=False,
            ends=frozenset({"occupation"}),
        )
    ]


def _occupation(clause: Clause, who: Who, title: Token) -> Fact:
    words = phrase(title)
    article = (
        ""
        if any(t.dep_ in {"det", "poss"} for t in title.children) or title.tag_ in {"NNS", "NNP"}
        else _article(words)
    )
    return fact(who, "occupation", topic(title, words), f"{clause.third('be')} {article}{write(words)}")


def _article(words: Sequence[Token]) -> str:
    return "an " if shown(words[0])[:1].lower() in "aeiou" else "a "
