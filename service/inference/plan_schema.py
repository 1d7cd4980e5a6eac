"""The form of a model's answer: the JSON Schema it is held to, and how it is read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from service.inference.answers import first_object, invalid
from service.memory.model import Event, Operation, Plan

MAX_ENUM_NAMES = 100
"""Category names the schema lists. OpenAI's limits on an enum begin at 250 names or 15,000 characters."""

MAX_ENUM_NAME_LENGTH = 100


def plan_schema(refs: Sequence[str], categories: Sequence[str]) -> dict[str, object]:
    """The JSON Schema of a plan over the offered candidates.

    It keeps to what OpenAI's strict mode, and all who follow it, understand: every property required, no
    others allowed, no constraints on numbers and lengths, one object rather than alternatives (alternatives
    must not begin with the same key). Evidence comes first, so that a model reads before it decides.

    Args:
        refs: the candidates' short ids. Without any, only ADD is possible and there is no `target`.
        categories: the names to choose from.
    """
    properties: dict[str, object] = {
        "message_index": {"type": "integer"},
        "quote": {"type": "string"},
        "event": {"type": "string", "enum": [event.value for event in Event] if refs else [Event.ADD.value]},
    }
    if refs:
        properties["target"] = {"anyOf": [{"type": "string", "enum": list(refs)}, {"type": "null"}]}
    properties["text"] = {"type": "string"}
    properties["categories"] = {"type": "array", "items": _category_schema(categories)}
    return _closed_object({"operations": {"type": "array", "items": _closed_object(properties)}})


def read_plan(answer: str, categories: Collection[str]) -> Plan:
    """Reads a model's answer. Ids and quotes are taken as given, names of unknown categories left out.

    Raises:
        InferenceFailed: MODEL_OUTPUT_INVALID; the text says what is wrong and quotes nothing of the answer.
    """
    value = first_object(answer)
    try:
        read = _Answer.model_validate(value)
    except ValidationError as error:
        # Not the cause: its text names the answer's own keys, and a model may put anything there.
        raise invalid(f"it does not follow the schema: {_describe(error)}") from None
    return Plan(tuple(_operation(item, index, categories) for index, item in enumerate(read.operations)))


class _AnsweredOperation(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    message_index: int
    quote: str
    event: Literal["ADD", "UPDATE", "DELETE"]
    target: str | None = None
    text: str | None = None
    categories: list[str] = []


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    operations: list[_AnsweredOperation]


_FIELDS = frozenset(_Answer.model_fields) | frozenset(_AnsweredOperation.model_fields)


def _operation(item: _AnsweredOperation, index: int, categories: Collection[str]) -> Operation:
    event = Event(item.event)
    text = (item.text or "").strip()
    if event is not Event.DELETE and not text:
        raise invalid(f"operations[{index}].text is empty, and only a DELETE needs no text")
    return Operation(
        event=event,
        text=text,
        target=None if event is Event.ADD else item.target,
        message_index=item.message_index,
        quote=item.quote,
        categories=tuple(name for name in dict.fromkeys(item.categories) if name in categories),
    )


def _closed_object(properties: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _category_schema(names: Sequence[str]) -> dict[str, object]:
    """An enum, unless it is one that endpoints refuse: the model then has the list from the policy alone."""
    listable = 0 < len(names) <= MAX_ENUM_NAMES and all(
        len(name) <= MAX_ENUM_NAME_LENGTH and name.isprintable() and '"' not in name for name in names
    )
    return {"type": "string", "enum": list(names)} if listable else {"type": "string"}


def _describe(error: ValidationError) -> str:
    """The first mistakes, by place. Keys that are not ours are not repeated."""
    return "; ".join(f"{_place(mistake['loc'])}: {mistake['msg']}" for mistake in error.errors()[:5])


def _place(location: tuple[int | str, ...]) -> str:
    steps = (
        f"[{step}]" if isinstance(step, int) else f".{step}" if step in _FIELDS else ".(another key)"
        for step in location
    )
    return "".join(steps).removeprefix(".") or "the answer"
