"""Two spellings of categories: an object name to description, or a list of such objects."""

from __future__ import annotations

from decimal import Decimal

from gateway.codec.fields import until_full
from gateway.errors import Violation

FIELD = "custom_categories"


def read_categories(value: object, violations: list[Violation]) -> dict[str, str]:
    """Name to description. A null description is an empty one."""
    if value is None:
        return {}
    merged: dict[str, str] = {}
    groups = value if isinstance(value, list) else [value]
    for index, group in until_full(groups, violations):
        path = f"{FIELD}[{index}]" if isinstance(value, list) else FIELD
        if isinstance(group, dict):
            _merge(group, path, merged, violations)
        else:
            # Clients look for this wording, Python's type name included (contract section 1).
            kind = "float" if isinstance(group, Decimal) else type(group).__name__
            violations.append(Violation(path, f'Expected a dictionary of items but got type "{kind}"'))
    return merged


def _merge(group: dict[str, object], path: str, merged: dict[str, str], violations: list[Violation]) -> None:
    for name, description in group.items():
        if name in merged:
            violations.append(Violation(path, f"{path} names a category a second time"))
        elif description is None or isinstance(description, str):
            merged[name] = description or ""
        else:
            violations.append(Violation(path, f"{path} has a description that is not a string"))
