"""Generates the Python stubs from the protos, or checks that they are up to date.

python protos/generate.py            write protos/memoryd/v1/*_pb2*.py and .pyi
python protos/generate.py --check    fail when they differ from the protos, or when buf finds fault
"""

from __future__ import annotations

import filecmp
import subprocess
import sys
import tempfile
from pathlib import Path

import google.api.annotations_pb2 as annotations
from grpc_tools import protoc

PROTOS = Path(__file__).resolve().parent
SOURCES = sorted(PROTOS.glob("memoryd/**/*.proto"))
RELEASED = PROTOS / "released.binpb"
"""The descriptor set of the last release."""
INCLUDES = [
    f"--proto_path={PROTOS}",
    f"--proto_path={Path(annotations.__file__).parents[2]}",
    f"--proto_path={Path(protoc.__file__).parent / '_proto'}",
]


def generate(target: Path) -> None:
    """Writes the stubs below `target`."""
    plugins = Path(sys.executable).parent
    arguments = [
        "protoc",
        *INCLUDES,
        f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
        f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
        f"--python_out={target}",
        f"--grpc_python_out={target}",
        f"--mypy_out=quiet:{target}",
        f"--mypy_grpc_out=quiet,only_async:{target}",
        *(str(source) for source in SOURCES),
    ]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed")


def lint() -> None:
    """Runs buf over descriptor sets, which needs no network and no module cache.

    The contract may grow; what the last release promised must stay as it was.
    """
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "image.binpb"
        describe(image, "--include_source_info")
        buf("lint", image)
        if RELEASED.exists():
            buf("breaking", image, "--against", RELEASED)


def describe(target: Path, *extra: str) -> None:
    """Writes the protos as a descriptor set."""
    flags = [f"--descriptor_set_out={target}", "--include_imports", *extra]
    if protoc.main(["protoc", *INCLUDES, *flags, *(str(source) for source in SOURCES)]) != 0:
        raise SystemExit("protoc failed")


def buf(command: str, image: Path, *arguments: str | Path) -> None:
    """Runs a check of buf on our own part of a descriptor set."""
    program = Path(sys.executable).parent / "buf"
    common = ["--path", "memoryd", "--config", PROTOS / "buf.yaml"]
    if subprocess.run([program, command, image, *arguments, *common], check=False).returncode:  # noqa: S603
        raise SystemExit(f"buf {command} found fault")


def stale(fresh: Path) -> list[str]:
    """The generated files that differ from the committed ones, or are missing on either side."""
    made = {path.relative_to(fresh) for path in fresh.rglob("*_pb2*.py*")}
    kept = {
        path.relative_to(PROTOS) for path in PROTOS.rglob("memoryd/**/*_pb2*.py*") if path.suffix != ".pyc"
    }
    kept = {path for path in kept if "__pycache__" not in path.parts}
    differing = {path for path in made & kept if not filecmp.cmp(fresh / path, PROTOS / path, shallow=False)}
    return sorted(str(path) for path in (made ^ kept) | differing)


def main() -> int:
    """Generates, or checks when asked to."""
    if "--release" in sys.argv:
        describe(RELEASED)
        return 0
    if "--check" not in sys.argv:
        generate(PROTOS)
        return 0
    lint()
    with tempfile.TemporaryDirectory() as scratch:
        generate(Path(scratch))
        files = stale(Path(scratch))
    if files:
        print("stale stubs, run `make protos`:", *files, sep="\n  ")  # noqa: T201 - a command line tool
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
