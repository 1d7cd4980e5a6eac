from __future__ import annotations

from tests.clients import matrix
from tests.clients.cases import CASES


def test_the_readme_shows_what_the_tests_say() -> None:
    """The README's table is the one that a run writes in which every case passes."""
    readme = matrix.README.read_text()
    assert matrix.replaced(readme, matrix.render(lambda _: True)) == readme, "run `make clients-table`"


def test_a_case_that_fails_is_not_hidden() -> None:
    """One class that fails is enough for the whole cell to say no."""
    failing = next(case for case in CASES if case.method == "get")
    table = matrix.render(lambda case: case is not failing)
    assert table.count("| no |") == 1
    assert "| no |" not in matrix.render(lambda _: True)
