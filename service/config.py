"""The settings: one frozen object, read once from the environment.

Every setting is an environment variable, MEMORYD_ and the field's name in capitals; the names of the OpenAI
SDK (OPENAI_API_KEY, OPENAI_BASE_URL) are read as they are.
"""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service import failpoints

PREFIX = "MEMORYD_"

DATABASES = frozenset({"sqlite", "postgres", "postgresql", "postgresql+psycopg"})
"""What a database URL may begin with: the two databases, by the drivers that memoryd brings."""


class ReasonerChoice(enum.StrEnum):
    """Who reads the messages."""

    AUTO = "auto"
    OPENAI = "openai"
    RULES = "rules"


class EmbedderChoice(enum.StrEnum):
    """Who turns texts into vectors."""

    LOCAL = "local"
    OPENAI = "openai"


class LogFormat(enum.StrEnum):
    """How a log line looks."""

    TEXT = "text"
    JSON = "json"


def _host_and_port(address: str) -> str:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("must be HOST:PORT, for example 127.0.0.1:50051")
    return address


def _http_url(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname or not _port_is_one(url):
        raise ValueError("must be a URL, http(s)://HOST:PORT")
    return url


def _database_url(url: SecretStr) -> SecretStr:
    scheme, _, rest = url.get_secret_value().partition("://")
    # SQLite in memory would be another database for every connection.
    usable = rest[1:] not in {"", ":memory:"} if scheme == "sqlite" else _port_is_one(f"//{rest}")
    if scheme not in DATABASES or not usable:
        raise ValueError("must be postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH")
    return url


def _port_is_one(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _api_key(key: SecretStr) -> SecretStr:
    value = key.get_secret_value()
    if len(value) < 16 or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be at least 16 printable ASCII characters without spaces")
    return key


def headers_from(text: str) -> dict[str, str]:
    """The headers in `NAME=VALUE,NAME=VALUE`."""
    pairs = (pair.partition("=") for pair in text.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _headers(given: SecretStr) -> SecretStr:
    for name, value in headers_from(given.get_secret_value()).items():
        if not _HEADER_NAME.fullmatch(name) or not value or not value.isascii() or not value.isprintable():
            raise ValueError("must be NAME=VALUE, several separated by commas, in printable ASCII")
    return given


_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

Address = Annotated[str, AfterValidator(_host_and_port)]
Url = Annotated[str, AfterValidator(_http_url)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class StartError(Exception):
    """memoryd cannot start; the text says why and what to do."""


class SettingsError(StartError):
    """The environment holds wrong values; the text names all of them."""


class Settings(BaseSettings):
    """What memoryd is told from outside."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        populate_by_name=True,
        validate_default=True,
    )

    data_dir: Path = Field(Path(".memoryd"), description="Where the embedded stores live.")
    grpc_address: Address = Field("127.0.0.1:50051", description="Where the service listens.")
    http_address: Address = Field("127.0.0.1:8080", description="Where the gateway listens.")
    grpc_target: str | None = Field(
        None, description="Where the gateway finds the service. Default: MEMORYD_GRPC_ADDRESS."
    )
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = Field(
        None, description="An SQLAlchemy URL of the ledger. Default: SQLite in MEMORYD_DATA_DIR."
    )
    chroma_url: Url | None = Field(
        None, description="A Chroma server, http(s)://HOST:PORT. Default: embedded in MEMORYD_DATA_DIR."
    )
    chroma_headers: Annotated[SecretStr, AfterValidator(_headers)] | None = Field(
        None, description="Headers for the Chroma server: `NAME=VALUE`, several separated by commas."
    )
    chroma_ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) of the authorities to trust for a Chroma server with https. "
        "Default: the public ones.",
    )
    chroma_timeout: float = Field(
        10.0, gt=0, le=30, description="Seconds that a Chroma server may stay silent."
    )
    reasoner: ReasonerChoice = Field(
        ReasonerChoice.AUTO, description="`openai`, `rules`, or `auto`: openai when OPENAI_API_KEY is set."
    )
    model: str = Field("gpt-4.1-mini", min_length=1, description="The language model of the openai reasoner.")
    embedder: EmbedderChoice = Field(EmbedderChoice.LOCAL, description="`local` or `openai`.")
    embedding_model: str | None = Field(
        None,
        description="openai: the model's name (default text-embedding-3-small). "
        "local: a directory with model.onnx and tokenizer.json (default: the packaged MiniLM).",
    )
    bootstrap_api_key: Annotated[SecretStr, AfterValidator(_api_key)] | None = Field(
        None, description="A key that is valid from the first start, as owner of the default project."
    )
    request_timeout: Seconds = Field(
        60.0, description="Seconds a request may take when its caller sets no deadline."
    )
    lease_seconds: float = Field(
        15.0,
        ge=0.5,
        le=3600,
        description="Seconds after which others take up what a silent replica worked on.",
    )
    idempotency_hours: float = Field(
        24.0, gt=0, le=8760, description="Hours for which the answer under an Idempotency-Key is kept."
    )
    max_concurrent_requests: int = Field(256, ge=1, description="Requests worked on at once; more are 429.")
    drain_seconds: float = Field(
        5.0, ge=0, le=300, description="Seconds between saying NOT_SERVING and refusing calls."
    )
    webhook_allow_private: bool = Field(
        False, description="Send webhooks to private, loopback and link-local addresses too."
    )
    webhook_attempts: int = Field(
        10, ge=1, le=30, description="How often a webhook is tried before a delivery is given up."
    )
    webhook_retry_seconds: Seconds = Field(
        5.0,
        description="Seconds before the second attempt; then four times as long each time, up to an hour.",
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="How much is logged.")
    log_format: LogFormat = Field(LogFormat.TEXT, description="`text` or `json`.")
    openai_api_key: SecretStr | None = Field(
        None, validation_alias="OPENAI_API_KEY", description="The key for the openai reasoner and embedder."
    )
    openai_base_url: Url | None = Field(
        None, validation_alias="OPENAI_BASE_URL", description="Any OpenAI-compatible endpoint."
    )

    @field_validator("chroma_ca_file")
    @classmethod
    def _authorities_need_tls(cls, ca_file: Path | None, info: ValidationInfo) -> Path | None:
        if ca_file is not None and not (info.data.get("chroma_url") or "").lower().startswith("https://"):
            raise ValueError(f"{PREFIX}CHROMA_URL is no https://HOST:PORT")
        return ca_file

    @field_validator("openai_api_key")
    @classmethod
    def _openai_needs_a_key(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        without = [
            name for name in ("reasoner", "embedder") if info.data.get(name) == "openai" and key is None
        ]
        if without:
            wants = " and ".join(f"{PREFIX}{name.upper()}=openai" for name in without)
            raise ValueError(f"{wants} needs it")
        return key

    @property
    def chosen_reasoner(self) -> ReasonerChoice:
        """Who reads the messages once `auto` is resolved: `openai` or `rules`."""
        if self.reasoner is not ReasonerChoice.AUTO:
            return self.reasoner
        return ReasonerChoice.OPENAI if self.openai_api_key else ReasonerChoice.RULES

    @property
    def shares_ledger(self) -> bool:
        """Whether other processes may use the ledger at the same time: on PostgreSQL, not on SQLite."""
        return self.database_url is not None and self._ledger_file is None

    @property
    def own_directories(self) -> Sequence[Path]:
        """Where embedded stores are, which bear one process at a time; none where both are servers."""
        directories = [self.data_dir] if self.database_url is None or self.chroma_url is None else []
        directories += [] if self._ledger_file is None else [self._ledger_file.parent]
        return list(dict.fromkeys(directory.resolve() for directory in directories))

    @property
    def _ledger_file(self) -> Path | None:
        """The SQLite file that MEMORYD_DATABASE_URL names."""
        url = "" if self.database_url is None else self.database_url.get_secret_value()
        scheme, _, path = url.partition(":///")
        return Path(path.partition("?")[0]) if scheme == "sqlite" else None

    @property
    def gateway_target(self) -> str:
        """The gRPC target that the gateway dials."""
        if self.grpc_target:
            return self.grpc_target
        host, _, port = self.grpc_address.rpartition(":")
        return f"127.0.0.1:{port}" if host in {"0.0.0.0", "[::]"} else self.grpc_address  # noqa: S104


def read_settings() -> Settings:
    """Reads the environment.

    Raises:
        SettingsError: some values are wrong; the text names every one, and repeats no secret.
    """
    try:
        return Settings()  # type: ignore[call-arg]  # every field has a default
    except ValidationError as error:
        mistakes = [
            f"  {_variable(mistake['loc'])}: {_complaint(mistake['msg'])}" for mistake in error.errors()
        ]
        raise SettingsError("\n".join(["wrong settings:", *mistakes])) from None


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that look like ours and are not: most likely misspelt."""
    fields = Settings.model_fields.items()
    known = {failpoints.VARIABLE} | {
        PREFIX + name.upper() for name, field in fields if field.validation_alias is None
    }
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def _variable(location: tuple[int | str, ...]) -> str:
    """The variable that a mistake is in: pydantic names the alias of a value, or the field without one."""
    name = ".".join(str(part) for part in location)
    field = Settings.model_fields.get(name)
    alias = field.validation_alias if field else name
    return alias if isinstance(alias, str) else PREFIX + name.upper()


def _complaint(message: str) -> str:
    return message.removeprefix("Value error, ")
