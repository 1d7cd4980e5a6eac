"""Noun phrases and other parts of a tree: what they are about, and how a fact writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from spacy.tokens import Token

from service.inference.rules import lexicon
from service.inference.rules.parse import shown

OWN = lexicon.words(
    """
    i me my mine myself we us our ours ourselves
    """
)
THEIRS = {
    "i": "they",
    "me": "them",
    "us": "them",
    "my": "their",
    "our": "their",
    "mine": "theirs",
    "ours": "theirs",
    "myself": "themselves",
    "ourselves": "themselves",
    "we": "they",
    "am": "are",
}
VAGUE = lexicon.words(
    """
    it that this these those them they he she him her something anything everything nothing one ones
    some someone anyone everyone nobody what which who whom stuff thing things you your yours so there
    here
    """
)
_NUMERALS = frozenset({"CD"})
_EMPTY = lexicon.words(
    """
    DT PDT PRP$ PRP CC IN TO POS MD WDT WP EX . , : `` '' -LRB- -RRB- HYPH RP
    """
)
_SLIGHT = lexicon.DISCOURSE | {
    "new",
    "own",
    "old",
    "be",
    "have",
    "do",
    "name",
    "call",
    "not",
    "lot",
    "very",
    "about",
    "around",
    "roughly",
    "little",
    "bit",
}


@dataclass(frozen=True, slots=True)
class Topic:
    """What a phrase is about, for comparing: its head, the other words that matter, and its numbers."""

    head: str = ""
    words: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """Every word of it."""
        return self.words | self.numbers | ({self.head} if self.head else frozenset())

    def covers(self, other: Topic) -> bool:
        """Whether everything that this topic names is in the other one too."""
        return (
            not self.head or self.head == other.head or self.head in other.words
        ) and self.words <= other.all


def key(token: Token) -> str:
    """The form of a word under which facts meet: lemma, lower case, American, one of several synonyms."""
    text = shown(token).lower()
    lemma = (
        text
        if token.tag_ in {"NNP", "CD", "ADD", "JJR"} or token.text != shown(token)
        else token.lemma_.lower()
    )
    if token.tag_ == "NNPS" or (lemma == text and token.tag_ == "NNS"):
        lemma = lemma.removesuffix("s")
    lemma = lexicon.NUMERALS.get(lemma) or lexicon.AMERICAN.get(lemma, lemma)
    return lexicon.HYPERNYMS.get(lemma, lemma)


def topic(head: Token | None, tokens: Iterable[Token]) -> Topic:
    """What the tokens are about, with one of them as the head."""
    kept = [token for token in tokens if token != head and _matters(token)]
    words = frozenset(key(token) for token in kept if token.tag_ not in _NUMERALS)
    numbers = frozenset(key(token) for token in kept if token.tag_ in _NUMERALS)
    if head is not None and (head.tag_ in _NUMERALS or shown(head)[0].isdigit()):
        return Topic("", words, numbers | {key(head)})
    return Topic(key(head) if head is not None else "", words, numbers)


def _matters(token: Token) -> bool:
    return token.tag_ not in _EMPTY and not token.is_punct and key(token) not in _SLIGHT


def is_own(token: Token) -> bool:
    """Whether a pronoun means the speaker."""
    return token.text.lower() in OWN


def possessor(token: Token) -> Token | None:
    """The "my" or "Anna's" of a noun."""
    return next((child for child in token.children if child.dep_ == "poss"), None)


def belongs_to_speaker(noun: Token) -> bool:
    """Whether a noun is the speaker's: "my sister", "my sister's dog", "the name of my dog"."""
    for child in noun.children:
        if child.dep_ == "poss":
            return is_own(child) or belongs_to_speaker(child)
        if child.dep_ == "compound" and belongs_to_speaker(child):
            return True
        if (
            child.dep_ == "prep"
            and child.text.lower() == "of"
            and any(map(belongs_to_speaker, child.children))
        ):
            return True
    return False


def is_vague(noun: Token) -> bool:
    """Whether a phrase points at something that only the conversation knows: "it", "your idea"."""
    if shown(noun).lower() in VAGUE:
        return True
    return any(
        child.text.lower() in {"this", "that", "these", "those", "your", "such"} for child in noun.children
    )


def conjuncts(token: Token) -> list[Token]:
    """A token and what "and" joins to it, unless the pair is one thing or one name."""
    others = [
        child
        for child in token.children
        if child.dep_ == "conj" and child.tag_[:2] in _LISTED and not _is_clause(child)
    ]
    if any((shown(token).lower(), shown(other).lower()) in lexicon.SET_PHRASES for other in others):
        return [token]
    return [token, *(more for other in others for more in conjuncts(other))]


_LISTED = frozenset({"NN", "VB", "JJ", "CD", "RB", "FW", "UH"})


def phrase(head: Token, *, without: Iterable[Token] = ()) -> list[Token]:
    """A head and all that hangs on it, less the other members of its list and asides that deny."""
    dropped = set(without)
    for token in head.subtree:
        if token != head and (_is_aside(token) or _is_clause(token)):
            dropped.update(token.subtree)
            dropped.update(child for child in token.head.children if child.dep_ == "cc")
    return [token for token in head.subtree if token not in dropped and not token.is_space]


def _is_clause(token: Token) -> bool:
    """Whether a clause of its own was hung on a noun: "I'm Alex and I love pizza"."""
    return (
        token.dep_ == "conj"
        and token.tag_.startswith("VB")
        and any(c.dep_ == "nsubj" for c in token.children)
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One member of a list: its head and its words."""

    head: Token
    words: tuple[Token, ...]


def listed(head: Token) -> list[Part]:
    """The members of a list: "two kids and a dog" are two."""
    heads = conjuncts(head)
    if len(heads) == 1:
        return [Part(head, tuple(phrase(head)))]
    return [Part(one, tuple(phrase(one, without=_rest_of_list(one)))) for one in heads]


def separate(words: Iterable[Token], part: Part, parts: Iterable[Part]) -> list[Token]:
    """The words of a clause with one member of a list in it, and without the others."""
    others = {word for other in parts if other != part for word in other.words}.difference(part.words)
    joints = {"cc", "preconj"} if others else set()
    return [
        word
        for word in words
        if word not in others and word.dep_ not in joints and not (others and word.text == ",")
    ]


def without_prepositions(noun: Token, *prepositions: str) -> list[Token]:
    """A noun's phrase less what stands after these: "Google" of "Google as a designer"."""
    hung = [child for child in noun.children if child.dep_ == "prep" and child.text.lower() in prepositions]
    return phrase(noun, without={word for child in hung for word in child.subtree})


def _rest_of_list(head: Token) -> set[Token]:
    rest: set[Token] = set()
    for child in head.children:
        if child.dep_ == "conj":
            rest.update(child.subtree)
        elif child.dep_ in {"cc", "preconj"} or (child.dep_ == "punct" and child.text == ","):
            rest.add(child)
    return rest


def _is_aside(token: Token) -> bool:
    """Whether a token begins what a fact leaves out: a denied alternative, a reason, a question tag."""
    if token.dep_ in {"appos", "conj"} and any(
        child.dep_ == "neg" for child in (*token.children, *token.head.children)
    ):
        return token.head.i < token.i and any(
            other.text.lower() == "not" and token.head.i < other.i < token.i for other in token.doc
        )
    return token.text.lower() == "not" and token.head.pos_ in {"PROPN", "NOUN"}


def write(tokens: Iterable[Token]) -> str:
    """The words of a fact: pronouns turned away from the speaker, spelling made American."""
    pieces: list[str] = []
    for token in sorted(set(tokens), key=lambda token: token.i):
        word = shown(token)
        lower = word.lower()
        word = THEIRS.get(lower, lexicon.AMERICAN.get(lower, word))
        glued = pieces and (token.i > 0 and not token.doc[token.i - 1].whitespace_) and _glues(token)
        pieces.append(word if glued or not pieces else " " + word)
    return "".join(pieces).strip(' ,;:.!-–—*"').replace(" ,", ",")


def _glues(token: Token) -> bool:
    """Whether a token stands close to the one before: no blank between them in the text."""
    return not token.is_sent_start


def capital(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def person(verb: str) -> str:
    """The third person singular of a verb's base form."""
    irregular = {"have": "has", "be": "is", "do": "does", "go": "goes", "undergo": "undergoes"}
    lower = verb.lower()
    if lower in irregular:
        return irregular[lower]
    if lower.endswith(("s", "x", "z", "ch", "sh", "o")):
        return verb + "es"
    if lower.endswith("y") and lower[-2:-1] not in set("aeiou"):
        return verb[:-1] + "ies"
    return verb + "s"
