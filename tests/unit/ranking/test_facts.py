import numpy as np
import pytest

from service.embeddings.sentence_model import SentenceModel
from service.memory.ranking import Document, Ranking, Wording, nearest_known, rank
from tests.unit.ranking.facts import FACTS, MISSED, NEWS, UNRELATED

TEXTS = list(FACTS)


def _rankings(model: SentenceModel, queries: list[str], verbatim: bool) -> list[Ranking]:
    documents = [Document(text, "user", None, verbatim) for text in TEXTS]
    vectors = model.embed(TEXTS)
    asked = [Wording.of(query, documents) for query in queries]
    return [rank(wording, model.embed(wording.phrasings), vectors) for wording in asked]


@pytest.mark.parametrize("verbatim", [False, True])
def test_the_fact_that_answers_is_first(model: SentenceModel, verbatim: bool) -> None:
    """A question finds the fact that answers it, also if facts were added as they are, next to others."""
    rankings = _rankings(model, list(FACTS.values()), verbatim)

    missed = {text for text, ranking in zip(TEXTS, rankings, strict=True) if TEXTS[ranking.order[0]] != text}
    assert missed <= MISSED


def test_scores_mean_the_same_everywhere(model: SentenceModel) -> None:
    """The fact's own words score 1, a question about it over 0.35, an unrelated query at most 0.32."""
    own_words = _rankings(model, TEXTS, verbatim=False)
    questions = _rankings(model, list(FACTS.values()), verbatim=False)
    unrelated = _rankings(model, list(UNRELATED), verbatim=False)

    assert [float(ranking.scores[n]) for n, ranking in enumerate(own_words)] == pytest.approx(
        [1] * 40, abs=1e-3
    )
    assert [int(ranking.order[0]) for ranking in own_words] == list(range(40))
    assert min(float(ranking.scores[n]) for n, ranking in enumerate(questions)) > 0.35
    assert max(float(ranking.scores.max()) for ranking in unrelated) < 0.32
    assert np.median([ranking.scores for ranking in questions]) < 0.2


@pytest.mark.parametrize(("said", "known"), NEWS.items())
def test_news_find_what_they_change(model: SentenceModel, said: str, known: str) -> None:
    """What a user says is near the fact that it changes, whatever else is said with it."""
    texts = ["By the way, the weather is lovely.", said]

    candidates = nearest_known(texts, model.embed(texts), TEXTS, model.embed(TEXTS), limit=5)

    assert len(candidates) == 5
    assert known in [TEXTS[index] for index, _ in candidates[:2]]
    assert [score for _, score in candidates] == sorted((score for _, score in candidates), reverse=True)


def test_nothing_new_or_known_has_no_candidates(model: SentenceModel) -> None:
    """Without texts on either side there is nothing near."""
    none = np.empty((0, model.dimensions), dtype=np.float32)

    assert nearest_known([], none, ["Likes tea"], model.embed(["Likes tea"]), 5) == []
    assert nearest_known(["I like tea"], model.embed(["I like tea"]), [], none, 5) == []
