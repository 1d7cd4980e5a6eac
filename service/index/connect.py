"""Connections to Chroma: embedded in this process, or a server over HTTP."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

import chromadb
import httpx
from chromadb.api.client import Client
from chromadb.api.fastapi import FastAPI
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings
from chromadb.errors import ChromaError

from service.index.heap import overwrite_freed_memory

ERRORS_OF_CHROMA = frozenset({400, 404, 409})
"""Statuses whose bodies the client turns into its own errors. Any other may come from a proxy."""


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection."""

    client: Client
    close: Callable[[], None]
    files: Path | None = None
    """Where Chroma keeps everything, if it is embedded."""
    let_go: Callable[[], None] | None = None
    """Makes room for a new connection without closing this one, by which others may still read. None: this
    one can be used further whatever failed."""


Connect: TypeAlias = Callable[[], Connection]
"""Opens a connection; blocks, and raises the errors of Chroma, of httpx and of the system, or ValueError."""


def embedded(path: Path) -> Connect:
    """Chroma in this process with its files under `path`. One process at a time may use them."""

    def connect() -> Connection:
        overwrite_freed_memory()
        try:
            created = chromadb.PersistentClient(path, settings=Settings(anonymized_telemetry=False))
        except ChromaError:
            let_go()
            raise
        client = cast("Client", created)
        return Connection(client, client.close, path, let_go)

    def let_go() -> None:
        # Chroma keeps what it opened, half or whole, and would give it to the next who asks.
        SharedSystemClient._identifier_to_system.pop(str(path), None)  # noqa: SLF001
        SharedSystemClient._identifier_to_refcount.pop(str(path), None)  # noqa: SLF001

    return connect


def server(
    url: str,
    headers: Mapping[str, str] | None = None,
    timeout: float = 10.0,
    ca_file: Path | None = None,
) -> Connect:
    """A Chroma server.

    Args:
        url: like `http://chroma:8000`, without a path; the port is 8000 or, for https, 443 if none is given.
        headers: sent with every request, to authenticate for example.
        timeout: seconds that the server may stay silent.
        ca_file: certificates in PEM, of the only authorities whose word for the server counts. None: those
            that httpx trusts.

    Raises:
        ValueError: that is no such address, or no such file.
    """
    address, trust = _parse(url), _trust(ca_file)

    def connect() -> Connection:
        # Chroma's client greets the server without any timeout, so see first that somebody answers.
        greeting = address.join("/api/v2/heartbeat")
        httpx.get(greeting, headers=headers, timeout=timeout, verify=trust).raise_for_status()
        client = _http_client(address, headers or {}, trust)
        for session in _sessions(client):
            session.timeout = httpx.Timeout(timeout)
            session.event_hooks = {"response": [_raise_for_strangers]}

        def close() -> None:
            sessions = _sessions(client)
            client.close()
            for session in sessions:
                session.close()

        return Connection(client, close)

    return connect


def _parse(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as invalid:
        raise ValueError("the address of the Chroma server is not a URL") from invalid
    if address.scheme not in {"http", "https"} or not address.host or address.path.strip("/"):
        raise ValueError("the address of a Chroma server looks like http://chroma:8000, without a path")
    if address.userinfo:
        raise ValueError("credentials for a Chroma server belong in headers, not in its address")
    default_port = 443 if address.scheme == "https" else 8000
    return httpx.URL(scheme=address.scheme, host=address.host, port=address.port or default_port)


def _trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ValueError(f"no certificates of authorities can be read from {ca_file}") from error


def _http_client(address: httpx.URL, headers: Mapping[str, str], trust: ssl.SSLContext | bool) -> Client:
    port = address.port or (443 if address.scheme == "https" else 80)
    # Said twice: where a setting is left out, Chroma looks for it in the environment and in .env.
    settings = Settings(
        anonymized_telemetry=False, chroma_server_host=address.host, chroma_server_http_port=port
    )
    # Set afterwards, for the setting is declared as a path, which httpx will not take for much longer.
    settings.chroma_server_ssl_verify = trust  # type: ignore[assignment]
    created = chromadb.HttpClient(
        address.host,
        port,
        ssl=address.scheme == "https",
        headers=dict(headers),
        settings=settings,
    )
    return cast("Client", created)


def _sessions(client: Client) -> list[httpx.Client]:
    """The HTTP clients inside Chroma's: nothing public gives them a timeout or closes them."""
    servers = (client._server, client._admin_client._server)  # type: ignore[attr-defined]  # noqa: SLF001
    sessions = [api._session for api in servers if isinstance(api, FastAPI)]  # noqa: SLF001
    if len(sessions) != len(servers):
        raise TypeError("this version of chromadb keeps its HTTP clients elsewhere")
    return sessions


def _raise_for_strangers(response: httpx.Response) -> None:
    """Answers in the name of httpx what Chroma's client would raise as a bare Exception."""
    if response.is_error and response.status_code not in ERRORS_OF_CHROMA:
        response.raise_for_status()
