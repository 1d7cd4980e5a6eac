"""What a path of a route may hold beside plain segments. Registered with Starlette when this is imported."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor


class EntityType(Convertor[str]):
    """A kind of entity in a path. What is none belongs to other routes: `{entity_type:entity_type}`."""

    regex = "user|agent|app|run"

    def convert(self, value: str) -> str:
        """The kind as it stands in the path."""
        return value

    def to_string(self, value: str) -> str:
        """The kind as it stands in the path."""
        return value


class EntityId(Convertor[str]):
    """Whatever a client took for an id, with slashes and line breaks: `{entity_id:entity_id}`.

    Starlette's own `path` stops at a line break, and what is wrong with an id is for the service to say.
    """

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        """The id as it stands in the path."""
        return value

    def to_string(self, value: str) -> str:
        """The id as it stands in the path."""
        return value


register_url_convertor("entity_type", EntityType())
register_url_convertor("entity_id", EntityId())
