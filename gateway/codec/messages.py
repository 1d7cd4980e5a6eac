"""The three spellings of a conversation: a list of messages, one message, or a string."""

from __future__ import annotations

from memoryd.v1.memory_pb2 import ContentPart, Message

from gateway.codec.fields import Fields, kind_of, until_full
from gateway.errors import Violation


def read_messages(value: object, violations: list[Violation]) -> list[Message]:
    """The messages, in the client's order: one at fault keeps its place, without the fault."""
    if value is None:
        return []
    if isinstance(value, str):
        return [Message(role="user", content=value)]
    if isinstance(value, dict):
        return [_message(value, 0, violations)]
    if isinstance(value, list):
        return [_message(item, index, violations) for index, item in until_full(value, violations)]
    complaint = f"messages must be a list, an object or a string, not {kind_of(value)}"
    violations.append(Violation("messages", complaint))
    return []


def _message(value: object, index: int, violations: list[Violation]) -> Message:
    path = f"messages[{index}]"
    if not isinstance(value, dict):
        violations.append(Violation(path, f"{path} must be an object, not {kind_of(value)}"))
        return Message()
    fields = Fields(value, path, violations)
    content = value.get("content")
    message = Message(role=fields.text("role") or "", name=fields.text("name") or "")
    if isinstance(content, str):
        message.content = content
    elif isinstance(content, list):
        message.parts.extend(_parts(content, f"{path}.content", violations))
    elif isinstance(content, dict):
        # Clients send a lone image so.
        part = _part(content, f"{path}.content", violations)
        message.parts.extend([part] if part else [])
    elif content is not None:
        fields.fault("content", f"must be a string, a part or a list of parts, not {kind_of(content)}")
    return message


def _parts(values: list[object], path: str, violations: list[Violation]) -> list[ContentPart]:
    parts = (_part(value, f"{path}[{index}]", violations) for index, value in until_full(values, violations))
    return [part for part in parts if part is not None]


def _part(value: object, path: str, violations: list[Violation]) -> ContentPart | None:
    if not isinstance(value, dict):
        violations.append(Violation(path, f"{path} must be an object, not {kind_of(value)}"))
        return None
    fields = Fields(value, path, violations)
    kind = value.get("type")
    if kind == "text":
        text = _required(fields, "text")
        return None if text is None else ContentPart(text=text)
    if kind == "image_url":
        url = _image_url(fields)
        return None if url is None else ContentPart(image_url=url)
    fields.fault("type", "must be text or image_url")
    return None


def _image_url(fields: Fields) -> str | None:
    """The address: a string, or an object that holds it as `url`."""
    image = fields.values.get("image_url")
    if isinstance(image, dict):
        return _required(Fields(image, f"{fields.path}.image_url", fields.violations), "url")
    return _required(fields, "image_url")


def _required(fields: Fields, name: str) -> str | None:
    if fields.values.get(name) is None:
        fields.fault(name, "is required")
        return None
    return fields.text(name)
