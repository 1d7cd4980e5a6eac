"""From the proto to a checked request for profiles, and to checked changes of their settings."""

from __future__ import annotations

from memoryd.v1 import profile_service_pb2 as pb

from service.handlers.add_request import LONGEST_INSTRUCTIONS
from service.handlers.admin_fields import optional_text
from service.handlers.fields import Fields
from service.handlers.schemas import object_schema_of
from service.memory.profile_jobs import Sample, Trigger
from service.memory.profiles import ProfileChanges

USER = "user"
OPERATIONS = (Trigger.operation, Sample.operation)
LARGEST_SAMPLE = 10
USUAL_SAMPLE = 3


def wanted_from(request: pb.CreateProfileJobRequest, fields: Fields) -> Trigger | Sample:
    """Which profiles are wanted; what is wrong is noted in `fields`, and then they are not to be used."""
    operation = fields.choice("operation", request.operation, OPERATIONS)
    if request.HasField("entity_type"):
        fields.choice("entity_type", request.entity_type, (USER,))
    limit = request.limit if request.HasField("limit") else USUAL_SAMPLE
    if not 1 <= limit <= LARGEST_SAMPLE:
        fields.wrong("limit", f"limit must be between 1 and {LARGEST_SAMPLE}")
    user_id = fields.identifier("entity_id", request.entity_id) if request.HasField("entity_id") else None
    if operation == Sample.operation:
        if request.HasField("entity_id"):
            fields.wrong("entity_id", "entity_id is for trigger only")
        return Sample(limit)
    if operation == Trigger.operation and not request.HasField("entity_id"):
        fields.wrong("entity_id", "entity_id is required")
    return Trigger(user_id or "")


def changes_from(request: pb.UpdateProfileSettingsRequest, fields: Fields) -> ProfileChanges:
    """The changes; what is wrong with them is noted in `fields`, and then they are not to be used."""
    form, path = request.entities.user, "entities.user"
    schema = instructions = None
    if form.HasField("schema"):
        schema = object_schema_of(fields, f"{path}.schema", form.schema) if form.schema else {}
    if form.HasField("custom_instructions"):
        instructions = optional_text(
            fields, f"{path}.custom_instructions", form.custom_instructions, LONGEST_INSTRUCTIONS
        )
    return ProfileChanges(request.enabled if request.HasField("enabled") else None, schema, instructions)
