"""What no file of the repository may hold, whatever it is about.

Every needle is put together from pieces, so that this file does not hold one itself.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _any_of(*needles: tuple[str, ...]) -> re.Pattern[bytes]:
    return re.compile("|".join(re.escape("".join(pieces)) for pieces in needles).encode())


REGISTRY_HOSTS = _any_of(
    ("pypi", ".org"),
    ("python", "hosted"),
    ("registry.", "npmjs"),
    ("npmjs", ".com"),
    ("registry.", "yarnpkg"),
    ("proxy.", "golang"),
    ("crates", ".io"),
    ("repo1.", "maven"),
    ("hugging", "face.co"),
)
MACHINE_PATHS = re.compile(rb"(?<![\w.~-])/(?:work|root|tmp/wt|opt/wheels|opt/pypi|Users|home/\w+)/")
POSTPONED_WORK = re.compile(
    rb"\b(?:" + b"|".join([b"TO" + b"DO", b"FIX" + b"ME", b"X" * 3, b"HA" + b"CK"]) + rb")\b"
)

RULES = {
    "registry hosts": (REGISTRY_HOSTS, b"https://pypi%sorg/simple" % b"."),
    "machine paths": (MACHINE_PATHS, b"open('%swork/data')" % b"/"),
    "postponed work": (POSTPONED_WORK, b"# TO%s: later" % b"DO"),
}


def _files() -> list[Path]:
    """The files of the repository: those that git knows, and those that it would add.

    But for PNG pictures: compressed, they say any three letters by chance. Each has an SVG that is read.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    files = [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in files if not (path.suffix == ".png" and path.with_suffix(".svg").is_file())]


@pytest.mark.parametrize(("pattern", "example"), RULES.values(), ids=list(RULES))
def test_no_file_breaks_a_house_rule(pattern: re.Pattern[bytes], example: bytes) -> None:
    """Files work on any machine, with any package index, and are finished."""
    assert pattern.search(example)
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _files()
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []
