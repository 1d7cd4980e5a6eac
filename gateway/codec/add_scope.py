"""Whom an add is about, where the client says so in `filters`: options of 2.x have no other place for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.codec.fields import kind_of
from gateway.errors import Violation

FIELD = "filters"


def with_scope(
    body: dict[str, object], names: tuple[str, ...], violations: list[Violation]
) -> dict[str, object]:
    """The body with the ids that its filters name beside those that it names itself.

    The filters of an add choose nothing, so all they may hold is one id for each name, at will within `AND`.

    Args:
        body: the request's body.
        names: the names of the ids.
        violations: the list to which faults are added.
    """
    found: dict[str, object] = {name: body[name] for name in names if body.get(name) is not None}
    for path, name, value in _entries(body.get(FIELD), FIELD, violations):
        if name not in names:
            violations.append(Violation(path, f"{path} is not one of the ids {', '.join(names)}"))
        elif found.setdefault(name, value) != value:
            violations.append(Violation(path, f"{name} is given more than once, with different values"))
    return body | found


def _entries(value: object, path: str, violations: list[Violation]) -> Iterator[tuple[str, str, object]]:
    """Path, name and value of everything that must hold."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        violations.append(Violation(path, f"{path} must be an object, not {kind_of(value)}"))
        return
    for name, inner in value.items():
        if name == "AND" and isinstance(inner, list):
            for index, each in enumerate(inner):
                yield from _entries(each, f"{path}.AND[{index}]", violations)
        else:
            yield f"{path}.{name}", name, inner
