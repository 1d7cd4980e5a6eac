"""What the small model reads wrongly of chats: where sentences begin, what is a name, what "and" joins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from spacy.tokens import Doc, Token

from service.inference.rules import lexicon
from service.inference.rules.sentences import Sentence, Word

SUBJECTS = frozenset({"nsubj", "nsubjpass"})
_FINITE = frozenset({"VBP", "VBZ", "VBD", "MD"})
_SURE_KINDS = frozenset({"GPE", "LOC", "PERSON"})
_BEFORE_NAMES = frozenset(
    {"in", "from", "at", "to", "near", "for", "named", "called", "joined", "quit", "left"}
)
_FEELING = lexicon.LIKING | lexicon.DISLIKING
_OPEN = frozenset({"everything", "anything", "something", "all"})
_SPEAKERS = frozenset({"i", "we", "he", "she", "they", "my", "our"})


def starts_anew(token: Token) -> bool:
    """Whether a sentence starts here that nothing, or only a comma, sets apart from the one before."""
    if token.i < 2 or _is_conditional(token.doc[: token.i]):
        return False
    if token.is_sent_start or _is_second_clause(token) or _is_spliced(token):
        return True
    if token.text != "I" or token.dep_ not in SUBJECTS or token.i > token.head.i:
        return False
    verb, before = token.head, token.nbor(-1)
    ending = before.tag_ in {"NN", "NNS", "NNP", "NNPS", "CD", "JJ", "RB"} and before.lower_ not in _OPEN
    if not ending or verb.head.i >= token.i:
        return False
    if verb.dep_ == "relcl":
        return not any(child.dep_ in {"det", "poss"} for child in verb.head.children)
    return (
        verb.dep_ == "ccomp"
        and verb.head != before
        and not any(child.dep_ == "mark" for child in verb.children)
    )


def _is_conditional(before: Iterable[Token]) -> bool:
    """Whether what comes after only holds under what was said: "if I get the job I'll ..."."""
    first = next(iter(before)).lower_
    marks = (token.text.lower() in lexicon.CONDITIONAL_MARKS and token.dep_ != "prep" for token in before)
    return first in lexicon.MAKE_BELIEVE or any(marks)


def _is_spliced(token: Token) -> bool:
    """Whether a comma joins two sentences: "my mom has diabetes, she's 60"."""
    if token.lower_ not in _SPEAKERS or token.nbor(-1).text not in {",", ";", "-"}:
        return False
    before = token.doc[: token.i]
    reports = any(word.lemma_ in {"say", "tell", "think", "guess", "ask", "mean"} for word in before)
    return not reports and _is_said(before) and _is_said(token.doc[token.i :])


def _is_said(words: Iterable[Token]) -> bool:
    """Whether there is a finite verb with a subject before it."""
    return any(
        word.tag_ in _FINITE
        and any(token.dep_ in SUBJECTS for token in (*word.children, *word.head.children))
        for word in words
    )


def _is_second_clause(token: Token) -> bool:
    """Whether an "and" joins clauses where the parser took it to join nouns."""
    joint = token.nbor(-1)
    if token.text.lower() not in {"i", "my"} or joint.dep_ != "cc" or joint.head.tag_.startswith("VB"):
        return False
    after = token.i + 1
    while token.text.lower() == "my" and after < len(token.doc) and token.doc[after].tag_[:2] in {"NN", "JJ"}:
        after += 1
    said_before = any(word.tag_ in _FINITE for word in token.doc[: joint.i])
    return said_before and after < len(token.doc) and token.doc[after].tag_ in _FINITE


def with_subject(sentence: Sentence, doc: Doc) -> Sentence | None:
    """Puts the "I" or "I am" before a note that begins with its verb: "finally finished my thesis"."""
    root = next(token for token in doc if token.dep_ == "ROOT")
    before = [token for token in doc[: root.i] if token.dep_ not in {"det", "amod", "advmod"}]
    if doc[0].tag_ == "VBZ" or any(token.dep_ in SUBJECTS | {"expl"} for token in root.children):
        return None
    if any(token.dep_ not in {"neg", "aux", "auxpass"} for token in before):
        return None
    implied = _implied_by(root, opened=bool(root.i))
    start, first = sentence.words[0].start, sentence.words[0]
    words = (*(Word(text, start, start) for text in implied), replace(first, text=first.text.lower()))
    return replace(sentence, words=(*words, *sentence.words[1:])) if implied else None


def _implied_by(root: Token, *, opened: bool) -> tuple[str, ...]:
    """What a note leaves out before its first verb or noun; `opened`: a "not" or "still" stands before it."""
    if root.tag_ == "VBD" or (root.tag_ in {"VB", "VBP"} and root.doc[0].tag_ == "MD"):
        return ("I",)
    if root.doc[0].lower_ == "been":
        placed = root.tag_ == "VBG" or any(child.lower_ == "to" for child in root.children)
        return ("I", "have") if placed else ()
    if root.tag_ == "VBG" and len(root.doc) > 3 and (opened or root.lemma_ in lexicon.TOLD_WITHOUT_SUBJECT):
        return ("I", "am")
    article = any(child.dep_ == "det" for child in root.children)
    return ("I", "am") if root.doc[0].dep_ == "neg" and root.tag_ == "NN" and article else ()


def with_verb_of(sentence: Sentence, doc: Doc) -> Sentence | None:
    """Takes the "'s" of "my favorite color's teal" for the verb that the sentence lacks."""
    for token in doc:
        noun = token.head
        if token.tag_ != "POS" or noun.head.dep_ != "ROOT":
            continue
        owned = noun.head.tag_[:2] == "NN"
        if not owned or any(child.lower_ in {"favorite", "favourite"} for child in noun.children):
            return _with_words(sentence, token.i, ("is",))
    return None


def with_it_named(sentence: Sentence, doc: Doc) -> Sentence | None:
    """Puts what "it" is in its place where a feeling follows: "I used to run but now I hate it"."""
    for token in doc:
        felt = token.head.lemma_ in lexicon.LIKING | lexicon.DISLIKING and token.dep_ == "dobj"
        if token.lower_ in {"it", "them"} and felt and (named := _named_before(token)):
            return _with_words(sentence, token.i, [sentence.words[other.i].text for other in named])
    return None


def _named_before(pronoun: Token) -> tuple[Token, ...]:
    """The words of the one thing that the clauses before a pronoun are about."""
    before = [token for token in pronoun.doc[: pronoun.i] if token.head.tag_.startswith(("VB", "IN"))]
    things = [token for token in before if token.dep_ in {"dobj", "xcomp"} and token.tag_ != "PRP"]
    leaves = [thing for thing in things if not any(thing in other.ancestors for other in things)]
    if len(leaves) != 1 or leaves[0].tag_ not in {"NN", "NNS", "NNP", "NNPS", "VBG"}:
        return ()
    if any(child.lower_ in {"a", "an", "some"} or child.dep_ == "nummod" for child in leaves[0].children):
        return ()
    return tuple(token for token in leaves[0].subtree if token.i < pronoun.i and token.tag_ != "PRP$")


def _with_words(sentence: Sentence, at: int, texts: Iterable[str]) -> Sentence:
    """The sentence with other words in the place of one."""
    word = sentence.words[at]
    *implied, last = texts
    put = (*(Word(text, word.start, word.start) for text in implied), replace(word, text=last))
    return replace(sentence, words=(*sentence.words[:at], *put, *sentence.words[at + 1 :]))


def with_names_in_place(doc: Doc) -> Doc:
    """Mends "a dog named Rex and a cat named Tom" and the two subjects of "my girlfriend Emi lives"."""
    for token in doc:
        if token.i + 1 >= len(doc):
            break
        name = token.nbor(1)
        if token.lower_ in {"named", "called"} and token.dep_ == "acl":
            _name_below(token, name)
        elif _is_own_kin(token) and name.tag_ == "NNP" and name.head == token.head and name.dep_ in SUBJECTS:
            token.dep_, name.head, name.dep_ = name.dep_, token, "appos"
    return doc


def with_verbs_above(doc: Doc) -> Doc:
    """Mends "she loves running", in which the model may take "loves" for an auxiliary of "running"."""
    for token in doc:
        if token.dep_ == "aux" and token.tag_ in {"VB", "VBP", "VBZ", "VBD"} and token.lemma_ in _FEELING:
            below, moved = token.head, [child for child in token.head.lefts if child != token]
            token.dep_, token.head = below.dep_, token if below.dep_ == "ROOT" else below.head
            below.head, below.dep_ = token, "xcomp"
            for child in moved:
                child.head = token
    return doc


def _name_below(named: Token, name: Token) -> None:
    if name.tag_ == "NNP":
        name.head, name.dep_ = named, "oprd"
    joined = [child for child in name.children if child.dep_ == "conj" and child.tag_ in {"NN", "NNS"}]
    joints = [child for child in name.children if child.dep_ == "cc" and joined]
    for moved in (*joined, *joints):
        moved.head = named.head


def _is_own_kin(token: Token) -> bool:
    kin = token.lemma_.lower() in lexicon.PEOPLE | lexicon.PETS
    return kin and token.i > 0 and token.nbor(-1).lower_ in {"my", "our"}


def with_capitals(sentence: Sentence, doc: Doc, known: frozenset[str]) -> Sentence | None:
    """A sentence without capitals, with those of what may be names by its place: "im priya from mumbai"."""
    if any(word.text[:1].isupper() and word.text != "I" for word in sentence.words[1:]):
        return None
    small = any(word.small for word in sentence.words)
    found = {
        token.i
        for token in doc
        if token.i and sentence.words[token.i].text.isalpha() and _may_be_name(token, known, small=small)
    }
    found |= {token.i for token in doc if token.i and token.i - 1 in found and _may_be_noun(token)}
    return _capitalized(sentence, found) if found else None


def without_capitals(sentence: Sentence, doc: Doc, before: Sentence, known: frozenset[str]) -> Sentence:
    """Takes those capitals back that did not make a name."""
    vain = [not _is_name(token, known) for token in doc]
    words = [old if undo else new for undo, old, new in zip(vain, before.words, sentence.words, strict=True)]
    return replace(sentence, words=tuple(words))


def _is_name(token: Token, known: frozenset[str]) -> bool:
    """Whether the model sees a name: a place or person, or what no dictionary has."""
    if token.lower_ in lexicon.COMMON_PLACES:
        return False
    if token.lower_ in known or token.lower_.removesuffix("s") in known:
        firm = (
            token.ent_type_ == "ORG"
            and token.i > 0
            and token.nbor(-1).lower_ in {"at", "for", "joined", "quit", "left"}
        )
        return firm or token.ent_type_ in _SURE_KINDS
    return token.ent_type_ in _SURE_KINDS | {"ORG"} or token.tag_ == "NNP"


def _capitalized(sentence: Sentence, places: Iterable[int]) -> Sentence:
    chosen = set(places)
    words = [
        replace(word, text=word.text.capitalize()) if index in chosen else word
        for index, word in enumerate(sentence.words)
    ]
    return replace(sentence, words=tuple(words))


def _may_be_noun(token: Token) -> bool:
    return token.text.isalpha() and token.tag_ in {"NN", "NNP", "JJ", "FW", "UH", "NNS", "VBG", "RB", "VBP"}


def _may_be_name(token: Token, known: frozenset[str], *, small: bool) -> bool:
    before = token.nbor(-1)
    if not _may_be_noun(token) or len(token) < 3 or not token.is_lower:
        return False
    towards = before.head.pos_ == "ADJ" and before.head.lower_ in known
    if (before.lower_ in _BEFORE_NAMES and not towards) or _is_own_kin(before):
        return True
    if before.lemma_ != "be" or token.i < 2:
        return False
    return token.nbor(-2).lower_ == "name" or (
        small and token.nbor(-2).text == "I" and token.lower_ not in known
    )


def with_and_spread(sentence: Sentence, doc: Doc) -> Sentence | None:
    """A list whose first member the parser hung on the second: "allergic to penicillin and bee stings"."""
    for token in doc:
        put = _repeated(token) if token.dep_ == "cc" and token.lower_ == "and" else ()
        if put:
            start = sentence.words[token.i + 1].start
            implied = [Word(text, start, start) for text in put]
            words = (*sentence.words[: token.i + 1], *implied, *sentence.words[token.i + 1 :])
            return replace(sentence, words=words)
    return None


def _repeated(joint: Token) -> tuple[str, ...]:
    """What to say again after an "and": "I am" or "to"."""
    first, after = joint.head, joint.doc[joint.i + 1 :]
    if not len(after) or first.dep_ not in {"amod", "nmod", "compound", "advmod", "npadvmod"}:
        return ()
    if any(word.tag_ in _FINITE for word in after):
        return ()
    above = first.head
    if above.dep_ == "pobj" and above.head.head.lower_ == "allergic":
        return (above.head.text,)
    is_own = above.head.lemma_ == "be" and above.dep_ == "acomp"
    return ("I", "am") if is_own and joint.doc[0].text == "I" else ()
