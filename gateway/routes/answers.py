"""Successes. Every one has a JSON body: clients parse whatever comes."""

from __future__ import annotations

from memoryd import exact_json
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import Response


def answer(body: bytes, status: int = 200) -> Response:
    """An answer with JSON that is written already."""
    return Response(body, status, media_type="application/json")


def answer_object(value: dict[str, object], status: int = 200) -> Response:
    """An answer with an object."""
    return answer(exact_json.dumps(value).encode(), status)


def answer_array(value: list[object], status: int = 200) -> Response:
    """An answer with an array."""
    return answer(exact_json.dumps(value).encode(), status)


def address_of(request: Request) -> URL:
    """The request's address as the client knows it, behind a proxy that ends TLS too."""
    secure = request.headers.get("x-forwarded-proto") == "https"
    return request.url.replace(scheme="https") if secure else request.url
