from __future__ import annotations

import grpc
import pytest

from gateway.errors import HTTP_STATUS, TEXTS
from gateway.paths import canonical


@pytest.mark.parametrize(
    ("path", "registered"),
    [
        ("/v1/memories/", "/v1/memories/"),
        ("/v1/memories", "/v1/memories/"),
        ("//v1/memories", "/v1/memories/"),
        ("/v1", "/v1/"),
        ("/api/v1/orgs", "/api/v1/orgs/"),
        ("/healthz/", "/healthz"),
        ("/", "/"),
        ("", "/"),
        ("/v10/x", "/v10/x"),
    ],
)
def test_canonical_paths(path: str, registered: str) -> None:
    """A path is read as the one spelling under which routes are registered."""
    assert canonical(path, ends_with_slash=path.endswith("/")) == registered


@pytest.mark.parametrize("path", ["/v1/memories//", "/v1//memories/", "/v1/entities/user//"])
def test_an_empty_segment_stays(path: str) -> None:
    """An empty id in a path never turns the path into that of the whole collection."""
    assert canonical(path, ends_with_slash=path.endswith("/")) == path


def test_every_code_is_mapped_or_ours() -> None:
    """Codes without a status are those that mean a fault of ours, and every status has a text."""
    ours = {grpc.StatusCode.OK, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS}
    assert set(grpc.StatusCode) - set(HTTP_STATUS) == ours
    assert set(HTTP_STATUS.values()) - {401} <= set(TEXTS)
