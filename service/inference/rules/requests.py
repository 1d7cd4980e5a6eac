"""What a speaker asks of the memory itself: to forget something, to put something right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.clauses import PAST, Clause, Mood, clause_of
from service.inference.rules.facts import SELF, Fact
from service.inference.rules.phrases import (
    Topic,
    belongs_to_speaker,
    is_own,
    key,
    phrase,
    topic,
    write,
)
from service.inference.rules.readers import read
from service.inference.rules.readers.attributes import slot_of
from service.inference.rules.reading import Reading, whom
from service.inference.rules.revise import Entry, Revision, Source
from service.inference.rules.slots import Meeting, is_single, meet, same_person

_ASKED = {
    "live": frozenset({"residence", "address"}),
    "work": frozenset({"employer", "occupation"}),
}
"""The slots that "forget where I ..." names."""


def forgets(reading: Reading) -> list[Clause]:
    """The clauses that ask to forget: "forget my number", "can you delete what you know about my job"."""
    return [clause for clause in reading.clauses if _asks_to_forget(clause)]


def _asks_to_forget(clause: Clause) -> bool:
    subject = clause.subject
    if clause.verb.tag_ not in {"VB", "VBP"} or (subject is not None and subject.text.lower() != "you"):
        return False
    stopped = clause.lemma == "stop" and clause.child("xcomp")
    if stopped:
        return stopped.lemma_ in lexicon.KEEPING
    return clause.lemma in (lexicon.KEEPING if clause.negated else lexicon.FORGETTING)


def forgotten(clause: Clause, revision: Revision) -> Iterator[tuple[Entry, Fact]]:
    """The facts that a request to forget names, and no others."""
    told = clause.child("dobj")
    noted = [child for child in told.children if child.dep_ == "acl"] if told is not None else []
    embedded = clause.child("ccomp") or next((verb for verb in noted if clause_of(verb).subject), None)
    if embedded is not None and any(child.lower_ == "where" for child in embedded.children):
        asked = _ASKED.get(embedded.lemma_, frozenset())
        yield from ((entry, old) for entry, old in revision.current() if _is_own_in(old, asked))
    open_question = embedded is not None and any(
        child.tag_ in {"WP", "WDT", "WRB"} for child in embedded.children
    )
    if (
        embedded is not None
        and not open_question
        and any(child.dep_ == "nsubj" for child in embedded.children)
    ):
        yield from _said_so(embedded, revision)
        return
    for noun in _named_nouns(clause.verb):
        yield from ((entry, old) for entry, old in revision.current() if _is_about(noun, old))
    for noun in _told_nouns(clause.verb):
        named = topic(noun, _without_list(noun))
        slots = lexicon.SLOT_NOUNS.get(key(noun), ())
        for entry, old in revision.current():
            if old.who.is_self and (old.relation in slots or (named.all and named.all <= old.topic.all)):
                yield entry, old


def _is_own_in(old: Fact, slots: frozenset[str]) -> bool:
    return old.who.is_self and old.relation in slots


def _told_nouns(verb: Token) -> Iterator[Token]:
    """The thing of "forget about the trip" and "forget what I said about work"."""
    if verb.lemma_ != "forget":
        return
    for token in verb.subtree:
        said = token.head.head == verb or token.head.head.lemma_ in {"say", "tell", "mention"}
        own = any(child.dep_ == "poss" for child in token.children)
        if token.dep_ == "pobj" and token.head.lower_ in {"about", "of"} and said and not own:
            yield token


def calls_off(clause: Clause) -> Token | None:
    """What is called off: "I cancelled my flight to Lisbon", "our trip got cancelled"."""
    if clause.lemma not in lexicon.CALLING_OFF or clause.negated or clause.tense not in PAST:
        return None
    if clause.lemma == "call" and not any(child.lower_ == "off" for child in clause.children("prt")):
        return None
    subject = clause.subject
    passive = subject if subject is not None and subject.dep_ == "nsubjpass" else None
    return clause.child("dobj") or passive


def called_off(noun: Token, revision: Revision) -> Iterator[tuple[Entry, Fact]]:
    """The facts about something that is called off, and the plans that it names."""
    named = topic(noun, _without_list(noun))
    for entry, old in revision.current():
        planned = old.relation.startswith(("plan ", "past book"))
        alike = named.words <= old.topic.all and (bool(named.words) or named.head in old.topic.all)
        if _is_about(noun, old) or (planned and old.who.is_self and alike):
            yield entry, old


def swaps(reading: Reading, revision: Revision, source: Source) -> bool:
    """Carries out "I switched from Spotify to Apple Music" where the former is known."""
    done = False
    for clause in reading.clauses:
        pair = _swapped(clause) if clause.tense in PAST and not clause.negated else None
        if pair is not None and clause.mood is Mood.TOLD:
            old, new = pair
            was, words = (
                [t for t in _value(old) if t.dep_ != "det"],
                [t for t in _value(new) if t.dep_ != "det"],
            )
            done = (
                revision.correct(topic(old, was), write(words), topic(new, words), write(was), source) or done
            )
    return done


def _swapped(clause: Clause) -> tuple[Token, Token] | None:
    """The former and the new one."""
    thing = clause.child("dobj")
    match clause.lemma:
        case "switch" | "change" | "convert":
            old, new = clause.object_of("from"), clause.object_of("to")
        case "swap" | "trade" | "exchange":
            old, new = thing, clause.object_of("for")
        case "replace":
            old, new = thing, clause.object_of("with", "by")
        case _:
            return None
    return (old, new) if old is not None and new is not None else None


def _said_so(verb: Token, revision: Revision) -> Iterator[tuple[Entry, Fact]]:
    """Facts that say what stands under "forget that ..."."""
    inner = clause_of(verb)
    for named in read(inner, whom(inner, None) or SELF):
        for entry, old in revision.current():
            alike = (named.relation, named.topic) == (old.relation, old.topic) and not is_single(old.relation)
            if meet(named, old) is Meeting.SAME or (alike and same_person(named.who, old.who)):
                yield entry, old


def _named_nouns(verb: Token) -> Iterator[Token]:
    """The speaker's things below the verb: "number" of "forget my number"."""
    for token in verb.subtree:
        own = belongs_to_speaker(token) or (token.dep_ == "conj" and belongs_to_speaker(token.head))
        if own and token.tag_ in {"NN", "NNS"} and token.dep_ in {"dobj", "pobj", "conj", "nsubj"}:
            yield token


def _is_about(noun: Token, old: Fact) -> bool:
    """Whether a fact is what "my ..." names."""
    named = topic(noun, _without_list(noun))
    head = key(noun)
    owner = next((c for c in noun.children if c.dep_ == "poss" and not is_own(c)), None)
    if owner is not None:
        return (
            not old.who.is_self
            and key(owner) in old.who.topic.all
            and (
                head in old.who.topic.all
                or old.relation == head
                or old.relation in lexicon.SLOT_NOUNS.get(head, ())
            )
        )
    if old.who.is_self:
        if old.relation == "have":
            return named.head == old.topic.head and named.words <= old.topic.all
        exact = slot_of(noun)
        slots = lexicon.SLOT_NOUNS.get(head, ()) if not named.words else (exact,)
        if old.relation in slots:
            return True
        return old.relation.startswith("attribute:") and named.all <= set(
            old.relation.removeprefix("attribute:").split()
        )
    return named.covers(old.who.topic)


def _without_list(noun: Token) -> list[Token]:
    return phrase(
        noun,
        without=[t for c in noun.children if c.dep_ in {"conj", "cc", "relcl", "acl"} for t in c.subtree],
    )


def corrections(reading: Reading) -> Iterator[tuple[Token, Token | None]]:
    """Pairs of right and wrong: "it's Munich, not Berlin", "I meant Munich"."""
    for clause in reading.clauses:
        subject = clause.subject
        if subject is None:
            continue
        if subject.text.lower() in {"it", "that"} and clause.lemma == "be":
            right = clause.child("attr", "acomp")
        elif clause.lemma == "mean" and subject.text.lower() == "i":
            right = clause.child("dobj", "attr")
        else:
            continue
        if right is not None:
            yield right, _denied(right)


def _denied(right: Token) -> Token | None:
    """The "Berlin" of "Munich, not Berlin"."""
    for token in right.doc[right.i + 1 :]:
        if token.text.lower() == "not" and token.i + 1 < len(token.doc):
            after = token.doc[token.i + 1 :]
            return next((t for t in after if t.tag_[:2] in {"NN", "JJ", "CD"}), None)
    return None


def put_right(reading: Reading, revision: Revision, source: Source) -> bool:
    """Carries out the corrections of a sentence. Says whether there was one."""
    done = False
    for right, wrong in corrections(reading):
        done = _corrected(right, wrong, reading, revision, source) or done
    return done


def _corrected(
    right: Token, wrong: Token | None, reading: Reading, revision: Revision, source: Source
) -> bool:
    words = _value(right)
    if wrong is not None:
        denied = _value(wrong)
        return revision.correct(
            topic(wrong, denied), write(words), topic(right, words), write(denied), source
        )
    last = revision.last_new()
    if last is None or not last.topic.head or not reading.parsed.sentence.corrects:
        return False
    was = _as_written(last)
    return bool(was) and revision.correct(
        Topic(last.topic.head), write(words), topic(right, words), was, source
    )


def _value(noun: Token) -> Sequence[Token]:
    return [
        t
        for t in phrase(noun)
        if t == noun or (t.dep_ in {"compound", "amod", "nummod", "det"} and t.head == noun)
    ]


def _as_written(fact: Fact) -> str:
    """The words of a fact's text that are its value."""
    said = [(word, word.strip(".,").lower()) for word in fact.text.split()]
    words = [word for word, plain in said if lexicon.NUMERALS.get(plain, plain) in fact.topic.all]
    joined = " ".join(words)
    return joined if joined and joined in fact.text else ""
