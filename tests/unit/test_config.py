from __future__ import annotations

import os

import pytest
from pydantic import ValidationError

from service.config import PREFIX, ReasonerChoice, SettingsError, read_settings, unknown_variables

SECRET = "sk-a-secret-of-the-environment"


@pytest.fixture(autouse=True)
def _no_settings_of_whoever_runs_this(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith((PREFIX, "OPENAI_")):
            monkeypatch.delenv(name)


def test_nothing_needs_to_be_set() -> None:
    """The defaults are those of `make serve`: this machine only, the rules without a key."""
    settings = read_settings()
    assert settings.grpc_address == "127.0.0.1:50051"
    assert settings.http_address == "127.0.0.1:8080"
    assert str(settings.data_dir) == ".memoryd"
    assert settings.chosen_reasoner is ReasonerChoice.RULES


def test_a_key_chooses_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    """With OPENAI_API_KEY `auto` is openai, and `rules` stays rules."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert read_settings().chosen_reasoner is ReasonerChoice.OPENAI
    monkeypatch.setenv("MEMORYD_REASONER", "rules")
    assert read_settings().chosen_reasoner is ReasonerChoice.RULES


@pytest.mark.parametrize("name", ["MEMORYD_REASONER", "MEMORYD_EMBEDDER"])
def test_openai_needs_a_key(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Who asks for openai without a key is told what is missing."""
    monkeypatch.setenv(name, "openai")
    with pytest.raises(SettingsError, match=f"  OPENAI_API_KEY: .*{name}=openai needs it"):
        read_settings()


def test_empty_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable without a value, as deployments leave them, is as if it were not there."""
    for name in (
        "OPENAI_API_KEY",
        "MEMORYD_BOOTSTRAP_API_KEY",
        "MEMORYD_REASONER",
        "MEMORYD_REQUEST_TIMEOUT",
    ):
        monkeypatch.setenv(name, "")
    settings = read_settings()
    assert (settings.openai_api_key, settings.bootstrap_api_key) == (None, None)
    assert settings.chosen_reasoner is ReasonerChoice.RULES


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEMORYD_GRPC_ADDRESS", "50051"),
        ("MEMORYD_GRPC_ADDRESS", "127.0.0.1:"),
        ("MEMORYD_HTTP_ADDRESS", ":8080"),
        ("MEMORYD_HTTP_ADDRESS", "127.0.0.1:65536"),
        ("MEMORYD_DATABASE_URL", SECRET),
        ("MEMORYD_DATABASE_URL", f"mysql://{SECRET}@host/name"),
        ("MEMORYD_DATABASE_URL", f"postgresql+asyncpg://{SECRET}@host/name"),
        ("MEMORYD_DATABASE_URL", f"postgresql://{SECRET}:{SECRET}@host:port/name"),
        ("MEMORYD_DATABASE_URL", "sqlite://"),
        ("MEMORYD_DATABASE_URL", "sqlite:///:memory:"),
        ("MEMORYD_CHROMA_URL", "chroma:8000"),
        ("MEMORYD_CHROMA_URL", "http://:8000"),
        ("MEMORYD_CHROMA_URL", "http://chroma:99999"),
        ("OPENAI_BASE_URL", "api.openai.com/v1"),
        ("MEMORYD_REASONER", "oracle"),
        ("MEMORYD_EMBEDDER", "remote"),
        ("MEMORYD_BOOTSTRAP_API_KEY", SECRET[:15]),
        ("MEMORYD_BOOTSTRAP_API_KEY", f"{SECRET} {SECRET}"),
        ("MEMORYD_BOOTSTRAP_API_KEY", f"{SECRET}é"),
        ("MEMORYD_REQUEST_TIMEOUT", "0"),
        ("MEMORYD_REQUEST_TIMEOUT", "nan"),
        ("MEMORYD_REQUEST_TIMEOUT", "inf"),
        ("MEMORYD_REQUEST_TIMEOUT", "soon"),
        ("MEMORYD_MAX_CONCURRENT_REQUESTS", "0"),
        ("MEMORYD_DRAIN_SECONDS", "-1"),
        ("MEMORYD_LOG_LEVEL", "debug"),
        ("MEMORYD_LOG_FORMAT", "xml"),
    ],
)
def test_wrong_values(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Each is refused under its own name, and no secret is repeated."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert f"  {name}: " in str(caught.value)
    assert SECRET[:15] not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEMORYD_DATABASE_URL", "sqlite:////data/ledger.sqlite3"),
        ("MEMORYD_DATABASE_URL", "postgresql+psycopg://me:secret@host/name"),
        ("MEMORYD_DATABASE_URL", "postgres://me:secret@[::1]:5432/name?sslmode=require"),
        ("MEMORYD_DATABASE_URL", "postgresql:///name?host=/run/postgresql"),
        ("MEMORYD_CHROMA_URL", "https://chroma.example.com"),
        ("OPENAI_BASE_URL", "http://[::1]:11434/v1"),
    ],
)
def test_addresses_of_others(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Addresses are taken in every spelling that their clients take."""
    monkeypatch.setenv(name, value)
    read_settings()


def test_all_mistakes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error names every wrong setting."""
    wrong = {
        "GRPC_ADDRESS": "x",
        "REQUEST_TIMEOUT": "-1",
        "LOG_LEVEL": "loud",
        "DRAIN_SECONDS": "x",
        "DATABASE_URL": "x",
        "CHROMA_URL": "x",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert all(f"{PREFIX}{name}:" in str(caught.value) for name in wrong)


def test_settings_are_frozen_and_keep_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody changes them later, and printing them shows no key."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("MEMORYD_BOOTSTRAP_API_KEY", SECRET)
    settings = read_settings()
    with pytest.raises(ValidationError):
        setattr(settings, "model", "other")  # noqa: B010 - a plain assignment is refused before it runs
    assert SECRET not in repr(settings)


def test_misspelt_variables() -> None:
    """What looks like a setting and is none is found; other people's variables are not ours to judge."""
    environment = {"MEMORYD_MODLE": "x", "MEMORYD_MODEL": "x", "MEMORYD_OPENAI_API_KEY": "x", "HOME": "x"}
    assert unknown_variables(environment) == ["MEMORYD_MODLE", "MEMORYD_OPENAI_API_KEY"]


@pytest.mark.parametrize(
    ("address", "target"),
    [("127.0.0.1:1", "127.0.0.1:1"), ("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "127.0.0.1:1")],
)
def test_the_gateway_dials_where_the_service_listens(
    monkeypatch: pytest.MonkeyPatch, address: str, target: str
) -> None:
    """An address that means every interface is no address to dial."""
    monkeypatch.setenv("MEMORYD_GRPC_ADDRESS", address)
    assert read_settings().gateway_target == target
    monkeypatch.setenv("MEMORYD_GRPC_TARGET", "dns:///memoryd:1")
    assert read_settings().gateway_target == "dns:///memoryd:1"


@pytest.mark.parametrize(
    ("settings", "own", "shared"),
    [
        ({}, ["/data"], False),
        ({"DATABASE_URL": "postgresql://host/name"}, ["/data"], True),
        ({"CHROMA_URL": "http://chroma:8000"}, ["/data"], False),
        ({"DATABASE_URL": "postgresql://host/name", "CHROMA_URL": "http://chroma:8000"}, [], True),
        ({"DATABASE_URL": "sqlite:////files/l.db", "CHROMA_URL": "http://chroma:8000"}, ["/files"], False),
        ({"DATABASE_URL": "sqlite:////files/l.db?timeout=5"}, ["/data", "/files"], False),
        ({"DATABASE_URL": "sqlite:////data/l.db"}, ["/data"], False),
    ],
)
def test_what_bears_one_process(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], own: list[str], shared: bool
) -> None:
    """Files are one process's own, wherever they are and however they are named; servers are shared."""
    for name, value in {"DATA_DIR": "/data", **settings}.items():
        monkeypatch.setenv(PREFIX + name, value)
    read = read_settings()
    assert ([str(directory) for directory in read.own_directories], read.shares_ledger) == (own, shared)
