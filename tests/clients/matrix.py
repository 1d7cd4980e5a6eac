"""The README's table: client by method by whether its cases pass.

A run of the tests leaves a mark for each case that passed; `make clients-table` runs them and writes this.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from tests.clients.cases import CASES
from tests.clients.cases.local import LOCAL
from tests.clients.environments import CACHE, ROOT
from tests.clients.releases import CLI, NODE, PYTHON, SYNC, kinds, title
from tests.clients.table import Case

README = ROOT / "README.md"
BEGIN, END = "<!-- clients:begin -->", "<!-- clients:end -->"
PASSED = CACHE / "passed"

Passed: TypeAlias = Callable[[Case], bool]


def mark(case: Case, *, passed: bool) -> None:
    """Remembers how a case went."""
    path = _mark_of(case)
    if passed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    else:
        path.unlink(missing_ok=True)


def marked(case: Case) -> bool:
    """Whether the case passed when it ran last."""
    return _mark_of(case).exists()


def render(passed: Passed) -> str:
    """Both tables, of libraries and of the command line, and the notes below them."""
    notes: list[str] = []
    releases = [*PYTHON, *NODE]
    rows = [
        [f"`{method}`", *(_cell(release, method, passed, notes) for release in releases)]
        for method in _methods(releases)
    ]
    commands = [[f"`mem0 {name}`", _cell(CLI, name, passed, notes)] for name in _methods([CLI])]
    return "\n".join(
        [
            *_table(["method", *(title(release) for release in releases)], rows),
            "",
            *_table(["command", title(CLI)], commands),
            "",
            "- sync: only the synchronous class has it; local: reaches no server; -: not in this release.",
            *(f"- ({number}): {note}." for number, note in enumerate(notes, 1)),
        ]
    )


def replaced(readme: str, table: str) -> str:
    """The README with this table between its markers."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _mark_of(case: Case) -> Path:
    return PASSED / re.sub(r"[^\w.-]", "_", case.name)


def _methods(releases: Sequence[str]) -> list[str]:
    """The methods of some releases under one spelling, in the order of the table."""
    used = [case.method for case in CASES if case.release in releases]
    local = [method for release, _, method in LOCAL if release in releases]
    return list(dict.fromkeys(_snake(method) for method in (*used, *local)))


def _snake(method: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", method)


def _cell(release: str, method: str, passed: Passed, notes: list[str]) -> str:
    cases = [case for case in CASES if (case.release, _snake(case.method)) == (release, method)]
    if not cases:
        return "local" if any((its, _snake(of)) == (release, method) for its, _, of in LOCAL) else ""
    numbers = _numbers((case.note for case in cases), notes)
    if not all(passed(case) for case in cases):
        return " ".join(["no", *numbers])
    only_sync = len(kinds(release)) > 1 and {case.kind for case in cases} == {SYNC}
    return " ".join(["sync" if only_sync else "yes", *numbers])


def _numbers(of_cases: Iterable[str], notes: list[str]) -> list[str]:
    """The numbers of the notes, each of which is told once."""
    found = dict.fromkeys(note for note in of_cases if note)
    notes.extend(note for note in found if note not in notes)
    return [f"({notes.index(note) + 1})" for note in found]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(cell or '-' for cell in cells)} |" for cells in [head, ["---"] * len(head), *rows]
    ]


def main() -> None:
    """Writes the table into the README; a case that did not pass is an error."""
    README.write_text(replaced(README.read_text(), render(marked)))
    left = [case.name for case in CASES if not marked(case)]
    if left:
        sys.exit(f"not passed: {left}")


if __name__ == "__main__":
    main()
