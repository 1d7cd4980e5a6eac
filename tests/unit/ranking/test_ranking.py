import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.embeddings.sentence_model import SentenceModel
from service.memory.ranking import DEFAULT, Document, Ranking, Weights, Wording, rank

DIALOGUE = (
    Document("Hey Mel, how was the weekend?", "Caroline"),
    Document("Great, we went camping.", "Melanie"),
    Document("Do you eat meat at the campfire?", "Caroline"),
    Document("No, not since 2019!", "Melanie"),
    Document("Good for you.", "Caroline"),
)
FAR_AWAY = tuple(Document(f"Row {number} of the spreadsheet is done.", "Caroline") for number in range(20))


def _ask(
    model: SentenceModel, query: str, documents: tuple[Document, ...], weights: Weights = DEFAULT
) -> Ranking:
    vectors = model.embed([document.text for document in documents])
    wording = Wording.of(query, documents)
    return rank(wording, model.embed(wording.phrasings), vectors, weights)


def _lines(*similarities: float) -> np.ndarray:
    """Plane vectors with these cosines to (1, 0)."""
    return np.array([(cosine, np.sqrt(1 - cosine**2)) for cosine in similarities], dtype=np.float32)


QUERY = _lines(1, 1)


def test_no_documents() -> None:
    """An empty scope has an empty ranking."""
    ranking = rank(Wording.of("tea", []), QUERY, np.empty((0, 2), dtype=np.float32))

    assert ranking.order.size == ranking.scores.size == 0


def test_of_two_alike_the_newer_is_first() -> None:
    """The same text twice: the newer memory comes first."""
    wording = Wording.of("tea", [Document("tea")] * 3)
    assert rank(wording, QUERY, _lines(1, 1, 1)).order.tolist() == [2, 1, 0]


@given(
    cosines=st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=30),
    texts=st.lists(
        st.sampled_from(["tea", "tea with milk", "Tom: tea", "coffee", ""]), min_size=30, max_size=30
    ),
    runs=st.lists(st.sampled_from([None, "a", "b"]), min_size=30, max_size=30),
    verbatim=arrays.arrays(bool, 30),
)
def test_what_always_holds(
    cosines: list[float],
    texts: list[str],
    runs: list[str | None],
    verbatim: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> None:
    """Scores are in [0, 1] and in order; company lifts by its limit at most, and nobody above the best."""
    documents = [
        Document(text, "Tom", run, bool(kept)) for text, run, kept in zip(texts, runs, verbatim, strict=True)
    ][: len(cosines)]
    wording = Wording.of("tea, Tom?", documents)
    alone = rank(wording, QUERY, _lines(*cosines), replace(DEFAULT, company=0.0))

    ranking = rank(wording, QUERY, _lines(*cosines))

    assert sorted(ranking.order) == list(range(len(cosines)))
    assert np.all((ranking.scores >= 0) & (ranking.scores <= 1))
    assert np.all(np.diff(ranking.scores[ranking.order]) <= 0)
    assert ranking.order[0] == alone.order[0]
    gains = ranking.scores - alone.scores
    assert np.all((gains >= 0) & (gains <= DEFAULT.company_limit + 1e-6))
    assert not gains[[not document.verbatim for document in documents]].any()


def test_an_answer_is_found_by_the_question_before_it(model: SentenceModel) -> None:
    """What was said next to the best memory comes before what was said elsewhere."""
    documents = (*FAR_AWAY, *DIALOGUE, *FAR_AWAY)

    order = _ask(model, "Does Melanie eat meat?", documents).order.tolist()

    assert order.index(len(FAR_AWAY) + 3) <= 1


def test_few_have_no_company(model: SentenceModel) -> None:
    """In a scope of five, what was said next to the answer is no better for it."""
    alone = _ask(model, "Does Melanie eat meat?", DIALOGUE, replace(DEFAULT, company=0.0)).scores

    assert _ask(model, "Does Melanie eat meat?", DIALOGUE).scores.tolist() == alone.tolist()


def test_conversations_do_not_mix(model: SentenceModel) -> None:
    """Company is of one run, however runs alternate in time."""
    other = [replace(document, text=f"Row {n}", conversation="b") for n, document in enumerate(DIALOGUE)]
    mixed = tuple(document for pair in zip(DIALOGUE, other, strict=True) for document in pair)

    apart = _ask(model, "Does Melanie eat meat?", (*DIALOGUE, *other)).scores
    together = _ask(model, "Does Melanie eat meat?", mixed).scores

    np.testing.assert_allclose(together[::2], apart[: len(DIALOGUE)], atol=1e-6)
    np.testing.assert_allclose(together[1::2], apart[len(DIALOGUE) :], atol=1e-6)


@pytest.mark.parametrize(
    "documents",
    [
        (Document("I love tea", "Tom Hill"), Document("I love tea", "Mia")),
        (Document("Tom: I love tea"), Document("Mia: I love tea"), Document("Tom: Hi"), Document("Mia: Hi")),
    ],
    ids=["name", "prefix"],
)
def test_the_speaker_counts(model: SentenceModel, documents: tuple[Document, ...]) -> None:
    """Of two who said the same, the one whom the query names comes first."""
    weights = replace(DEFAULT, lexical=0.0)
    assert _ask(model, "What does Tom love?", documents, weights).order[0] == 0
    assert _ask(model, "what does mia love?", documents, weights).order[0] == 1


@pytest.mark.parametrize(
    ("query", "names", "focused"),
    [
        ("When did Caroline's dog die?", ["Caroline", "Melanie"], "When did dog die?"),
        ("what does caroline like?", ["Caroline"], "what does like?"),
        ("What does the user like?", ["user"], "What does the like?"),
        ("What will Tom do with Anne-Marie Hill?", ["Will", "Anne-Marie Hill"], "What will Tom do with ?"),
        ("Who is Caroline?", ["Caroline"], "Who is Caroline?"),
        ("What did Caroline see in the LGBTQ centre?", ["user"], "What did see in the LGBTQ centre?"),
        ("Welche Musik hört Alex beim Kochen?", ["user"], "Welche Musik hört Alex beim Kochen?"),
        ("", ["user"], ""),
    ],
)
def test_phrasings(query: str, names: list[str], focused: str) -> None:
    """Speakers' names go, or capitalized words where nobody is known by name; something always stays."""
    assert Wording.of(query, [Document("Hi", name) for name in names]).phrasings == (query, focused)


def test_a_label_is_no_speaker() -> None:
    """What stands before a colon once, or in a fact, is no name."""
    documents = [
        Document("Phone: 555-0100"),
        Document("Dog: Rex", verbatim=False),
        Document("Dog: Fido", verbatim=False),
    ]

    query = "which dog has a phone at home?"
    assert Wording.of(query, documents).phrasings == (query, query)


def test_speed(model: SentenceModel) -> None:
    """A thousand memories whose words are known are ranked in some milliseconds."""
    documents = DIALOGUE * 200
    vectors = np.resize(model.embed([document.text for document in DIALOGUE]), (1000, model.dimensions))
    query = "Does Melanie eat meat?"
    query_vectors = model.embed(Wording.of(query, documents).phrasings)

    def seconds() -> float:
        start = time.process_time()
        rank(Wording.of(query, documents), query_vectors, vectors)
        return time.process_time() - start

    assert min(seconds() for _ in range(5)) < 0.025
