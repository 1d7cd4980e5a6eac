"""What can go wrong with Chroma, as errors of the domain."""

from __future__ import annotations

import json
import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from chromadb.errors import ChromaError

from service.memory.errors import INDEX_UNAVAILABLE, Unavailable

INDEX_INCOMPATIBLE = "INDEX_INCOMPATIBLE"
"""What the index holds was made for vectors of another kind. Somebody has to act."""


@contextmanager
def index_failures() -> Iterator[None]:
    """Turns every error of Chroma into Unavailable. The cause is chained and its text stays private."""
    try:
        yield
    except (ChromaError, httpx.HTTPError, json.JSONDecodeError, sqlite3.Error, OSError) as error:
        raise Unavailable(_public(error), reason=INDEX_UNAVAILABLE) from error


def _public(error: BaseException) -> str:
    """What everybody may know: of TLS, which somebody has to mend, that it is that."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "The index is not trusted: its TLS certificate does not hold."
        if isinstance(cause, ssl.SSLError):
            return "The index cannot be reached: TLS with it fails."
        cause = cause.__cause__ or cause.__context__
    return "The index does not answer. Try again."
