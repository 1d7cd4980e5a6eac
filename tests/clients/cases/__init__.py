"""The cases of all clients; to import this package is to fill the table."""

from tests.clients.cases import (
    commands,
    entities,
    exports,
    memories,
    node_memories,
    node_projects,
    profiles,
    projects,
)
from tests.clients.table import CASES

__all__ = [
    "CASES",
    "commands",
    "entities",
    "exports",
    "memories",
    "node_memories",
    "node_projects",
    "profiles",
    "projects",
]
