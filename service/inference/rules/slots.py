"""Where two facts meet, and what the newer one does to the older."""

from __future__ import annotations

import enum

from service.inference.rules import lexicon
from service.inference.rules.facts import Fact, Who
from service.inference.rules.phrases import Topic


class Meeting(enum.Enum):
    """What a new fact is to a known one."""

    APART = "apart"
    SAME = "same"
    REPLACES = "replaces"
    ENDS = "ends"


def meet(new: Fact, known: Fact) -> Meeting:
    """Compares a new fact with a known one."""
    if not same_person(new.who, known.who):
        return Meeting.REPLACES if reschedules(new, known) else Meeting.APART
    if known.holds and (known.relation in new.ends or _pursued(new, known)):
        return _end_of_other_slot(new, known)
    if new.relation != known.relation:
        return _across(new, known)
    if new.relation == "sentiment":
        return _sentiment(new, known)
    if new.holds != known.holds:
        return _contradiction(new, known)
    return Meeting.REPLACES if new.holds and _renews(new, known) else _values(new, known)


def _across(new: Fact, known: Fact) -> Meeting:
    """What meets although the slots differ: a habit and what one is at, a job and being without one."""
    if new.relation == "employer" and new.holds and known.topic.head in lexicon.WITHOUT_WORK:
        return Meeting.REPLACES
    alike = new.relation.removeprefix("plan ") == known.relation.removeprefix("plan ")
    if not alike or not new.topic.head or not new.topic.covers(known.topic) or not known.holds:
        return Meeting.APART
    if new.holds:
        return Meeting.SAME if new.topic == known.topic else Meeting.APART
    return Meeting.REPLACES if new.lasting else Meeting.ENDS


def _pursued(new: Fact, known: Fact) -> bool:
    """Whether what is given up is what one is at: "is learning Spanish"."""
    return not new.holds and known.relation.removeprefix("plan ") in new.ends


def reschedules(new: Fact, known: Fact) -> bool:
    """Whether "my appointment is on Friday" meets "has an appointment on Monday"."""
    dated = new.relation == "be" and not new.who.is_self and _is_dated(new) and _is_dated(known)
    held = known.relation == "have" and known.who.is_self
    return dated and held and new.who.topic.covers(known.topic)


def _is_dated(fact: Fact) -> bool:
    """Whether a fact says on which day or at what hour."""
    return any(map(is_day, fact.text.split()))


def is_day(word: str) -> bool:
    """Whether a word names a day or an hour."""
    return word.lower().strip(",.") in lexicon.DAYS or word[:1].isdigit()


def _renews(new: Fact, known: Fact) -> bool:
    """Whether the new fact is said to be instead of the known one: "I drive a Honda now"."""
    left = new.former is not None and new.former.covers(known.topic)
    alike = new.relation != "have" and new.topic != known.topic and _kind(new) == _kind(known)
    return left or (new.renews and alike)


def _verb(fact: Fact) -> str:
    """The finite verb of a fact's text, which tells "prefers" from "likes"."""
    return _words(fact)[0].lower()


def _kind(fact: Fact) -> tuple[str, bool, bool]:
    """What a fact has in common with its like: "drives a Honda" with "drives a Toyota", not "to work"."""
    moves = fact.relation.startswith("plan ")
    after = lexicon.ARTICLES if fact.relation == "be" and fact.holds else lexicon.TOWARDS
    towards = not moves and bool(after.intersection(_words(fact)[1:2]))
    return _verb(fact), towards, fact.relation == "sentiment" and bool(fact.topic.words)


def _words(fact: Fact) -> list[str]:
    return fact.text[len(fact.who.label) :].split()


def is_single(relation: str) -> bool:
    """Whether a slot holds one value at a time."""
    return relation in lexicon.SINGLE or relation.startswith("attribute:")


def same_person(one: Who, other: Who) -> bool:
    """Whether two facts are about the same one. A name more or less does not matter: "sister (Anna)"."""
    if one.is_self or other.is_self:
        return one.is_self and other.is_self
    return one.topic.covers(other.topic) or other.topic.covers(one.topic)


def _end_of_other_slot(new: Fact, known: Fact) -> Meeting:
    """What ends another slot: "is retired" whatever the employer, "left Acme" if it was Acme."""
    if new.holds and not new.relation.startswith("past "):
        return Meeting.REPLACES
    if not new.topic.covers(known.topic):
        return Meeting.APART
    return Meeting.REPLACES if new.holds or new.lasting else Meeting.ENDS


def _sentiment(new: Fact, known: Fact) -> Meeting:
    if new.holds and known.holds and _verb(new) == _verb(known) and _renews(new, known):
        return Meeting.REPLACES
    if new.former is not None and _verb(new) != _verb(known) and new.holds == known.holds:
        return Meeting.APART
    if (new.topic.head, new.topic.words) != (known.topic.head, known.topic.words):
        return Meeting.APART
    return Meeting.SAME if new.holds == known.holds else Meeting.REPLACES


def _contradiction(new: Fact, known: Fact) -> Meeting:
    """One says that it is so and the other that it is not."""
    if new.holds:
        touch = known.topic.covers(new.topic) or new.topic.covers(known.topic)
        return Meeting.REPLACES if touch else Meeting.APART
    if not new.topic.covers(known.topic):
        return Meeting.APART
    return Meeting.REPLACES if new.lasting else Meeting.ENDS


def _values(new: Fact, known: Fact) -> Meeting:
    """Two statements of one slot that are both so, or both not so."""
    if new.topic == known.topic or _says_less(new.topic, known.topic):
        return Meeting.SAME
    if is_single(new.relation) and new.holds:
        return Meeting.REPLACES
    if new.topic.head != known.topic.head:
        return Meeting.APART
    if new.topic.words == known.topic.words and (new.topic.head or new.topic.numbers):
        return Meeting.REPLACES
    counts = new.topic.numbers and known.topic.numbers and (new.topic.head or new.topic.words)
    if counts and new.topic.words <= known.topic.words:
        return Meeting.REPLACES
    return Meeting.REPLACES if _says_less(known.topic, new.topic) else Meeting.APART


def _says_less(one: Topic, other: Topic) -> bool:
    """Whether the other topic says all that this one says."""
    inside = one.words <= other.all and one.numbers <= other.numbers
    return bool(one.all) and one.head in {other.head, ""} and inside
