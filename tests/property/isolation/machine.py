"""Every operation, by every kind of key, on ids of everybody; after each step a project holds its own."""

from __future__ import annotations

from tests.property.isolation.ledger_steps import LedgerSteps
from tests.property.isolation.memory_steps import MemorySteps
from tests.property.isolation.profile_steps import ProfileSteps


class Isolation(MemorySteps, LedgerSteps, ProfileSteps):
    """All steps."""
