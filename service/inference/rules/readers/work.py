"""Where and as what somebody works."""

from __future__ import annotations

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import PAST, Clause, Tense
from service.inference.rules.facts import Fact, Who, denied, fact, negative, predicate, rest
from service.inference.rules.parse import shown
from service.inference.rules.phrases import Topic, is_vague, key, phrase, topic, without_prepositions, write

_JOBS = frozenset({"job", "position", "role", "offer", "gig", "work", "internship"})
_BOTH = frozenset({"occupation"})


def employment(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I work at", "I joined", "I got a job at", "I quit", "I was laid off", "I retired"."""
    if clause.lemma == "work" and clause.tense not in {Tense.FUTURE, Tense.PAST}:
        return _works(clause, who)
    if clause.lemma == "employ" and clause.tense is Tense.PRESENT and clause.child("auxpass") is not None:
        return _works(clause, who)
    retired = clause.lemma == "retire" and clause.child("auxpass") is not None
    if (clause.tense not in PAST and not retired) or negative(clause):
        return None
    for change in (_retired, _left_firm, _left_job, _dismissed, _promoted, _hired):
        found = change(clause, who)
        if found is not None:
            return [found]
    return None


def _works(clause: Clause, who: Who) -> list[Fact] | None:
    employed = clause.lemma == "employ"
    firm, trade = (
        clause.object_of("at", "for", "by", "with") if employed else clause.object_of("at", "for"),
        clause.object_of("as"),
    )
    if firm is not None and is_vague(firm):
        return []
    if firm is not None and firm.ent_type_ in {"DATE", "TIME"}:
        firm = None
    named, slot = (firm, "employer") if firm is not None else (trade, "occupation")
    if named is None:
        return [_without_work(clause, who)] if _works_not(clause) else None
    about, kept = topic(named, phrase(named)), rest(clause)
    if employed and firm is not None and not negative(clause):
        role = f" as {write(phrase(trade))}" if trade is not None else ""
        place = without_prepositions(firm, "as", "since")
        return [fact(who, slot, topic(firm, place), f"{clause.third('work')} at {write(place)}{role}")]
    if negative(clause):
        return [fact(who, slot, about, denied(clause, "work", kept), holds=False)]
    simple = f"{clause.third('work')} {write(kept)}"
    return [fact(who, slot, about, simple if clause.tense is Tense.PROGRESSIVE else predicate(clause, kept))]


def _works_not(clause: Clause) -> bool:
    """Whether somebody does not work at all."""
    return negative(clause) and not clause.children("prep", "dobj", "npadvmod")


def _without_work(clause: Clause, who: Who) -> Fact:
    return fact(who, "employer", Topic(), denied(clause, "work", []), holds=False, ends=_BOTH)


def _retired(clause: Clause, who: Who) -> Fact | None:
    if clause.lemma != "retire":
        return None
    return fact(
        who, "occupation", Topic("retired"), f"{clause.third('be')} retired", ends=frozenset({"employer"})
    )


def _left_firm(clause: Clause, who: Who) -> Fact | None:
    """Reads "I left Acme"; it may be a town as well."""
    thing = clause.child("dobj")
    if clause.lemma not in {"quit", "leave"} or thing is None or not thing.tag_.startswith("NNP"):
        return None
    until = clause.object_of("for")
    if until is not None and not until.tag_.startswith("NNP"):
        return None
    told = predicate(clause, rest(clause))
    about = topic(thing, phrase(thing))
    return fact(who, "employer", about, told, holds=False, ends=frozenset({"residence"}))


def _left_job(clause: Clause, who: Who) -> Fact | None:
    """Reads "I quit my job at Acme", "I resigned from Acme", "I lost my job"."""
    thing = clause.child("dobj")
    of_job = thing is not None and key(thing) in _JOBS and clause.lemma in {"quit", "leave", "lose"}
    if not of_job and clause.lemma != "resign":
        return None
    return _gone(clause, who, clause.object_of("at", "with", "from") or clause.object_of("as"))


def _dismissed(clause: Clause, who: Who) -> Fact | None:
    """Reads "I was laid off by Acme", "I got fired"."""
    passive = clause.subject is not None and clause.subject.dep_ == "nsubjpass"
    if clause.lemma not in {"lay", "fire", "let"} or not passive:
        return None
    return _gone(clause, who, clause.object_of("from", "by", "at"))


def _gone(clause: Clause, who: Who, left: Token | None) -> Fact:
    about = topic(left, phrase(left)) if left is not None else Topic()
    return fact(who, "employer", about, predicate(clause, rest(clause)), holds=False, ends=_BOTH)


def _promoted(clause: Clause, who: Who) -> Fact | None:
    title = clause.object_of("to") or clause.child("xcomp") if clause.lemma == "promote" else None
    if title is None:
        return None
    words = [word for word in phrase(title) if word.tag_ != "TO"]
    bare = (
        title.tag_ == "VB"
        or any(child.dep_ in {"det", "poss"} for child in title.children)
        or title.tag_ in {"NNS", "NNP"}
    )
    article = "" if bare else "an " if shown(words[0])[:1].lower() in "aeiou" else "a "
    return fact(who, "occupation", topic(title, words), f"{clause.third('be')} {article}{write(words)}")


def _hired(clause: Clause, who: Who) -> Fact | None:
    """Reads "I joined Google", "I got a job at Google as a designer", "I was hired by Google"."""
    thing, trade = clause.child("dobj"), clause.object_of("as")
    joined = clause.lemma == "join" and _is_firm(thing)
    partner = clause.object_of("with")
    firm = (
        thing if joined else clause.object_of("at", "for", "by") or (partner if _is_firm(partner) else None)
    )
    if not (joined or _takes_job(clause, firm)) or (firm is None and trade is None):
        return None
    role = f" as {write(phrase(trade))}" if trade is not None else ""
    if firm is None:
        about = topic(trade, phrase(trade)) if trade is not None else Topic()
        return fact(who, "occupation", about, f"{clause.third('work')}{role}")
    words = without_prepositions(firm, "as", "since", "in")
    return fact(who, "employer", topic(firm, words), f"{clause.third('work')} at {write(words)}{role}")


def _is_firm(noun: Token | None) -> bool:
    return noun is not None and (noun.tag_.startswith("NNP") or key(noun) in lexicon.FIRMS)


def _takes_job(clause: Clause, firm: Token | None) -> bool:
    thing = clause.child("dobj")
    if clause.lemma in {"hire", "employ"}:
        return clause.subject is not None and clause.subject.dep_ == "nsubjpass"
    if thing is not None:
        return clause.lemma in lexicon.TAKING and key(thing) in _JOBS
    begins = clause.lemma in {"start", "begin"}
    working = any(inner.lemma_ == "work" for inner in clause.children("xcomp"))
    return begins and (working or (firm is not None and firm.tag_.startswith("NNP")))
