"""The spellings of a path that old clients use, read as the one that the routes are registered under."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

API = ("/v1/", "/v2/", "/v3/", "/api/")
"""Where clients speak. Paths below these end with a slash; others do not."""


class PathRules:
    """Serves every path with and without its trailing slash and with a doubled leading one, directly.

    HEAD is answered as GET would be; the HTTP server leaves the body out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands the request on under its canonical path."""
        if scope["type"] == "http":
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            # A copy: the server must still know that it answers HEAD.
            scope = {
                **scope,
                "path": canonical(scope["path"], ends_with_slash=_ends_with_slash(scope)),
                "method": method,
            }
        await self.app(scope, receive, send)


def canonical(path: str, *, ends_with_slash: bool) -> str:
    """The registered spelling of a path.

    At most one trailing slash is added or removed: `/v1/memories//` asks for a memory with an empty id,
    and must never become the path of all memories.

    Args:
        path: without percent encoding.
        ends_with_slash: whether it was sent with a trailing slash. An id may end with one as well, as `%2F`.
    """
    path = "/" + path.lstrip("/")
    if f"{path}/".startswith(API):
        return path if ends_with_slash else f"{path}/"
    return path.removesuffix("/") or "/"


def _ends_with_slash(scope: Scope) -> bool:
    sent = scope.get("raw_path")
    return bool(scope["path"].endswith("/") if sent is None else sent.endswith(b"/"))
