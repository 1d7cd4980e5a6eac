"""Every operation, by every kind of key, on ids of everybody; after each step a project holds its own."""

from __future__ import annotations

from tests.property.isolation.ledger_steps import LedgerSteps
from tests.property.isolation.memory_steps import MemorySteps


class Isolation(MemorySteps, LedgerSteps):
    """All steps."""
