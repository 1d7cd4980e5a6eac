"""What somebody likes and dislikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import Clause, Tense, object_of
from service.inference.rules.facts import Fact, Who, denied, fact, is_discourse, negative, predicate, rest
from service.inference.rules.parse import implied
from service.inference.rules.phrases import Part, Topic, is_vague, key, listed, phrase, separate, topic, write

_ENDURING = frozenset({"stand", "bear"})
"""Verbs of dislike that are denied in form: "I can't stand"."""
_DOING = frozenset({"play", "do", "go", "eat", "drink", "watch", "listen"})
"""Verbs that add nothing to what is liked: "I love playing chess" is about chess."""


def sentiment(clause: Clause, who: Who) -> list[Fact] | None:
    """Reads "I love", "I can't stand", "I'm a fan of", "I'm into"."""
    judged = _judged(clause, who)
    if judged is not None:
        return [judged]
    thing = _liked(clause)
    never = any(child.text.lower() == "never" for child in clause.verb.children)
    if thing is None or clause.tense is Tense.FUTURE or (clause.tense is Tense.PAST and not never):
        return None
    parts = listed(thing)
    return [_felt(clause, who, part, parts) for part in parts if not _is_nothing(part)]


def _judged(clause: Clause, who: Who) -> Fact | None:
    """Reads "I think Radiohead is great", "I find jazz boring"."""
    below = clause.child("ccomp")
    if (
        clause.lemma not in {"think", "find"}
        or clause.negated
        or clause.tense is not Tense.PRESENT
        or below is None
    ):
        return None
    thing = next((child for child in below.children if child.dep_ == "nsubj"), None)
    words = {below.lower_, *(child.lower_ for child in below.children if child.dep_ in {"acomp", "attr"})}
    denied_below = any(child.dep_ == "neg" for child in below.children)
    unclear = thing is None or is_vague(thing) or key(thing) in lexicon.FLEETING_THINGS
    if thing is None or unclear or denied_below or not words & (lexicon.GOOD | lexicon.BAD):
        return None
    about = topic(thing, phrase(thing))
    told = f"{clause.third(clause.lemma)} {write(phrase(below))}"
    return fact(who, "sentiment", about, told, holds=bool(words & lexicon.GOOD), lasting=True)


def _is_nothing(part: Part) -> bool:
    shown_now = any(word.lower_ == "the" and word.head == part.head for word in part.words)
    noted = implied(part.head.doc[0]) and part.head.doc[0].text == "I"
    if shown_now and (noted or key(part.head) in lexicon.FLEETING_THINGS):
        return True
    return is_vague(part.head)


def _felt(clause: Clause, who: Who, part: Part, parts: Sequence[Part]) -> Fact:
    """The feeling towards one member of a list."""
    kept = separate(rest(clause), part, parts)
    kept = [word for word in {*kept, *part.words} if word.dep_ != "neg" and not is_discourse(word)]
    turned = any(child.dep_ == "neg" and child.text.lower() == "not" for child in part.head.children)
    denies = (negative(clause) or turned) and clause.lemma not in _ENDURING
    told = denied(clause, clause.lemma, kept) if denies else predicate(clause, kept)
    likes = (clause.lemma not in lexicon.DISLIKING) != denies
    about, less = _object(part), clause.object_of("over", "to", "than") if clause.lemma == "prefer" else None
    if less is None:
        return fact(who, "sentiment", about, told, holds=likes, lasting=True)
    left = topic(less, phrase(less))
    about = replace(about, words=about.words - left.all)
    return fact(who, "sentiment", about, told, holds=likes, lasting=True, former=left)


def _object(part: Part) -> Topic:
    """What the feeling is about: "chess" of "playing chess every day"."""
    head = part.head
    while head.lemma_ in _DOING and head.dep_ in {"xcomp", "ccomp", "dobj", "conj"}:
        inner = next((child for child in head.children if child.dep_ in {"dobj", "xcomp", "advcl"}), None)
        if inner is None:
            break
        head = inner
    skipped = {"npadvmod", "neg"}
    return topic(
        head, [word for word in part.words if word.dep_ not in skipped and word.lemma_ not in _DOING]
    )


def _liked(clause: Clause) -> Token | None:
    """The thing, or the first of the things, that the clause is fond of or not."""
    if clause.lemma in lexicon.LIKING | lexicon.DISLIKING:
        thing = clause.child("dobj", "xcomp", "ccomp", "acomp")
        if thing is None or (clause.lemma in _ENDURING and not clause.negated):
            return None
        told = thing.dep_ == "ccomp" and any(child.dep_ == "nsubj" for child in thing.children)
        return None if told else thing
    if clause.lemma != "be":
        return None
    state = clause.child("acomp", "attr")
    if state is None:
        return clause.object_of("into")
    fond = key(state) in lexicon.LIKING_ADJECTIVES | lexicon.LIKING_NOUNS
    return object_of(state, "of", "on", "about", "with", "in") if fond else None
