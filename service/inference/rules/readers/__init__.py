"""From a clause to facts: one reader for each thing that people tell of themselves.

Readers are tried in order. Each looks at the verb and its dependents and gives facts, or None when the clause
is not its own. An empty list ends the reading: the clause is understood and says nothing lasting.
"""

from __future__ import annotations

from collections.abc import Callable

from service.inference.rules.clauses import Clause
from service.inference.rules.facts import Fact, Who
from service.inference.rules.readers.attributes import attribute, changed
from service.inference.rules.readers.deeds import deed
from service.inference.rules.readers.feelings import sentiment
from service.inference.rules.readers.household import have, marriage
from service.inference.rules.readers.names import age, named
from service.inference.rules.readers.places import born, residence
from service.inference.rules.readers.states import allergy, being, condition
from service.inference.rules.readers.turns import turned
from service.inference.rules.readers.work import employment
from service.inference.rules.understood import is_whole, points_away

Reader = Callable[[Clause, Who], list[Fact] | None]

READERS: tuple[Reader, ...] = (
    named,
    attribute,
    changed,
    age,
    marriage,
    born,
    residence,
    employment,
    turned,
    sentiment,
    allergy,
    have,
    condition,
    being,
    deed,
)


def read(clause: Clause, who: Who) -> list[Fact]:
    """The facts that a clause tells of somebody; none when it tells nothing that lasts."""
    if points_away(clause, who):
        return []
    for reader in READERS:
        facts = reader(clause, who)
        if facts is not None:
            return [fact for fact in facts if is_whole(fact, clause)]
    return []
