import numpy as np
import pytest

from service.memory.lexical import LONGEST_CACHED, coverage, overlap, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She was hiking; they hiked!", {"hike"}),
        ("Where are YOU?", {"where", "are", "you"}),
        ("Tom's 2nd café", {"tom", "2nd", "café"}),
        ("ＣＡＦＥ", {"cafe"}),
        ("snake_case", {"snake", "case"}),
        ("我喜欢茶", {"我", "喜", "欢", "茶"}),
        ("Люблю чай", {"люблю", "чай"}),
        ("👍 ...", set()),
        ("", set()),
    ],
)
def test_terms(text: str, expected: set[str]) -> None:
    """Words are folded and stemmed; function words count only where there is nothing else."""
    assert terms(text) == expected


def test_terms_of_a_long_text() -> None:
    """A text too long for the cache is read all the same."""
    assert terms("tea " * LONGEST_CACHED) == {"tea"}


def test_coverage() -> None:
    """A document covers by the rarity of the words it holds: all of them 1, none 0."""
    documents = [terms(text) for text in ("Tom likes tea", "Tom likes coffee", "Tom", "Berlin")]

    all_of_it, common, name, nothing = coverage(terms("Does Tom like tea?"), documents)

    assert all_of_it == pytest.approx(1)
    assert all_of_it > common > name > nothing == 0
    assert all_of_it - common > common - name


def test_coverage_counts_words_nobody_holds() -> None:
    """A query whose rare word nobody holds is covered poorly by the best."""
    assert coverage(terms("Tom's xylophone"), [terms("Tom"), terms("Mia")])[0] < 0.5


@pytest.mark.parametrize(("query", "count"), [("tea", 0), ("", 2), ("...", 2)])
def test_coverage_of_nothing(query: str, count: int) -> None:
    """No documents give no scores; a query without words is covered by nobody."""
    np.testing.assert_array_equal(coverage(terms(query), [terms("tea")] * count), np.zeros(count))


def test_overlap() -> None:
    """The same words overlap fully in any order, others not at all; more in common is more."""
    texts = [terms("I moved from Berlin to Munich"), terms("...")]
    known = [terms(text) for text in ("moved: Munich, Berlin", "Lives in Berlin", "Likes tea", "!")]

    overlaps = overlap(texts, known)

    assert overlaps.shape == (2, 4)
    assert overlaps[0, 0] == pytest.approx(1)
    assert overlaps[0, 0] > overlaps[0, 1] > overlaps[0, 2] == overlaps[0, 3] == 0
    assert not overlaps[1].any()
