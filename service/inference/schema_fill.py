"""Fills a JSON Schema with what memories say to the letter: the rules of `service.inference.extract`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from service.memory.filters.values import folded
from service.memory.json_schema import Checker, Schema
from service.memory.model import Memory

DEEPEST = 32
"""How many levels of a schema are looked at: one that refers to itself has no end."""

MOST_STEPS = 20_000
"""How many parts of a schema are looked at. Alternatives that refer to alternatives double at every level."""

MOST_TEXTS = 100
"""How many texts of a schema are looked for by meaning."""

TEXT_NAMES = frozenset({"memory", "text", "fact", "content"})
LIST_NAMES = frozenset({"memories", "facts", "texts", "notes"})

COLUMNS: Mapping[str, Callable[[Memory], object]] = {
    **{name: lambda memory: memory.text for name in TEXT_NAMES},
    "id": lambda memory: memory.id,
    "memory_id": lambda memory: memory.id,
    "category": lambda memory: memory.categories[0] if memory.categories else None,
    "categories": lambda memory: list(memory.categories),
    "created_at": lambda memory: memory.created_at.isoformat(),
    "updated_at": lambda memory: memory.updated_at.isoformat(),
    "user_id": lambda memory: memory.scope.user_id,
    "agent_id": lambda memory: memory.scope.agent_id,
    "app_id": lambda memory: memory.scope.app_id,
    "run_id": lambda memory: memory.scope.run_id,
    "session_id": lambda memory: memory.scope.run_id,
    "expiration_date": lambda memory: memory.expiration_date and memory.expiration_date.isoformat(),
    "metadata": lambda memory: memory.metadata,
}
"""What a property of that name says of a memory."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


class Unfilled(Exception):
    """Nothing can be found for something that is required. `path` says for what."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass(frozen=True, slots=True)
class TextNode:
    """A text that is to be looked for by meaning."""

    path: str
    description: str
    """Its name, title and description."""


def text_nodes(schema: Schema) -> list[TextNode]:
    """The texts of a schema that are to be looked for by meaning."""
    found: dict[str, TextNode] = {}
    for node in _walk(schema, schema, "$", "", iter(range(MOST_STEPS))):
        found.setdefault(node.path, node)
        if len(found) == MOST_TEXTS:
            break
    return list(found.values())


class SchemaFill:
    """One filling of one schema.

    Args:
        schema: the schema.
        memories: the newest first.
        nearest: for each path of `text_nodes`, the memories that are near enough to it, nearest first.
    """

    def __init__(
        self, schema: Schema, memories: Sequence[Memory], nearest: Mapping[str, Sequence[Memory]]
    ) -> None:
        self._schema = schema
        self._memories = memories
        self._nearest = nearest
        self._checker = Checker(schema, len(memories))
        self._steps = iter(range(MOST_STEPS))

    def value(self) -> object:
        """The value.

        Raises:
            Unfilled: something that is required cannot be filled.
        """
        return self._fill(self._schema, "$", "", 0)

    def _fill(self, part: Schema, path: str, name: str, depth: int) -> object:
        try:
            return self._found(part, path, name, depth)
        except Unfilled:
            part = resolved(self._schema, part)
            if "default" in part:
                return part["default"]
            if self._checker.fits(None, part):
                return None
            raise

    def _found(self, part: Schema, path: str, name: str, depth: int) -> object:
        part = resolved(self._schema, part)
        if depth > DEEPEST or next(self._steps, None) is None:
            raise Unfilled(path)
        if "const" in part:
            return part["const"]
        for alternative in alternatives(part):
            try:
                return self._found(alternative, path, name, depth + 1)
            except Unfilled:
                continue
        kinds = kinds_of(part)
        if "object" in kinds:
            return self._object(part, path, depth)
        if "array" in kinds:
            return self._array(part, path, name)
        if "string" in kinds:
            return self._text(part, path)
        raise Unfilled(path)

    def _object(self, part: Schema, path: str, depth: int) -> dict[str, object]:
        filled: dict[str, object] = {}
        for name, inner in properties_of(part).items():
            try:
                filled[name] = self._fill(inner, f"{path}.{name}", name, depth + 1)
            except Unfilled:
                if name in cast("list[object]", part.get("required", [])):
                    raise
        return filled

    def _array(self, part: Schema, path: str, name: str) -> list[object]:
        items = resolved(self._schema, cast("Schema", part.get("items") or {}))
        if is_row(items):
            return [self._row(items, memory, f"{path}[]") for memory in self._memories]
        if "string" not in kinds_of(items):
            return self._nothing(part, path)
        if name in LIST_NAMES or path == "$":
            return [memory.text for memory in self._memories]
        texts = [memory.text for memory in self._nearest.get(path, ())]
        return [text for text in texts if self._checker.fits(text, items)] or self._nothing(part, path)

    def _nothing(self, part: Schema, path: str) -> list[object]:
        if not self._checker.fits([], part):
            raise Unfilled(path)
        return []

    def _row(self, items: Schema, memory: Memory, path: str) -> dict[str, object]:
        row: dict[str, object] = {}
        for name, inner in properties_of(items).items():
            value = COLUMNS[name](memory) if name in COLUMNS else None
            if name in COLUMNS and self._checker.fits(value, inner):
                row[name] = value
            elif "default" in inner:
                row[name] = inner["default"]
            elif self._checker.fits(None, inner):
                row[name] = None
            elif name in cast("list[object]", items.get("required", [])):
                raise Unfilled(f"{path}.{name}")
        return row

    def _text(self, part: Schema, path: str) -> str:
        near = [memory.text for memory in self._nearest.get(path, ())]
        if "enum" in part:
            texts = [_named_in(text, cast("list[object]", part["enum"])) for text in near]
        else:
            texts = list(near)
        for text in texts:
            if text is not None and self._checker.fits(text, part):
                return text
        raise Unfilled(path)


def resolved(root: Schema, part: Schema) -> Schema:
    """A part of a schema, with the references at its top followed and an `allOf` of one unwrapped."""
    for _ in range(DEEPEST):
        match part:
            case {"$ref": str(reference), **others}:
                part = {**_referred(root, reference), **others}
            case {"allOf": [Mapping() as only], **others}:
                part = {**only, **others}
            case _:
                return part
    return {}


def alternatives(part: Schema) -> list[Schema]:
    """What `anyOf` or `oneOf` offers, null aside."""
    listed = [*cast("list[object]", part.get("anyOf", [])), *cast("list[object]", part.get("oneOf", []))]
    offered = [cast("Schema", each) for each in listed if isinstance(each, Mapping)]
    return [each for each in offered if kinds_of(each) != {"null"}]


def kinds_of(part: Schema) -> set[str]:
    """The types that a part allows, guessed from its keywords when it names none."""
    kinds = part.get("type")
    if isinstance(kinds, str):
        return {kinds}
    if isinstance(kinds, list):
        return set(kinds)
    if "properties" in part:
        return {"object"}
    if "items" in part:
        return {"array"}
    values = cast("list[object]", part.get("enum", []))
    return {"string"} if any(isinstance(value, str) for value in values) else set()


def properties_of(part: Schema) -> Mapping[str, Schema]:
    """The properties of an object that say anything about themselves."""
    named = cast("Mapping[str, object]", part.get("properties", {}))
    return {name: cast("Schema", inner) for name, inner in named.items() if isinstance(inner, Mapping)}


def is_row(part: Schema) -> bool:
    """Whether an object stands for a memory."""
    return bool(TEXT_NAMES & set(properties_of(part)))


def _walk(root: Schema, part: Schema, path: str, name: str, steps: Iterator[int]) -> Iterator[TextNode]:
    part = resolved(root, part)
    if next(steps, None) is None or path.count(".") > DEEPEST:
        return
    for alternative in alternatives(part):
        yield from _walk(root, {**_labels(part), **alternative}, path, name, steps)
    kinds = kinds_of(part)
    if "object" in kinds:
        for inner_name, inner in properties_of(part).items():
            yield from _walk(root, inner, f"{path}.{inner_name}", inner_name, steps)
    elif "array" in kinds:
        items = resolved(root, cast("Schema", part.get("items") or {}))
        if "string" in kinds_of(items) and name not in LIST_NAMES and path != "$":
            yield TextNode(path, _description(name, part))
    elif "string" in kinds:
        yield TextNode(path, _description(name, part))


def _labels(part: Schema) -> Schema:
    return {name: part[name] for name in ("title", "description") if name in part}


def _description(name: str, part: Schema) -> str:
    words = " ".join(word.lower() for word in _WORD.findall(name))
    told = [text for label in ("title", "description") if isinstance(text := part.get(label), str)]
    if told and folded(told[0]) == words:
        told = told[1:]
    return ": ".join([each for each in (words, *told) if each])[:500]


def _referred(root: Schema, reference: str) -> Schema:
    """What a reference within the schema leads to; an empty schema when it leads nowhere."""
    place: object = root
    for step in reference.removeprefix("#").split("/")[1:]:
        step_name = step.replace("~1", "/").replace("~0", "~")
        place = place.get(step_name) if isinstance(place, Mapping) else None
    return cast("Schema", place) if isinstance(place, Mapping) else {}


def _named_in(text: str, values: Sequence[object]) -> str | None:
    """The first of the values that a text names as words of its own."""
    words = f" {_spelled(text)} "
    for value in values:
        if isinstance(value, str):
            spelled = _spelled(value)
            if spelled and f" {spelled} " in words:
                return value
    return None


def _spelled(text: str) -> str:
    """The words of a text and nothing between them: part_time reads as Part-time."""
    return " ".join(re.findall(r"[^\W_]+", folded(text)))
