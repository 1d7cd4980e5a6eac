"""What a filter is once it is read: conditions that a memory meets or does not meet, nothing in between.

There is no third truth value: a condition on something that a memory lacks is not met, so its negation is.
`ne` and `nin` are read as the negations of `eq` and `in`, and therefore count what is missing as unequal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

IdField: TypeAlias = Literal["id", "user_id", "agent_id", "app_id", "run_id"]
TimeField: TypeAlias = Literal["created_at", "updated_at"]
Comparison: TypeAlias = Literal["eq", "gt", "gte", "lt", "lte"]

SCOPE_FIELDS: tuple[IdField, ...] = ("user_id", "agent_id", "app_id", "run_id")


@dataclass(frozen=True, slots=True)
class And:
    """Every operand is met. Of no operands: always."""

    operands: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some operand is met. Of no operands: never."""

    operands: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The operand is not met."""

    operand: Filter


@dataclass(frozen=True, slots=True)
class OneOf:
    """The id is one of these, to the letter."""

    field: IdField
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Present:
    """There is a value: not null; of categories, at least one."""

    field: IdField | TimeField | Literal["expiration_date", "categories", "metadata"]


@dataclass(frozen=True, slots=True)
class CompareTime:
    """The time, in microseconds since the Unix epoch, compares so."""

    field: TimeField
    operator: Comparison
    microseconds: int


@dataclass(frozen=True, slots=True)
class TimeBetween:
    """The time is one of these microseconds since the Unix epoch, the last included."""

    field: TimeField
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CompareExpiration:
    """There is an expiration date and it compares so."""

    operator: Comparison
    day: date


@dataclass(frozen=True, slots=True)
class TextContains:
    """The memory's text holds this part; `fold` says that case and Unicode form do not matter."""

    part: str
    fold: bool


@dataclass(frozen=True, slots=True)
class CategoryOneOf:
    """Some category is one of these; case and Unicode form do not matter."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CategoryContains:
    """Some category's name holds this part; case and Unicode form do not matter."""

    part: str


@dataclass(frozen=True, slots=True)
class MetadataPresent:
    """The metadata has this top-level key, and not null as its value."""

    key: str


@dataclass(frozen=True, slots=True)
class MetadataEquals:
    """The metadata has this top-level key with this value, which is not null."""

    key: str
    value: object


@dataclass(frozen=True, slots=True)
class MetadataContains:
    """The value under this top-level key is a list that has `value`, or a text that has it as a part."""

    key: str
    value: object


Filter: TypeAlias = (
    And
    | Or
    | Not
    | OneOf
    | Present
    | CompareTime
    | TimeBetween
    | CompareExpiration
    | TextContains
    | CategoryOneOf
    | CategoryContains
    | MetadataPresent
    | MetadataEquals
    | MetadataContains
)

ALL = And(())
"""Every memory of the project."""

NOTHING = Or(())
"""No memory. What was not understood is read as this, never as `ALL`."""


def names_a_scope(filter_: Filter) -> bool:
    """Whether one of the four ids stands anywhere in the filter."""
    match filter_:
        case And(operands) | Or(operands):
            return any(names_a_scope(operand) for operand in operands)
        case Not(operand):
            return names_a_scope(operand)
        case OneOf(field) | Present(field):
            return field in SCOPE_FIELDS
        case _:
            return False


def one_of(operands: tuple[Filter, ...]) -> Filter:
    """Some operand is met; a lone one stands for itself."""
    return operands[0] if len(operands) == 1 else Or(operands)


def all_of(operands: tuple[Filter, ...]) -> Filter:
    """Every operand is met; a lone one stands for itself."""
    return operands[0] if len(operands) == 1 else And(operands)
