"""The call under way: what the stages found out, for the handler to read."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from service.memory.accounts import Principal
from service.memory.ports import Deadline


@dataclass(slots=True)
class Call:
    """One RPC. Each stage fills in what it knows."""

    method: str
    """Full name, /package.Service/Method."""
    streams: bool = False
    """Whether it answers for as long as its caller listens."""
    request_id: str = ""
    authorization: str | None = None
    """What the caller sent to be known; a stream asks again whether it still holds."""
    _principal: Principal | None = None
    _deadline: Deadline | None = None

    @property
    def principal(self) -> Principal:
        """The caller. Set before any handler runs."""
        if self._principal is None:
            raise LookupError("nobody was authenticated")
        return self._principal

    @principal.setter
    def principal(self, value: Principal) -> None:
        self._principal = value

    @property
    def deadline(self) -> Deadline:
        """When the caller stops waiting. Set before any handler runs, but for a stream without a deadline."""
        if self._deadline is None:
            raise LookupError("no deadline was imposed")
        return self._deadline

    @deadline.setter
    def deadline(self, value: Deadline) -> None:
        self._deadline = value


_current: ContextVar[Call] = ContextVar("call")


def current_call() -> Call:
    """The call under way in this task."""
    return _current.get()


def enter(call: Call) -> None:
    """Makes it the call under way in this task; gRPC runs each call in a task of its own."""
    _current.set(call)
