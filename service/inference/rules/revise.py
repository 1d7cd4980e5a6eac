"""What is known, revised fact by fact, and the operations that bring it about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from service.inference.rules import lexicon
from service.inference.rules.facts import Fact, Who
from service.inference.rules.phrases import Topic
from service.inference.rules.slots import Meeting, is_day, is_single, meet, reschedules, same_person
from service.memory.model import Event, Operation


@dataclass(frozen=True, slots=True)
class Source:
    """The words of a message that a change was read from."""

    message_index: int
    quote: str


@dataclass(slots=True)
class Entry:
    """One memory while messages are read: as it was, and as it will be."""

    facts: list[Fact]
    text: str
    ref: str | None = None
    was: str | None = None
    gone: bool = False
    ended: Fact | None = None
    """What it said before something ended it; None if it was forgotten on request."""
    source: Source | None = None


@dataclass(slots=True)
class Revision:
    """Known facts and new ones. Later statements meet earlier ones, be they known or new."""

    entries: list[Entry] = field(default_factory=list)

    def knows(self, ref: str, text: str, facts: Sequence[Fact]) -> None:
        """Takes in a known memory and what it was read as."""
        self.entries.append(Entry(list(facts), text, ref, text))

    def state(self, fact: Fact, source: Source) -> None:
        """Takes in a new statement: nothing new, in the place of an old one, ending it, or beside all."""
        met = [(entry, old, meet(fact, old)) for entry, old in self._current()]
        if any(meeting is Meeting.SAME for _, _, meeting in met):
            return
        replaced = _best([(entry, old) for entry, old, meeting in met if meeting is Meeting.REPLACES], fact)
        if self._takes_place_of_ended(fact, source):
            return
        ended = [(entry, old) for entry, old, meeting in met if meeting is Meeting.ENDS]
        if replaced is not None:
            self._replace(*replaced, fact, source)
        for entry, old in ended:
            self._end(entry, old, source)
        if replaced is None and not ended and not fact.quiet:
            self.entries.append(Entry([fact], fact.text, source=source))

    def _takes_place_of_ended(self, fact: Fact, source: Source) -> bool:
        """Whether the fact fills a slot that was emptied just now: left one employer, joined another."""
        for entry in self.entries:
            if _is_open(entry) and _is_slot_of(fact, entry.ended):
                entry.facts, entry.text, entry.source, entry.gone = [fact], fact.text, source, False
                return True
        return False

    def retract(self, facts: Iterable[tuple[Entry, Fact]], source: Source) -> None:
        """Forgets statements on request."""
        for entry, old in facts:
            self._end(entry, old, source)
            entry.ended = None

    def correct(self, wrong: Topic, right: str, value: Topic, wrong_text: str, source: Source) -> bool:
        """Puts one value in the place of another ("it's Munich, not Berlin") where there is such a place."""
        held = [
            (entry, old)
            for entry, old in self._current()
            if wrong.covers(old.topic) and wrong_text.lower() in old.text.lower()
        ]
        mine = [pair for pair in held if pair[1].who.is_self] or held
        fresh = [pair for pair in mine if pair[0].source is not None]
        chosen = fresh[-1:] or (mine if len(mine) == 1 else [])
        for entry, old in chosen:
            at = old.text.lower().rindex(wrong_text.lower())
            text = _with_article(old.text[:at], right) + old.text[at + len(wrong_text) :]
            self._replace(entry, old, Fact(text, old.who, old.relation, value, old.holds), source)
        return bool(chosen)

    def people(self) -> list[Who]:
        """Those whom facts are about by a name beside their relation: "daughter Zosia"."""
        labelled = [old.who for _, old in self._current() if " " in old.who.label]
        return labelled + [who for _, old in self._current() if (who := _named_in(old)) is not None]

    def last_new(self) -> Fact | None:
        """The fact that was stated last in this request."""
        new = [entry for entry in self.entries if entry.source is not None and not entry.gone]
        return new[-1].facts[-1] if new else None

    def current(self) -> list[tuple[Entry, Fact]]:
        """Every fact that stands now, with its memory."""
        return list(self._current())

    def operations(self) -> list[Operation]:
        """What has to be done to the store, known memories first."""
        return [operation for entry in self.entries if (operation := _operation(entry)) is not None]

    def _current(self) -> Iterable[tuple[Entry, Fact]]:
        return [(entry, old) for entry in self.entries if not entry.gone for old in entry.facts]

    def _replace(self, entry: Entry, old: Fact, new: Fact, source: Source) -> None:
        if reschedules(new, old):
            new = replace(new, text=_with_day(old.text, new.text))
        entry.facts = [new if fact is old else fact for fact in entry.facts]
        entry.text, entry.source = _written(entry.facts), source
        entry.ended = old if new.relation == f"past {old.relation}" else None

    def _end(self, entry: Entry, old: Fact, source: Source) -> None:
        entry.facts = [fact for fact in entry.facts if fact is not old]
        entry.source, entry.ended = source, old
        entry.gone = not entry.facts
        entry.text = _written(entry.facts) if entry.facts else entry.text


def _with_day(text: str, moved: str) -> str:
    """What is on a day, with the day that it "is on" now: "has a flight to Oslo" and "on Friday"."""
    words = text.split()
    at = next(i for i, word in enumerate(words) if is_day(word))
    at -= words[at - 1].lower() in lexicon.TOWARDS
    return " ".join([*words[:at], moved.partition(" is ")[2]])


def _named_in(told: Fact) -> Who | None:
    """Who is told of by name: "dog Rex" of "has a dog named Rex", "wife Ana" of "wife's name is Ana"."""
    words = told.text.split()
    marks = [i for i, word in enumerate(words[:-1]) if word in {"named", "called", "is"}]
    kind = told.topic.head if told.relation == "have" else told.who.topic.head
    if not marks or told.relation not in {"have", "name"} or not kind or not told.holds:
        return None
    name = words[marks[-1] + 1]
    return Who(Topic(kind, frozenset({name.lower()})), f"{kind} {name}") if name.istitle() else None


def _is_open(entry: Entry) -> bool:
    """Whether a memory's place is free: it ended, or it now says what used to be."""
    return entry.gone or any(fact.relation.startswith("past ") for fact in entry.facts)


def _is_slot_of(fact: Fact, ended: Fact | None) -> bool:
    if ended is None or fact.relation != ended.relation or not (fact.holds or fact.lasting):
        return False
    one = is_single(fact.relation) or fact.text.split()[0].lower() in lexicon.ONE_AT_A_TIME
    return (one or fact.topic == ended.topic) and same_person(fact.who, ended.who)


def _best(met: Sequence[tuple[Entry, Fact]], new: Fact) -> tuple[Entry, Fact] | None:
    """The memory to change among several: the one left behind by name, else of the most specific person."""
    named = [pair for pair in met if new.former is not None and new.former.covers(pair[1].topic)]
    exact = [pair for pair in met if same_person(new.who, pair[1].who)]
    return next(iter(named or exact or met), None)


def _with_article(before: str, value: str) -> str:
    """A text up to a value and the value, with the article that fits it."""
    start, _, article = before.rstrip().rpartition(" ")
    if article not in {"a", "an"}:
        return before + value
    return f"{start} {'an' if value[:1].lower() in 'aeiou' else 'a'} {value}"


def _written(facts: Sequence[Fact]) -> str:
    """One text for the facts of one memory."""
    first, *others = (fact.text for fact in facts)
    return " and ".join([first, *(text[:1].lower() + text[1:] for text in others)])


def _operation(entry: Entry) -> Operation | None:
    source = entry.source
    if source is None or (entry.ref is None and entry.gone):
        return None
    if entry.gone:
        return Operation(Event.DELETE, "", entry.ref, source.message_index, source.quote)
    if entry.ref is None:
        return Operation(Event.ADD, entry.text, None, source.message_index, source.quote)
    if entry.text == entry.was:
        return None
    return Operation(Event.UPDATE, entry.text, entry.ref, source.message_index, source.quote)
