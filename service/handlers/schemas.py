"""JSON Schemas in requests."""

from __future__ import annotations

from service.handlers.fields import Fields
from service.memory.json_schema import Schema, fault_in


def schema_of(fields: Fields, field: str, text: str) -> Schema:
    """A schema; what is wrong with it is noted in `fields`, and then it is not to be used."""
    schema = fields.json_object(field, text)
    if schema is None:
        return {}
    if fault := fault_in(schema):
        fields.wrong(field, f"{field} {fault}")
    return schema


def object_schema_of(fields: Fields, field: str, text: str) -> Schema:
    """A schema whose values are objects, for it says so itself."""
    noted = len(fields.violations)
    schema = schema_of(fields, field, text)
    if len(fields.violations) == noted and schema.get("type") != "object":
        fields.wrong(field, f"{field} must say that its type is object")
    return schema
