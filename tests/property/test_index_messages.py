"""What memoryd and the process of its index say to each other arrives, in whatever pieces."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.index.messages import Frames, Request, Response, framed, read_request

values = st.one_of(
    st.none(), st.text(max_size=20), st.lists(st.integers(), max_size=30), st.binary(max_size=3_000)
)
responses = st.lists(st.tuples(st.integers(0), values, st.none()), max_size=5)


def _pieces(data: bytes, cuts: Sequence[int]) -> Iterator[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    yield from (data[start:end] for start, end in itertools.pairwise(places))


@given(responses, st.lists(st.integers(0, 20_000), max_size=12))
def test_answers(sent: list[Response], cuts: list[int]) -> None:
    """However the bytes are cut, the same answers come in the same order."""
    frames = Frames()
    data = b"".join(framed(response) for response in sent)
    assert [message for piece in _pieces(data, cuts) for message in frames.complete(piece)] == sent


@given(st.lists(values, max_size=5), st.integers(1, 40))
def test_requests(arguments: list[object], lost: int) -> None:
    """Whole requests are read; after the last, or one that was cut off, there is none."""
    requests: list[Request] = [(number, ("m", 3), "any", (each,)) for number, each in enumerate(arguments)]
    data = b"".join(framed(request) for request in requests)
    stream = io.BytesIO(data + framed((0, ("m", 3), "ping", ()))[:-lost])
    assert [read_request(stream) for _ in requests] == requests
    assert read_request(stream) is None


def test_vectors() -> None:
    """Numbers arrive as they are."""
    vectors = np.random.default_rng(3).standard_normal((100, 384)).astype(np.float32)
    [(_, (ids, found), _)] = Frames().complete(framed((1, (["a"], vectors), None)))
    assert ids == ["a"]
    np.testing.assert_array_equal(found, vectors)
