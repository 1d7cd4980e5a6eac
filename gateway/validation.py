"""How the gateway's findings and the service's become one list.

The gateway sees only what a proto cannot express (types of JSON values); every rule of the domain is the
service's. A request that the gateway finds fault with is still shown to the service, without the faulty
fields and to be checked only, so that one answer names everything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import grpc.aio

from gateway.calls import Caller, Opened
from gateway.errors import ApiError, Violation, invalid


class Checkable(Protocol):
    """A request that the service can check without carrying it out."""

    validate_only: bool


Q = TypeVar("Q")
C = TypeVar("C", bound=Checkable)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Decoded(Generic[Q]):
    """What JSON and query say: the request without the faulty fields, and what is wrong with those."""

    request: Q
    violations: Sequence[Violation]
    unsaid: frozenset[str] = field(default_factory=frozenset)
    """Further fields of which the service cannot judge, because what they depend on was left out."""


async def call_checked(
    caller: Caller, method: grpc.aio.UnaryUnaryMultiCallable[C, R], decoded: Decoded[C]
) -> R:
    """Calls a method that changes something, or answers with everything that is wrong with the request.

    Raises:
        ApiError: 400 with the violations of both; whatever the service raises.
    """
    if decoded.violations:
        decoded.request.validate_only = True
    return await read_checked(caller, method, decoded)


async def read_checked(
    caller: Caller, method: grpc.aio.UnaryUnaryMultiCallable[Q, R], decoded: Decoded[Q]
) -> R:
    """Calls a method that changes nothing, or answers with everything that is wrong with the request.

    Raises:
        ApiError: 400 with the violations of both; whatever the service raises.
    """
    return await _checked(lambda: caller(method, decoded.request), decoded)


async def open_checked(
    caller: Caller, method: grpc.aio.UnaryStreamMultiCallable[Q, R], decoded: Decoded[Q]
) -> Opened[R]:
    """Begins to read a stream, or answers with everything that is wrong with the request.

    Raises:
        ApiError: 400 with the violations of both; whatever the service raises.
    """
    return await _checked(lambda: caller.open(method, decoded.request), decoded)


async def _checked(ask: Callable[[], Awaitable[R]], decoded: Decoded[Q]) -> R:
    found = list(decoded.violations)
    try:
        answer = await ask()
    except ApiError as error:
        if error.status != 400 or not found:
            raise
        flagged = {violation.field for violation in found} | decoded.unsaid
        found += [each for each in error.violations if not _speaks_of(each.field, flagged)]
        raise invalid(found) from None
    if found:
        raise invalid(found)
    return answer


def _speaks_of(path: str, flagged: Set[str]) -> bool:
    """Whether a path lies within a flagged one, or holds it inside the same element of a list."""
    return any(_within(path, other) or ("[" in path and _within(other, path)) for other in flagged)


def _within(path: str, other: str) -> bool:
    return path == other or path.startswith((f"{other}.", f"{other}["))
