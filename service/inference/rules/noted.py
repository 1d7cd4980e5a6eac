"""Notes in the form that memories are kept in: "Loves hiking", "User lives in Berlin", "Sister is a nurse".

Whoever sends exported memories says them so. A verb in the third person without a subject may as well go on
about a thing ("Works great"), and a noun without an article may open a headline ("Dog bites man"); so only
what is said of people passes, and nothing that speaks of "me" or "you", which such notes never do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from spacy.tokens import Doc, Token

from service.inference.rules import lexicon
from service.inference.rules.mending import SUBJECTS
from service.inference.rules.sentences import Sentence, Word

REMEMBERED = "She"
"""The subject that is put before a note about the one remembered."""
OWNING = "My"
"""What is put before a note about what belongs to the one remembered."""

_SURE = frozenset({"is", "has", "does", "was"})
"""First words that can be no plural noun."""
_HELPING = frozenset({"aux", "auxpass"})
_FINITE = frozenset({"VBZ", "VBP", "VBD", "MD"})
_IN_CONVERSATION = lexicon.SECOND_PERSON | lexicon.words(
    "i me my mine myself we us our ours ourselves it this these those"
)
"""Words that only somebody who speaks uses: facts that are kept have none of them."""
_AFTER_NOUNS = (
    lexicon.TOWARDS
    | lexicon.words(
        """
        of about near between after before that which who are were is was can will do did have and or
        & , : - . !
        """
    )
    | lexicon.LIKING
    | lexicon.DISLIKING
)
"""What follows a plural noun rather than a verb that wants an object: "hikes near Denver"."""
_DETERMINING = lexicon.PRONOUNS | lexicon.words(
    "a an the that their your any no some every each another what"
)
"""What tells whose or which a thing is, so that nothing is left out before it: "her name is Coco"."""
_JUDGED = lexicon.GOOD | lexicon.BAD


def is_in_conversation(sentence: Sentence) -> bool:
    """Whether somebody speaks to somebody, so that it is no note."""
    return any(word.text.lower() in _IN_CONVERSATION for word in sentence.words)


def without_user(sentence: Sentence) -> tuple[Sentence, str]:
    """A fact less the "User" or "The user's" that other reasoners put before it, and what stands for that."""
    words = sentence.words
    texts = [word.text.lower() for word in words[:3]]
    count = 2 if texts[:2] == ["the", "user"] else 1 if texts[:1] == ["user"] else 0
    if not count or len(words) == count:
        return sentence, ""
    owns = texts[count : count + 1] == ["'s"]
    count += owns or texts[count : count + 1] == [":"]
    kept = words[count:] or words
    return replace(sentence, words=kept), OWNING if owns else REMEMBERED


def prefixed(sentence: Sentence, implied: str) -> Sentence:
    """The sentence with a word that it leaves out put before it, and without its capital."""
    first = sentence.words[0]
    small = replace(first, text=first.text[:1].lower() + first.text[1:])
    first = first if implied == OWNING and first.text.isupper() else small
    put = Word(implied, first.start, first.start)
    return replace(sentence, words=(put, first, *sentence.words[1:]))


def may_be_doing(sentence: Sentence, verbs: frozenset[str]) -> bool:
    """Whether a sentence opens with a verb in the third person, as far as its words tell."""
    texts = [word.text.lower() for word in sentence.words]
    coloring = list(takewhile(lambda text: text in lexicon.FREQUENCY | lexicon.DISCOURSE, texts))
    first, after, later = [*texts[len(coloring) :], "", "", ""][:3]
    if first in _SURE:
        return {"does": after in {"not", "n't"}, "was": after in lexicon.UNDERGONE}.get(first, bool(after))
    base = _base(first, verbs)
    if base is None or base in lexicon.DONE_BY_THINGS | lexicon.PEOPLE | lexicon.PETS:
        return False
    if after == "to" and base in lexicon.AIMING | lexicon.LIKING and later in verbs:
        return True
    if after in {"", ".", "!"}:
        return base in lexicon.ENDURING_NEGATIVES
    return after not in _AFTER_NOUNS or after in lexicon.DONE_WHERE.get(base, ())


def is_plural_noun(doc: Doc) -> bool:
    """Whether the first word of a sentence is the subject of a verb after it: "Prices rose"."""
    feels = doc[0].lemma_.lower() in lexicon.LIKING | lexicon.DISLIKING or doc[0].lower_ in _SURE
    return not feels and any(
        token.dep_ in SUBJECTS and token.left_edge.i == 0 and token.head.tag_ in _FINITE for token in doc
    )


def _base(verb: str, verbs: frozenset[str]) -> str | None:
    """The base form of a verb in "-s"."""
    stems = (verb[:-1], verb[:-2], verb[:-3] + "y") if len(verb) > 3 and verb.endswith("s") else ()
    return next((stem for stem in stems if stem in verbs and stem[-1:] != "s"), None)


def tells_of_somebody(doc: Doc) -> bool:
    """Whether "she" is the subject of a finite verb."""
    verb = _verb(doc)
    finite = [child for child in verb.children if child.dep_ in _HELPING] or [verb]
    return doc[0].dep_ in SUBJECTS and verb.dep_ == "ROOT" and finite[0].tag_ in _FINITE


def _verb(doc: Doc) -> Token:
    """The verb of which "she" is the subject, which the parser may have hung on an auxiliary."""
    above = doc[0].head
    return above.head if above.dep_ in _HELPING else above


def tells_of_a_person(doc: Doc) -> bool:
    """Whether what "she" does or is would hardly be said of a thing, as is "takes an hour"."""
    if not tells_of_somebody(doc):
        return False
    verb = _verb(doc)
    if not (_is_done_by_persons(verb) and _says_enough(verb)):
        return False
    return not (any(map(_judges, verb.children)) or _takes_time(verb) or _inverts(verb))


def _is_done_by_persons(verb: Token) -> bool:
    relations = {child.dep_ for child in verb.children}
    if "auxpass" in relations:
        return verb.lower_ in lexicon.UNDERGONE or "oprd" in relations
    return verb.lemma_ not in lexicon.DONE_BY_THINGS


def _says_enough(verb: Token) -> bool:
    """Whether a verb has an object, or says where or how often: "runs every day", and not "runs slowly"."""
    relations = {child.dep_ for child in verb.children}
    if "ccomp" in relations:
        return verb.lemma_ in {"think", "find"}
    if verb.lemma_ in lexicon.ENDURING_NEGATIVES | {"be"} or relations & {"dobj", "xcomp", "auxpass"}:
        return True
    able = "neg" in relations and verb.lemma_ in lexicon.ABILITIES
    return able or _says_where(verb) or any(word.lower_ in lexicon.FREQUENCY for word in verb.subtree)


def _says_where(verb: Token) -> bool:
    placed = lexicon.DONE_WHERE.get(verb.lemma_, frozenset())
    beside = [child for child in verb.children if child.dep_ in {"prep", "dative", "prt"}]
    busy = verb.tag_ == "VBG" and (verb.lemma_ != "work" or any(map(_names_one, beside)))
    return busy or any(child.lower_ in placed for child in beside)


def _names_one(preposition: Token) -> bool:
    """Whether an article stands after it: "is working on a novel", and not "is working on Windows"."""
    return any(word.dep_ == "det" for noun in preposition.children for word in noun.children)


def _inverts(verb: Token) -> bool:
    """Whether it asks of what it names, a question mark left out: "is Munich nice"."""
    after = list(verb.doc[verb.i + 1 : verb.i + 3])
    return len(after) > 1 and after[0].tag_ == "NNP" and after[1].tag_ in {"DT", "JJ", "RB", "VBG", "VBN"}


def _judges(child: Token) -> bool:
    """Whether a complement says how good something is, or in what state: "a great camera", "broken"."""
    if child.dep_ == "acomp" and child.tag_ == "VBN":
        return child.lower_ not in lexicon.UNDERGONE and all(word.tag_ != "HYPH" for word in child.children)
    if child.lower_ in lexicon.STATES_OF_THINGS and child.dep_ == "acomp":
        return True
    if child.dep_ in {"acomp", "advmod"} and child.head.lemma_ != "be":
        return child.lower_ in _JUDGED | lexicon.FLEETING_STATES
    if child.dep_ not in {"acomp", "attr", "dobj"} or child.head.lemma_ not in {"be", "have"}:
        return False
    kinds = {word.lower_ for word in child.children if word.dep_ in {"amod", "compound"}}
    return child.lower_ in _JUDGED or (bool(kinds & _JUDGED) and child.lemma_ not in lexicon.PEOPLE)


def _takes_time(verb: Token) -> bool:
    return verb.lemma_ == "take" and any(child.ent_type_ in {"TIME", "DATE"} for child in verb.children)


def may_be_owned(sentence: Sentence) -> bool:
    """Whether a sentence opens, without an article, with whom or what one has: "Best friend is Tom"."""
    texts = [word.text.lower() for word in sentence.words[:7]]
    at = next((i for i, text in enumerate(texts) if i and text in lexicon.SAID_OF_KIN), 0)
    opening = texts[:at]
    if not opening or opening[0] in {"favorite", "favourite"}:
        return bool(opening)
    if "'s" in opening:
        return _is_one_of_kin(opening[: opening.index("'s")], sentence)
    noun, before = opening[-1], opening[:-1]
    if _DETERMINING & set(before):
        return False
    if noun in lexicon.ATTRIBUTES | lexicon.SLOT_NOUNS.keys():
        return texts[at] in {"is", "are"} and len(before) <= 1 and all(map(str.isalpha, before))
    if noun in lexicon.OWNED and len(before) <= 1:
        return _names_something(sentence, after=at)
    named = bool(before) and sentence.words[at - 1].text.istitle()
    return _is_one_of_kin(before if named else opening, sentence)


def _is_one_of_kin(words: Sequence[str], sentence: Sentence) -> bool:
    """Whether words name a relative or pet; several of a kind only where a name or number is told of them."""
    *before, noun = words
    if not set(before) <= lexicon.TELLING_KIN_APART:
        return False
    if noun in lexicon.OWN_KIN:
        return True
    several = noun.removesuffix("s") in lexicon.OWN_KIN | lexicon.PETS
    return several and _names_something(sentence, after=1)


def _names_something(sentence: Sentence, *, after: int) -> bool:
    """Whether a name or number is told."""
    return any(
        word.text[:1].isdigit() or word.text[:1].isupper() or word.text.lower() in lexicon.COUNTED
        for word in sentence.words[after:]
    )


def tells_of_the_own(doc: Doc) -> bool:
    """Whether "my ..." is the subject, and what is said of it no state of the moment: "email is down"."""
    root = next(token for token in doc if token.dep_ == "ROOT")
    subject = next((child for child in root.children if child.dep_ in SUBJECTS), None)
    if root.tag_ == "NN" and root.left_edge.i == 0:
        return any(child.dep_ == "relcl" and child.tag_ == "VBZ" for child in root.children)
    if subject is None or subject.left_edge.i > 0 or root.tag_ not in _FINITE | {"VBN", "VBG"}:
        return False
    if root.tag_ == "VBN" and root.lower_ not in lexicon.UNDERGONE:
        return False
    states = [child for child in root.children if child.dep_ in {"acomp", "attr", "advmod", "prt"}]
    passing = lexicon.FLEETING_STATES | _JUDGED
    return not any(state.tag_ == "VBN" or state.lower_ in passing for state in states)
