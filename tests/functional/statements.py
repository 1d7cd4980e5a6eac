"""A service in this process whose every SQL statement is written down, with SQLite's plan for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass
from pydantic import SecretStr
from sqlalchemy import Engine, event

from service.bootstrap.running import running_service
from service.config import Settings
from service.ledger.database import Database, sqlite_url
from service.transport.call import _current
from tests.property.isolation.methods import METHODS
from tests.running import KEY, free_port


@dataclass(frozen=True)
class Statement:
    """A statement as it went to the database, with its values or the first of many such."""

    text: str
    values: tuple[Any, ...]


@dataclass
class Listening:
    """The service, and what it says to its database.

    Args:
        channel: to the service.
        database: the same one.
        key: who calls.
        said: every statement, the first one first.
    """

    channel: grpc.aio.Channel
    database: Database
    key: str = KEY
    said: list[Statement] = field(default_factory=list)

    async def call(self, name: str, /, **fields: Any) -> Any:
        """The answer of a method."""
        method = METHODS[name]
        request = GetMessageClass(method.input_type)
        rpc: Any = self.channel.unary_unary(
            f"/{method.containing_service.full_name}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        return await rpc(request(**fields), metadata=(("authorization", f"Token {self.key}"),), timeout=60)

    async def statements(self, name: str, /, **fields: Any) -> list[Statement]:
        """What a call says to the database."""
        self.said.clear()
        await self.call(name, **fields)
        return list(self.said)

    def plan(self, statement: Statement) -> list[str]:
        """How SQLite finds the rows of a statement, step by step."""
        with self.database._reader.connect() as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.text}", statement.values)
            return [str(row[3]) for row in rows]

    def note(self, _connection: object, _cursor: object, text: str, values: Any, *_: object) -> None:
        """What SQLAlchemy calls before it executes a statement."""
        if text.startswith("BEGIN") or _current.get(None) is None:
            # No part of a call: what workers and the readiness check say goes on beside every call.
            return
        first = values[0] if isinstance(values, list) and values else values
        self.said.append(Statement(" ".join(text.split()), tuple(first or ())))


@asynccontextmanager
async def listening(data_dir: Path, variables: Mapping[str, Any]) -> AsyncIterator[Listening]:
    """Runs the service until the block ends.

    Args:
        data_dir: where it keeps its data.
        variables: settings.
    """
    address = f"127.0.0.1:{free_port()}"
    settings = Settings(
        data_dir=data_dir,
        grpc_address=address,
        bootstrap_api_key=SecretStr(KEY),
        drain_seconds=0,
        **variables,
    )
    async with (
        running_service(settings, make_first_key=False, drain_seconds=lambda: 0.0),
        grpc.aio.insecure_channel(address) as channel,
    ):
        with closing(Database(sqlite_url(data_dir / "ledger.sqlite3"))) as database:
            service = Listening(channel, database)
            event.listen(Engine, "before_cursor_execute", service.note)
            yield service
            event.remove(Engine, "before_cursor_execute", service.note)
