"""Text becomes sentences of words that the parser was made for: chat spelling undone, openers dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from spacy.tokens import Token

from service.inference.rules import lexicon

LONGEST_SENTENCE = 120
"""Words after which a sentence is cut: nobody states a fact in more, and the parse grows with them."""

LONGEST_PIECE = 4000
"""Characters that are taken apart at once, so that a deadline is noticed between them."""

_ENDS = lexicon.words(
    """
    . ! ? … ; ... .. !! ?? ?! • |
    """
)
_CLOSING = _ENDS | {",", "and", "but", "so", "because", "since", "\n"}
"""What may stand after "any more", unless it is more of something."""
_DASHES = frozenset({"-", "--", "–", "—"})
_RESUMING = frozenset({"i", "we", "my", "our", "it", "that", "this", "he", "she", "they", "there", "so"})
"""After a dash these begin a sentence."""
_HAILING = frozenset(
    {"hey", "hi", "hello", "hiya", "thanks", "wow", "woah", "whoa", "yeah", "yes", "yep", "yo"}
)
_DIALLED = frozenset("0123456789+-()./:")
_ASKING = frozenset({"what", "where", "who", "whom", "whose", "how", "why", "which"})
_INVERTING = lexicon.words(
    """
    can could would will do does did is are am was were should shall may might have has any
    """
)
_INVERTED = lexicon.words(
    """
    you i we he she they it there that this these my your anyone recommendations ideas
    """
)


@dataclass(frozen=True, slots=True)
class Word:
    """One token as the parser shall see it, and where it stands in the text; implied words have no width."""

    text: str
    start: int
    end: int
    small: bool = False
    """Whether it was typed without the capital that it wants."""

    @property
    def parsed_as(self) -> str:
        """A stand-in of the same kind where the parser would stumble over the word itself."""
        digits = sum(map(str.isdigit, self.text))
        if digits >= 5 and digits < len(self.text):
            return "5550100"
        if self.text[:1].isdigit() and self.text[-2:].lower() in {"am", "pm", "m."}:
            return "5"
        if set(self.text.lower().split("/")) <= lexicon.PRONOUNS and "/" in self.text:
            return "blue"
        if "@" in self.text or "://" in self.text:
            return "Tom"
        return lexicon.PARSED_AS.get(self.text.lower(), self.text)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words in order, and whether they ask instead of tell."""

    words: tuple[Word, ...]
    start: int
    end: int
    asks: bool = False
    corrects: bool = False
    instead_of: tuple[str, ...] = ()
    """What it says is no more: "coffee" of "tea instead of coffee", taken out of the words."""

    @property
    def spaces(self) -> tuple[bool, ...]:
        """Whether a blank follows each word."""
        following = (*self.words[1:], None)
        return tuple(
            after is not None and (after.start > word.end or word.start == word.end)
            for word, after in zip(self.words, following, strict=True)
        )


def sentences(text: str, tokenize: Callable[[str], Iterable[Token]]) -> Iterator[Sentence]:
    """Cuts a text into sentences as they are asked for. Offsets are code points of `text`."""
    for start, piece in _pieces(_plain(text)):
        tokens = tokenize(piece)
        words = [Word(token.text, start + token.idx, start + token.idx + len(token.text)) for token in tokens]
        for run in _runs(_spelled(_joined(_paired(words)))):
            yield from _questions_apart(run)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their offsets; long ones in pieces that end between words."""
    start = 0
    while start < len(text):
        end = text.find("\n", start, start + LONGEST_PIECE) + 1
        if not end and start + LONGEST_PIECE < len(text):
            end = text.rfind(" ", start + 1, start + LONGEST_PIECE) + 1 or start + LONGEST_PIECE
        end = end or len(text)
        yield start, text[start:end]
        start = end


def _plain(text: str) -> str:
    """The text with typographic quotes made plain and symbols made blank, every offset kept."""
    return "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if character in "\u2018\u2019\u02bc\u00b4`":
        return "'"
    if character in "\u201c\u201d":
        return '"'
    return character if ord(character) < 0x2190 or character.isalnum() else " "


def _paired(words: Sequence[Word]) -> list[Word]:
    """Puts "she/her" back together as one word."""
    paired: list[Word] = []
    for word in words:
        slash = len(paired) > 1 and paired[-1].text == "/" and paired[-1].end == word.start
        if slash and {paired[-2].text.lower(), word.text.lower()} <= lexicon.PRONOUNS:
            first, _ = paired[-2], paired.pop()
            paired[-1] = Word(f"{first.text}/{word.text}", first.start, word.end)
        else:
            paired.append(word)
    return paired


def _joined(words: Sequence[Word]) -> list[Word]:
    """Puts the pieces of a telephone number, date or time back together as one word."""
    joined: list[Word] = []
    run: list[Word] = []
    for word in words:
        if run and (word.start - run[-1].end > 1 or not (_dials(word) or _is_half_of_day(word, run))):
            joined.extend(_as_number(run))
            run = []
        if run or _dials(word):
            run.append(word)
        else:
            joined.append(word)
    return joined + _as_number(run)


def _dials(word: Word) -> bool:
    return word.text not in _ENDS and all(character in _DIALLED for character in word.text)


def _is_half_of_day(word: Word, run: Sequence[Word]) -> bool:
    return word.text.lower() in {"am", "pm", "a.m.", "p.m."} and run[-1].text[-1:].isdigit()


def _as_number(run: list[Word]) -> list[Word]:
    """One word for pieces that stand together or have as many digits as only telephones have."""
    tail = [run.pop()] if len(run) > 1 and run[-1].text in {",", ":", "-", "(", "/"} else []
    digits = sum(character.isdigit() for word in run for character in word.text)
    close = all(after.start == word.end for word, after in pairwise(run))
    if len(run) < 2 or not digits or not (close or digits >= 7 or not run[-1].text[-1].isdigit()):
        return run + tail
    text = "".join(" " * (word.start - before.end) + word.text for before, word in pairwise(run))
    return [Word(run[0].text + text, run[0].start, run[-1].end), *tail]


def _spelled(words: Sequence[Word]) -> list[Word]:
    """The words as the parser knows them: chat spelling undone."""
    spelled: list[Word] = []
    words = _without_stress(_without_asides(words))
    for index, word in enumerate(words):
        before = words[index - 1] if index else None
        texts = (
            lexicon.CHAT.get(word.text.lower(), word.text).split(" ")
            if _may_be_chat(word, before)
            else [word.text]
        )
        if word.text == "'s" and before is not None and before.text.lower() in lexicon.ATTRIBUTES:
            texts = _is_or_of(words[index + 1 :])
        named = texts[0] in lexicon.CAPITALIZED
        first = texts[0].capitalize() if named else texts[0]
        spelled.append(Word(first, word.start, word.end, small=word.text == "i"))
        spelled.extend(Word(more, word.end, word.end) for more in texts[1:])
    return [word for word in spelled if word.text.strip() or "\n" in word.text]


def _without_asides(words: Sequence[Word]) -> list[Word]:
    """The words less "by the way" and the like, with the comma that sets them apart."""
    kept: list[Word] = []
    texts = [*(word.text.lower() for word in words), "."]
    index = 0
    while index < len(words):
        aside = next((said for said in lexicon.ASIDES if tuple(texts[index : index + len(said)]) == said), ())
        if aside and index + len(aside) < len(words) and texts[index + len(aside)] == "," and not kept:
            index += 1
        if texts[index : index + 2] == ["any", "more"] and texts[index + 2] in _CLOSING:
            kept.append(Word("anymore", words[index].start, words[index + 1].end))
            index += 1
        elif not aside:
            kept.append(words[index])
        index += len(aside) or 1
    return kept


def _without_stress(words: Sequence[Word]) -> list[Word]:
    """The words less the "do" of "I do like olives"."""
    stressed = {
        i + 1
        for i, texts in enumerate(zip(words, words[1:], words[2:], strict=False))
        if texts[0].text.lower() in {"i", "we"}
        and texts[1].text.lower() == "do"
        and texts[2].text.lower() in lexicon.LIKING | lexicon.DISLIKING | {"have", "own", "eat", "drink"}
    }
    return [word for i, word in enumerate(words) if i not in stressed]


def _may_be_chat(word: Word, before: Word | None) -> bool:
    """Whether a word may be a chat form: a clitic like "m" only where it clings to another word."""
    if " " in word.text:
        return False
    clings = before is not None and before.end == word.start and before.text.isalpha()
    return clings or word.text.lower() not in {"m", "ve", "ll", "re", "nt", "na"}


def _is_or_of(after: Sequence[Word]) -> list[str]:
    """What the "'s" of "my name's Bob" stands for, by what comes after: a name or number, or a noun."""
    following = after[0].text if after else ""
    placed = following.lower() in {"on", "in", "at", "a", "an", "the", "not", "now", "actually", "going"}
    return ["'s" if following[:1].islower() and not placed else "is"]


def _runs(words: Sequence[Word]) -> Iterator[tuple[Word, ...]]:
    """The words between full stops and line ends, without the latter."""
    run: list[Word] = []
    for index, word in enumerate(words):
        if "\n" not in word.text:
            run.append(word)
        after = words[index + 1].text.lower() if index + 1 < len(words) else ""
        dashed = word.text in _DASHES and after in _RESUMING and len(run) > 2
        if "\n" in word.text or word.text in _ENDS or dashed or len(run) >= LONGEST_SENTENCE:
            yield from [tuple(run)] if run else []
            run = []
    if run:
        yield tuple(run)


def _questions_apart(words: tuple[Word, ...]) -> Iterator[Sentence]:
    """Splits "I'm vegan, what can I eat?" into what it tells and what it asks."""
    words, gone = _without_former(words)
    body, corrects = _without_openers(words)
    if not body:
        return
    mocks = tuple(word.text.lower() for word in words[:2]) in lexicon.MOCKING
    asked = words[-1].text.startswith("?") and not _asks_to_keep(body)
    cut = next((i for i in range(1, len(body)) if _turns_to_asking(body, i)), None)
    if mocks or _asks(body, 0) or (asked and cut is None):
        yield Sentence(body, words[0].start, words[-1].end, asks=True)
    elif cut is None:
        end = max(words[-1].end, *(word.end for word in gone)) if gone else words[-1].end
        yield Sentence(body, words[0].start, end, corrects=corrects, instead_of=_values(gone))
    else:
        yield Sentence(body[:cut], words[0].start, body[cut - 1].end, corrects=corrects)
        yield Sentence(body[cut:], body[cut].start, words[-1].end, asks=True)


def _without_former(words: tuple[Word, ...]) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """Takes "instead of coffee" and ", no time" out of a sentence."""
    texts = [word.text.lower() for word in words]
    for i, pair in enumerate(pairwise(texts)):
        if (
            i
            and pair in {(",", "no"), ("so", "no")}
            and "no" not in texts[:i]
            and texts[i + 2 : i + 3] != ["longer"]
        ):
            return words[:i], ()
    at = next((i for i, pair in enumerate(pairwise(texts)) if pair in lexicon.INSTEAD_OF), None)
    ends = {",", "and", "but", "now", "?"} if at else {",", "i"}
    if at is None or (at == 0 and not ends & set(texts)):
        return words, ()
    until = next((i for i in range(at, len(words)) if texts[i] in ends), len(words))
    return (*words[:at], *words[until:]), words[at + 2 : until]


def _values(gone: Iterable[Word]) -> tuple[str, ...]:
    return tuple(
        word.text.lower()
        for word in gone
        if word.text.lower() not in {"a", "an", "the", "my", "to", "in", "at", "from"}
    )


def _turns_to_asking(words: Sequence[Word], index: int) -> bool:
    if words[index].text.lower() in {"who", "which", "whose", "whom", "where"} and words[-1].text != "?":
        return False
    return words[index - 1].text.lower() in {",", "-", "so", "and", "but"} and _asks(words, index)


def _asks(words: Sequence[Word], index: int) -> bool:
    """Whether a question starts here: a question word, or a verb before its subject."""
    if _asks_to_keep(words[index:]):
        return False
    first, *rest = (word.text.lower() for word in words[index : index + 3])
    after = rest[0] if rest else ""
    if first in _ASKING:
        return after not in {"i", "a", ","}
    return first in _INVERTING and (after in _INVERTED or first == "any") and words[-1].text != ","


def hands_over(sentence: Sentence) -> bool:
    """Whether the rest of a message is told by nobody: "translate this: ...", "imagine I am a pirate"."""
    texts = [word.text.lower() for word in sentence.words]
    asking = texts[:2] in (["can", "you"], ["could", "you"], ["let", "'s"])
    texts = texts[2:] if asking and len(texts) > 2 else texts
    pointing = bool({":", "this", "following", "text"} & set(texts))
    return texts[0] in lexicon.FEIGNING or (texts[0] in lexicon.HANDING_OVER and pointing)


def _asks_to_keep(words: Sequence[Word]) -> bool:
    """Whether a question is none: "can you remember that my name is Kim?"."""
    first, second, *rest = [*(word.text.lower() for word in words[:5]), "", ""]
    return first in _INVERTING and second == "you" and bool({"remember", "note", "save", "store"} & set(rest))


def _without_openers(words: tuple[Word, ...]) -> tuple[tuple[Word, ...], bool]:
    """Drops greetings and fillers from the front; says whether they announced a correction."""
    start, corrects = 0, False
    while start < len(words) and (_opens(words, start) or _hails(words, start)):
        corrects = corrects or words[start].text.lower() in {
            "actually",
            "correction",
            "wait",
            "sorry",
            "no",
            "oops",
        }
        start += 1
    return words[start:], corrects


def _hails(words: tuple[Word, ...], index: int) -> bool:
    """Whether it is the "Maria" of "hey Maria, ...": whom one speaks to."""
    before = [word.text.lower() for word in words[max(index - 2, 0) : index]]
    named = words[index].text[:1].isupper() and words[index].text != "I"
    followed = index + 1 < len(words) and words[index + 1].text == ","
    return named and followed and bool(_HAILING & set(before))


def _opens(words: tuple[Word, ...], index: int) -> bool:
    text = words[index].text.lower()
    if text in {",", "-", "—", "–", ":", "*"}:
        return True
    if text not in lexicon.OPENERS:
        return False
    after = words[index + 1].text.lower() if index + 1 < len(words) else ","
    return text not in lexicon.WEAK_OPENERS or after in lexicon.OPENERS | {",", ".", ":"} or text == "please"
