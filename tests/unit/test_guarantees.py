"""Every test that GUARANTEES.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
GUARANTEES = TESTS.parent / "GUARANTEES.md"


def test_the_tests_named_exist() -> None:
    """By file and function; a function alone is of the file named before it."""
    file, missing = "", []
    for path, function in re.findall(r"`((?:\w+/)*\w+\.py)?(?:::(\w+))?`", GUARANTEES.read_text()):
        file = path if path.endswith(".py") else file
        if file.startswith("service/") or not (path or function):
            continue
        named = TESTS / file
        if not named.is_file() or (function and f"def {function}(" not in named.read_text()):
            missing.append(f"{file}::{function}")
    assert missing == []
