"""What stands in front of a Chroma server: TLS, a token, and times in which it stalls or fails."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import trustme

TOKEN = "a-token-for-chroma"
HOST = "127.0.0.1"


class Authority:
    """A certificate authority of the test's own.

    Args:
        directory: where its certificate is written.
    """

    def __init__(self, directory: Path) -> None:
        self._ca = trustme.CA()
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "ca.pem"
        """What those read who trust it."""
        self._ca.cert_pem.write_to_path(str(self.file))

    def context(self) -> ssl.SSLContext:
        """What a server on this machine needs to be trusted."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(HOST).configure_cert(context)
        return context


class Front:
    """Ends TLS, asks for a token, and passes on what has it.

    Args:
        target: the address of the Chroma server.
        authority: who vouches for it.
        port: where it listens.
    """

    def __init__(self, target: str, authority: Authority, port: int) -> None:
        self.url = f"https://{HOST}:{port}"
        self.arrived = 0
        """How many requests got through the handshake, with a token or without."""
        self.failing: int | None = None
        """The status that everybody is answered with."""
        self._target, self._authority, self._port = target, authority, port
        self._passing = threading.Event()
        self._passing.set()

    def settings(self, token: str = TOKEN) -> Mapping[str, str]:
        """What a memoryd is told of it."""
        return {
            "MEMORYD_CHROMA_URL": self.url,
            "MEMORYD_CHROMA_HEADERS": f"Authorization=Bearer {token}",
            "MEMORYD_CHROMA_CA_FILE": str(self._authority.file),
        }

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Takes requests and neither answers nor passes them on until the block ends."""
        self._passing.clear()
        try:
            yield
        finally:
            self._passing.set()

    @contextmanager
    def failing_with(self, status: int) -> Iterator[None]:
        """Answers everybody with an error until the block ends."""
        self.failing = status
        try:
            yield
        finally:
            self.failing = None

    @contextmanager
    def listening(self, authority: Authority | None = None) -> Iterator[str]:
        """Serves until the block ends, and ends all connections with it; gives its address.

        Args:
            authority: another one to vouch for it this time.
        """
        context = (authority or self._authority).context()
        with httpx.Client(base_url=self._target, timeout=30) as chroma:
            server = _Server((HOST, self._port), self._handler(chroma))
            # The handshake is for the connection's own thread: a client that breaks it off stops nobody else.
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            try:
                yield self.url
            finally:
                server.shutdown()
                thread.join()
                server.hang_up()
                server.server_close()

    def _handler(self, chroma: httpx.Client) -> type[BaseHTTPRequestHandler]:
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                front.arrived += 1
                front._passing.wait()
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    self._answer(401, b"{}")
                elif front.failing is not None:
                    self._answer(front.failing, b"<html>Something is wrong</html>")
                else:
                    kind = {"Content-Type": self.headers.get("Content-Type", "application/json")}
                    passed = chroma.request(self.command, self.path, content=content, headers=kind)
                    self._answer(passed.status_code, passed.content)

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

            def _answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_activate(self) -> None:
        self._connections = set[socket.socket]()
        super().server_activate()

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client: object) -> None:
        assert isinstance(request, socket.socket)
        self._connections.add(request)
        super().process_request(request, client)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        assert isinstance(request, socket.socket)
        self._connections.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """Nothing: clients that hang up, or do not trust it, are what it is for."""
