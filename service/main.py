"""The command line."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import structlog
import typer

from gateway import serve as gateway_serve
from service.config import Settings, StartError, read_settings, unknown_variables
from service.logs import configure_logs
from service.memory.accounts import AccessRole, new_secret
from service.memory.errors import MemorydError

KEY_FILE = "api-key"
"""In MEMORYD_DATA_DIR: the key that `memoryd serve` made on its first start, readable by its owner only."""

T = TypeVar("T")

app = typer.Typer(
    help="A memory service for AI agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)
app.add_typer(keys, name="keys")
events = typer.Typer(help="Take up requests again that failed.", no_args_is_help=True)
app.add_typer(events, name="events")
log = structlog.get_logger(__name__)


def main() -> None:
    """Runs a command; what an operator can mend ends in one message and exit code 2."""
    try:
        app()
    except StartError as error:
        _give_up(str(error))
    except MemorydError as error:
        _give_up(error.text)


@app.command()
def serve() -> None:
    """Serve gRPC and REST in one process."""
    settings = _settings()
    _run(_serve(settings, with_service=True, with_gateway=True))


@app.command()
def service() -> None:
    """Serve gRPC only."""
    _run(_serve(_settings(), with_service=True, with_gateway=False))


@app.command()
def gateway() -> None:
    """Serve REST only, in front of the service at MEMORYD_GRPC_TARGET."""
    _run(_serve(_settings(), with_service=False, with_gateway=True))


@app.command()
def reindex(
    grace: Annotated[
        float, typer.Option(help="Seconds between the switch to another model and the end of its index.")
    ] = 10.0,
) -> None:
    """Build the index anew from the ledger, for the embedding model that the settings name."""
    from service import upkeep  # noqa: PLC0415 - loads every store

    done = _result(upkeep.reindex(_settings(), grace))
    typer.echo(f"{done.memories} memories embedded, {done.removed} vectors without memory removed")
    if done.switched_from is not None:
        typer.echo(f"switched over from {done.switched_from}: restart what still runs with it")


@app.command()
def check(
    sample: Annotated[int, typer.Option(min=0, help="Of how many memories to make the vector anew.")] = 200,
) -> None:
    """Compare ledger and index; exit code 1 when they differ."""
    from service import upkeep  # noqa: PLC0415

    differences = _result(upkeep.check(_settings(), sample))
    for each in differences:
        typer.echo(f"{each.kind:8} {each.project_id or '-':36} {each.what}")
    typer.echo(f"{len(differences)} differences", err=True)
    if differences:
        raise SystemExit(1)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="A directory that is not there yet, or empty.")],
) -> None:
    """Copy the embedded ledger, also while memoryd serves. The index is built from it by `restore`."""
    from service import upkeep  # noqa: PLC0415

    typer.echo(f"{upkeep.backup(_settings(), target)} memories saved to {target}")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A directory that `memoryd backup` made.")],
) -> None:
    """Put a backup into an empty MEMORYD_DATA_DIR, and build the index."""
    from service import upkeep  # noqa: PLC0415

    done = _result(upkeep.restore(_settings(), source))
    typer.echo(f"{done.memories} memories restored")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    project: Annotated[str, typer.Option(help="Name or id of the project.")] = "default",
    role: Annotated[AccessRole, typer.Option(help="owner, or reader: may not write.")] = AccessRole.OWNER,
    organization_wide: Annotated[
        bool, typer.Option("--organization-wide", help="May select every project of its organization.")
    ] = False,
    email: Annotated[str, typer.Option(help="Whose key it is; without it the key is a machine's.")] = "",
) -> None:
    """Make a key and print it. It is shown once: only its digest is stored."""
    from service.opening import now  # noqa: PLC0415 - loads the ledger, which `memoryd gateway` must not

    async def create() -> None:
        async with _accounts() as accounts:
            if project == "default":
                await accounts.ensure_default_project(now())
            found = await accounts.project_named(project)
            if len(found) != 1:
                _give_up(f"{len(found)} projects are called {project}; give an id")
            secret = new_secret()
            key = await accounts.create_key(
                secret, found[0], name, role, now(), organization_wide=organization_wide, email=email
            )
            typer.echo(f"{secret}", nl=True)
            typer.echo(f"id {key.id}, {key.role.value} of project {key.project_id}", err=True)

    _run(create())


@keys.command("list")
def list_keys() -> None:
    """List all keys, without their secrets."""

    async def show() -> None:
        async with _accounts() as accounts:
            for key in await accounts.keys():
                state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "valid"
                reach = "organization" if key.organization_wide else "project"
                typer.echo(
                    f"{key.id}  ...{key.hint}  {key.role.value:6}  {reach:12}  {key.created_at:%Y-%m-%d}  "
                    f"{state}  {key.name}"
                )

    _run(show())


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="The key's id, from `memoryd keys list`.")],
) -> None:
    """Make a key invalid, at once."""
    from service.opening import now  # noqa: PLC0415

    async def revoke() -> None:
        async with _accounts() as accounts:
            if not await accounts.revoke_key(key_id, now()):
                _give_up("there is no valid key with that id")

    _run(revoke())


@events.command("retry")
def retry_event(
    event_id: Annotated[str, typer.Argument(help="The event's id, from the answer to the add or the log.")],
) -> None:
    """Have a failed request performed again, by a service that runs now or starts later."""
    from service.ledger.events import project_of  # noqa: PLC0415
    from service.ledger.ledger import SqlLedger  # noqa: PLC0415 - loads the ledger
    from service.opening import open_database  # noqa: PLC0415

    async def retry() -> None:
        with closing(open_database(_settings())) as database:
            project_id = await project_of(database, event_id)
            if project_id is None:
                _give_up("there is no event with that id")
            if not await SqlLedger(database).retry_request(project_id, event_id):
                _give_up("the event has not failed")
            typer.echo(f"{event_id} PENDING")

    _run(retry())


def _settings() -> Settings:
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    for name in unknown_variables():
        log.warning("unknown setting, ignored", variable=name)
    return settings


@asynccontextmanager
async def _accounts() -> AsyncIterator[Any]:
    from service.ledger.accounts import SqlAccounts  # noqa: PLC0415
    from service.opening import open_database  # noqa: PLC0415

    with closing(open_database(_settings())) as database:
        yield SqlAccounts(database)


async def _serve(settings: Settings, *, with_service: bool, with_gateway: bool) -> None:
    stop = asyncio.Event()
    drain_seconds = 0.0

    def terminate() -> None:
        # Only SIGTERM comes from a platform that needs time to send its calls elsewhere.
        nonlocal drain_seconds
        drain_seconds = settings.drain_seconds
        stop.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, terminate)
    async with AsyncExitStack() as stack:
        listener = _bind(settings) if with_gateway else None
        first_key = None
        if with_service:
            from service.bootstrap.running import running_service  # noqa: PLC0415

            running = await stack.enter_async_context(
                running_service(settings, make_first_key=with_gateway, drain_seconds=lambda: drain_seconds)
            )
            first_key = running.first_key
            typer.echo(f"gRPC      {settings.grpc_address}")
            typer.echo(f"reasoner  {running.reasoner}")
            typer.echo(f"embedder  {running.embedder}")
        if listener is not None:
            typer.echo(f"REST      http://{settings.http_address}  (documentation at /docs)")
        if with_service and listener is not None:
            _show_curl(settings, first_key)
        _keep_for_good()
        if listener is None:
            await stop.wait()
        else:
            await gateway_serve.run(
                listener,
                settings.gateway_target,
                stop,
                request_timeout=settings.request_timeout,
                # With the service in one process the two end one after the other, and the service pauses.
                pause=lambda: 0.0 if with_service else drain_seconds,
            )


def _keep_for_good() -> None:
    """Takes what a start has made out of the garbage collector's rounds, for it stays until the end.

    Walking through it, modules and all, holds up every call.
    """
    gc.collect()
    gc.freeze()


def _bind(settings: Settings) -> socket.socket:
    try:
        return gateway_serve.bind(settings.http_address)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise StartError(
            f"cannot listen on {settings.http_address}: {why}. "
            "End what listens there, or set another MEMORYD_HTTP_ADDRESS."
        ) from error


def _show_curl(settings: Settings, first_key: str | None) -> None:
    """Prints a line to paste. Without a bootstrap key it reads the first key from a private file."""
    path = settings.data_dir.absolute() / KEY_FILE
    if first_key is not None:
        _write_private(path, first_key)
        typer.echo(f"API key   {first_key}  (also in {path})")
    if settings.bootstrap_api_key is not None:
        authorization = "$MEMORYD_BOOTSTRAP_API_KEY"
    elif path.exists():
        authorization = f"$(cat '{path}')"
    else:
        authorization = "<your key, made by `memoryd keys create`>"
    body = '{"messages": "I moved to Munich and I love hiking", "user_id": "alex", "output_format": "v1.1"}'
    typer.echo(
        f"\ncurl -H \"Authorization: Token {authorization}\" -d '{body}' http://{settings.http_address}/v1/memories/\n"
    )


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")


def _result(work: Coroutine[Any, Any, T]) -> T:
    results: list[T] = []

    async def keep() -> None:
        results.append(await work)

    _run(keep())
    return results[0]


def _run(work: Coroutine[Any, Any, None]) -> None:
    if sys.platform == "win32":
        asyncio.run(work)
    else:
        import uvloop  # noqa: PLC0415 - not to be had everywhere

        uvloop.run(work)


def _give_up(text: str) -> NoReturn:
    typer.echo(f"memoryd: {text}", err=True)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
