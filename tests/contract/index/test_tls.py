"""A Chroma server behind TLS and a token. What works over it is in test_index: here is what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.bootstrap.index import chroma_of
from service.config import Settings, SettingsError, StartError, read_settings
from service.index.chroma import ChromaIndex
from service.index.connect import Connect, server
from service.memory.errors import Unavailable
from tests.chroma_front import Authority, Front
from tests.contract.index.conftest import DIMENSIONS, MODEL, through


async def refused(connect: Connect) -> Unavailable:
    """How an index on this connection says no."""
    index = ChromaIndex(connect, MODEL, DIMENSIONS)
    try:
        with pytest.raises(Unavailable) as caught:
            await index.vectors("project", ["m"])
    finally:
        index.close()
    assert caught.value.reason == "INDEX_UNAVAILABLE"
    return caught.value


async def test_another_authority(front: Front, tmp_path: Path) -> None:
    """A server that the named authority does not vouch for is sent nothing, and the error says TLS."""
    arrived = front.arrived
    error = await refused(through(front, Authority(tmp_path)))
    assert error.text == "The index is not trusted: its TLS certificate does not hold."
    assert front.arrived == arrived


async def test_public_authorities_only(front: Front) -> None:
    """Without the file an authority of one's own is not trusted either."""
    assert "TLS certificate" in (await refused(server(front.url))).text


async def test_a_name_that_is_not_certified(front: Front, authority: Authority) -> None:
    """The certificate has to be for the address that the settings name."""
    elsewhere = server(front.url.replace("127.0.0.1", "localhost"), ca_file=authority.file)
    assert "TLS certificate" in (await refused(elsewhere)).text


async def test_no_tls_where_it_should_be(chroma_server: str, authority: Authority) -> None:
    """A server that speaks no TLS is not spoken to without."""
    error = await refused(server(chroma_server.replace("http:", "https:"), ca_file=authority.file))
    assert error.text == "The index cannot be reached: TLS with it fails."


async def test_another_token(front: Front, authority: Authority) -> None:
    """A wrong token is an outage like any other, and is in no text."""
    error = await refused(through(front, authority, "a-wrong-token"))
    assert error.text == "The index does not answer. Try again."
    assert front.arrived


def settings(monkeypatch: pytest.MonkeyPatch, url: str, ca_file: Path) -> Settings:
    """Settings that name a server and an authority."""
    monkeypatch.setenv("MEMORYD_CHROMA_URL", url)
    monkeypatch.setenv("MEMORYD_CHROMA_CA_FILE", str(ca_file))
    return read_settings()


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None) -> None:
    """Authorities that cannot be read end the start."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(StartError, match=r"no certificates .* can be read from .*ca\.pem") as caught:
        chroma_of(settings(monkeypatch, "https://chroma", file))
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize("url", ["http://chroma:8000", ""])
def test_authorities_without_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    """Who names authorities wants TLS: an address without it is refused."""
    with pytest.raises(SettingsError, match=r"MEMORYD_CHROMA_CA_FILE: .*MEMORYD_CHROMA_URL is no https"):
        settings(monkeypatch, url, tmp_path)
