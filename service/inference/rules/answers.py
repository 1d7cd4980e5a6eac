"""A bare answer becomes the statement it stands for: "Munich" after "Where do you live?"."""

from __future__ import annotations

from service.inference.rules import lexicon

LONGEST_ANSWER = 8
"""Words up to which a message may be a bare answer."""

_YES = frozenset({"yes", "yeah", "yep", "yup", "sure", "correct", "indeed", "right"})
_HEDGES = frozenset({"mostly", "mainly", "just", "um", "oh", "well", "probably"})
_NO = frozenset({"no", "nope", "nah", "never"})
_COUNTED = frozenset({"a", "an", "one", "two", "three", "four", "five", "my"})
_ENDS = (". ", "! ", "\n", ", and i", ", but i", ", i ", ", my ", "; ")
_PREPOSITIONS = frozenset({"in", "at", "as", "from", "near", "on", "for"})
_NAMED = (
    lexicon.ATTRIBUTES | lexicon.PEOPLE | lexicon.PETS | set(lexicon.SLOT_NOUNS) | {"favorite", "favourite"}
)
"""What one is asked of and has one of."""
_PLACED = {"live": "in", "work": "at", "study": "at", "stay": "in"}


def as_statement(question: str, answer: str) -> str | None:
    """The statement in the speaker's words, or None when the two do not make one.

    Args:
        question: what was said just before, by somebody else; its last sentence counts.
        answer: a message that states nothing by itself.
    """
    asked = _last_question(question)
    words = answer.strip().rstrip(".!").split()
    while words and words[0].lower().strip(",") in _HEDGES:
        words = words[1:]
    if not asked or not words or len(words) > LONGEST_ANSWER or answer.strip().endswith("?"):
        return None
    if words[0].lower() in {"it's", "that's", "it"}:
        words = words[2 if words[0].lower() == "it" else 1 :]
    said = words[0].strip(",.!").lower() if words else ""
    if not said or said in lexicon.OPENERS - _YES - _NO:
        return None
    if said in _YES | _NO:
        added = [word.lower() for word in words[1:]]
        if added in (["i", "do"], ["i", "am"], ["i", "don't"], ["i'm", "not"], ["we", "do"]):
            added = []
        if (
            added[:1]
            and added[0] in _COUNTED
            and said in _YES
            and len(asked) > 3
            and asked[:2] == ["do", "you"]
        ):
            return " ".join(["I", asked[2], *added])
        return (
            _confirmed(asked, agrees=said in _YES)
            if not added or words[0].endswith((",", ".", "!"))
            else None
        )
    return _completed(asked, " ".join(words))


def first_sentence(content: str) -> str:
    """What an answer may be in: "Japanese and English" of "Japanese and English, and I'm learning French"."""
    ends = [at + (mark[0] in ".!") for mark in _ENDS if (at := content.lower().find(mark)) > 0]
    return content[: min(ends)] if ends else content


def _last_question(text: str) -> list[str]:
    """The words of the question that a text ends with, in lower case; none if it ends otherwise."""
    stripped = text.strip()
    if not stripped.endswith("?"):
        return []
    sentence = stripped[:-1].replace("!", ".").replace("?", ".").replace("\n", ".").split(".")[-1]
    plain = (
        sentence.replace("\u2019", "'").lower().replace("what's", "what is").replace("where's", "where is")
    )
    words = plain.replace(",", " ").split()
    while words and words[0] in lexicon.OPENERS:
        words = words[1:]
    return words


def _confirmed(asked: list[str], *, agrees: bool) -> str | None:
    """Reads "Do you have a dog?" with yes or no."""
    match asked:
        case ["do", "you", *rest] if rest and not (agrees and {"any", "favorite", "favourite"} & set(rest)):
            return " ".join(["I", *([] if agrees else ["do not"]), *rest])
        case ["are", "you", *rest] if rest:
            return " ".join(["I am", *([] if agrees else ["not"]), *rest])
    return None


def _completed(asked: list[str], answer: str) -> str | None:
    """An open question with the answer in the place of what it asks for."""
    opening: str | None = None
    match asked:
        case ["what" | "who", "is" | "are", "your", *noun] if _NAMED & {
            word.removesuffix("s") for word in noun
        }:
            opening = f"My {' '.join(noun)} {asked[1]}"
        case ["how", "old", "are", "you"]:
            opening = "I am"
        case ["where", "are", "you", "from"]:
            opening = "I am from"
        case ["what", "are", "you", adjective, preposition]:
            opening = f"I am {adjective} {preposition}"
        case ["where", "do", "you", ("live" | "work" | "study" | "stay") as verb, *_]:
            opening = f"I {verb} {_PLACED[verb]}"
        case ["what", "do", "you", "do"] | ["what", "do", "you", "do", "for", "a" | "work", *_]:
            opening = "I work as"
        case ["what", "do", "you", ("do" | "enjoy" | "like"), *_]:
            opening = "I enjoy"
        case ["what" | "which", "languages" | "language", ("do" | "can"), "you", "speak"]:
            opening = "I speak"
        case ["what" | "which", _, "do", "you", verb] | ["what", "do", "you", verb]:
            opening = f"I {verb}"
    return _opened(opening, answer) if opening else None


def _opened(opening: str, answer: str) -> str:
    """The two in one, with the preposition of the answer where it has one: "near Rome"."""
    first, _, placed = opening.rpartition(" ")
    repeated = placed in _PREPOSITIONS and answer.split(maxsplit=1)[0].lower() in _PREPOSITIONS
    return f"{first if repeated else opening} {answer}"
