"""From the proto to a checked request to add, and from its outcome to the proto."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from google.protobuf.message import Message as ProtoMessage
from memoryd.exact_json import dumps
from memoryd.v1 import memory_pb2, memory_service_pb2

from service.handlers.fields import Fields
from service.memory.accounts import ProjectSelection
from service.memory.model import AddRequest, Change, Evidence, Message, Outcome, Rejection, Role, Scope

Adding: TypeAlias = memory_service_pb2.AddMemoriesRequest | memory_service_pb2.PreviewMemoriesRequest

NO_SCOPE = "At least one of the filters: agent_id, user_id, app_id, run_id is required!"
"""To the letter: clients look for it (contract section 1)."""

SCOPE_FIELDS = ("user_id", "agent_id", "app_id", "run_id")
MOST_MESSAGES = 1000
MOST_CATEGORIES = 100
LONGEST_INSTRUCTIONS = 10_000
LONGEST_CATEGORY = 100

ANY = "*"
"""What stands for any id in filters."""

IMAGE = "[image]"
"""What stands in the text where an image was. memoryd does not look at images."""


def selection_from(request: ProtoMessage, fields: Fields) -> ProjectSelection:
    """The project that a request with the four fields of a selection asks for."""
    asked = {
        name: fields.identifier(name, value)
        for name, value in given_in(request).items()
        if name in {"org_id", "org_name", "project_id", "project_name"}
    }
    selection = ProjectSelection(**asked)
    fields.violations.extend(selection.violations())
    return selection


def request_from(request: Adding, fields: Fields) -> AddRequest:
    """The request; what is wrong with it is noted in `fields`, and then the result is not to be used."""
    given = given_in(request)

    def text(name: str) -> str | None:
        return fields.text(name, given[name], LONGEST_INSTRUCTIONS) if name in given else None

    fields.choice("output_format", given.get("output_format", "v1.0"), ("v1.0", "v1.1"))
    version = fields.choice("version", given.get("version", "v1"), ("v1", "v2"))
    if "structured_data_schema" in given:
        fields.json_object("structured_data_schema", request.structured_data_schema)
    return AddRequest(
        messages=_messages(request.messages, fields),
        scope=_scope(given, fields),
        metadata=fields.json_object("metadata", request.metadata) if "metadata" in given else None,
        includes=text("includes"),
        excludes=text("excludes"),
        infer=given.get("infer", True),
        custom_categories=_categories(request, fields),
        custom_instructions=text("custom_instructions"),
        agent_custom_instructions=text("agent_custom_instructions"),
        immutable=request.immutable,
        expiration_date=(
            fields.day("expiration_date", request.expiration_date) if "expiration_date" in given else None
        ),
        said_at=fields.unix_time("timestamp", request.timestamp) if "timestamp" in given else None,
        async_mode=request.async_mode,
        with_context=version == "v2",
    )


def response_from(outcome: Outcome) -> memory_service_pb2.AddMemoriesResponse:
    """The answer."""
    return memory_service_pb2.AddMemoriesResponse(
        event_id=outcome.event_id,
        status=memory_pb2.EventStatus.Value(f"EVENT_STATUS_{outcome.status.value}"),
        results=[_event(change) for change in outcome.changes],
        rejected=[rejection_proto(rejection) for rejection in outcome.rejections],
    )


def given_in(request: ProtoMessage) -> dict[str, Any]:
    """The fields of a request that are set, by name; an `optional` one counts even when it is empty."""
    return {field.name: value for field, value in request.ListFields()}


def _scope(given: Mapping[str, Any], fields: Fields) -> Scope:
    ids = {name: fields.identifier(name, given[name]) for name in SCOPE_FIELDS if name in given}
    for name in (name for name, value in ids.items() if value == ANY):
        # Filters could never tell it from "any".
        fields.wrong(name, f"{name} must not be {ANY}")
    if not any(given[name].strip() for name in ids):
        fields.wrong("user_id", NO_SCOPE)
    return Scope(**ids)


def _messages(messages: Sequence[memory_pb2.Message], fields: Fields) -> tuple[Message, ...]:
    if not messages:
        fields.wrong("messages", "messages must hold at least one message")
    elif len(messages) > MOST_MESSAGES:
        fields.wrong("messages", f"messages must hold at most {MOST_MESSAGES} messages")
    return tuple(_message(index, message, fields) for index, message in enumerate(messages))


def _message(index: int, message: memory_pb2.Message, fields: Fields) -> Message:
    path = f"messages[{index}]"
    role = fields.choice(f"{path}.role", message.role, tuple(role.value for role in Role))
    if message.parts and message.content:
        fields.wrong(f"{path}.content", f"{path}.content must be empty when there are parts")
    parts = [_part(f"{path}.parts[{place}]", part, fields) for place, part in enumerate(message.parts)]
    content = "\n".join(parts) or message.content
    if not content.strip():
        fields.wrong(f"{path}.content", f"{path}.content must not be empty")
    elif "\0" in content:
        fields.wrong(f"{path}.content", f"{path}.content must not contain NUL")
    name = fields.identifier(f"{path}.name", message.name) if message.name else None
    return Message(Role(role or "user"), content, name)


def _part(path: str, part: memory_pb2.ContentPart, fields: Fields) -> str:
    kind = part.WhichOneof("part")
    if kind is None:
        fields.wrong(path, f"{path} must be text or image_url")
    return part.text if kind == "text" else IMAGE


def _categories(request: Adding, fields: Fields) -> dict[str, str]:
    given = dict(sorted(request.custom_categories.items()))
    if len(given) > MOST_CATEGORIES:
        fields.wrong("custom_categories", f"custom_categories must hold at most {MOST_CATEGORIES} categories")
        return {}
    for name, description in given.items():
        path = "custom_categories"
        fields.text(path, name, LONGEST_CATEGORY)
        if len(description) > LONGEST_INSTRUCTIONS or "\0" in description:
            fields.wrong(
                path,
                f"a description must have at most {LONGEST_INSTRUCTIONS} characters and no NUL",
            )
    return given


def _event(change: Change) -> memory_pb2.MemoryEvent:
    memory = change.memory
    event = memory_pb2.MemoryEvent(
        event=memory_pb2.Event.Value(f"EVENT_{change.event.value}"),
        id=memory.id,
        data=memory_pb2.MemoryData(memory=memory.text),
        categories=memory.categories,
        metadata="" if memory.metadata is None else dumps(memory.metadata),
    )
    if change.before and change.after:
        event.previous_memory = change.before.text
    if change.evidence:
        event.evidence.CopyFrom(evidence_proto(change.evidence))
    return event


def evidence_proto(evidence: Evidence) -> memory_pb2.Evidence:
    """The words that a fact was read from."""
    return memory_pb2.Evidence(
        message_index=evidence.message_index,
        start=evidence.start,
        end=evidence.end,
        speaker=evidence.speaker,
    )


def rejection_proto(rejection: Rejection) -> memory_pb2.RejectedOperation:
    """What was proposed in vain."""
    carried_out_as = rejection.carried_out_as
    return memory_pb2.RejectedOperation(
        event=memory_pb2.Event.Value(f"EVENT_{rejection.event.value}"),
        reason=rejection.reason,
        carried_out_as=(
            memory_pb2.EVENT_UNSPECIFIED
            if carried_out_as is None
            else memory_pb2.Event.Value(f"EVENT_{carried_out_as.value}")
        ),
    )
