"""Memories and filters that meet now and then: both are drawn from the same few awkward values."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from service.memory.model import Memory, Scope

E_ACUTE, E_WITH_ACUTE = "\u00e9", "e\u0301"
PIECES = [
    *("ß", "SS", "ss", "İ", "i̇", "I", "ı", "Σ", "σ", "ς", "ΟΔΟΣ", "ﬁ", "FI", "\u212a", "k", "ǰ", "Ⅷ", "viii"),
    *(
        E_ACUTE,
        E_WITH_ACUTE,
        E_ACUTE.upper(),
        "ö",
        "Ö",
        "日本",
        "🍕",
        "%",
        "_",
        "\\",
        "'",
        '"',
        "*",
        " ",
        "a",
        "A",
    ),
]
IDS = ["a", "A", "ab", "%", "_", "a%", "'", "ß", "SS", E_ACUTE, E_WITH_ACUTE, "NULL", "\U0001f355"]
NAMES = [
    "food",
    "Food",
    "FOOD & drink",
    "straße",
    "STRASSE",
    "ﬁnance",
    "Finance",
    "%",
    "_",
    E_ACUTE,
    E_WITH_ACUTE,
]
KEYS = ["k", "K", "k.x", E_ACUTE, E_WITH_ACUTE, ""]
WORD_KEYS = ["eq", "ne", "contains", "in", "AND"]
WORDS = {"eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "contains", "icontains"}
SCALARS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**53, 2**53 + 1, 10**30, 10**30 + 1, Decimal("0.1"), Decimal("0.10")),
    *(
        Decimal("-0.0"),
        Decimal("1.0"),
        Decimal("1E+0"),
        Decimal("1E+30"),
        Decimal("100E-2"),
        Decimal("1E-300"),
    ),
    *("", "1", "true", "null", "*", "a", "A", "ab", "ß", "SS", "%", "_", "\\", "'", E_ACUTE, E_WITH_ACUTE),
]
MIDNIGHT = datetime(2024, 3, 1, tzinfo=UTC)
INSTANTS = [
    MIDNIGHT + days * timedelta(days=1) + offset * timedelta(microseconds=1)
    for days in (0, 1)
    for offset in (-1, 0, 1)
]
DAYS = [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 2)]

texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join)
json_values = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "y", "eq"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def memories(draw: st.DrawFn) -> Memory:
    """A memory; its id is random, for it must differ from all others'."""
    ids = draw(st.lists(st.none() | st.sampled_from(IDS), min_size=4, max_size=4).filter(any))
    keys = st.sampled_from(KEYS + WORD_KEYS)
    return Memory(
        id=str(uuid.uuid4()),
        scope=Scope(*ids),
        text=draw(texts),
        created_at=draw(st.sampled_from(INSTANTS)),
        updated_at=draw(st.sampled_from(INSTANTS)),
        metadata=draw(st.none() | st.dictionaries(keys, json_values, min_size=1, max_size=4) | st.just({})),
        categories=tuple(draw(st.lists(st.sampled_from(NAMES), max_size=3))),
        expiration_date=draw(st.none() | st.sampled_from(DAYS)),
    )


def _written(time: datetime) -> list[Any]:
    """The ways in which a client may write an instant."""
    local = time.astimezone(timezone(timedelta(hours=5, minutes=30)))
    seconds = Decimal((time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)).scaleb(-6)
    return [time.isoformat(), time.replace(tzinfo=None).isoformat(), local.isoformat(), seconds, int(seconds)]


def _near(value: Any) -> list[Any]:
    """A value, and some that are nearly the same or the same in another form."""
    match value:
        case bool():
            return [value, int(value), not value]
        case int() | Decimal():
            number = Decimal(value)
            return [value, number, number.copy_negate(), number.scaleb(1), str(value)]
        case str():
            return [value, value[:1], value[1:], value.swapcase(), [value]]
        case list():
            return [value, value[::-1], *value[:2]]
        case dict():
            return [value, dict(reversed(value.items())), {key: value[key] for key in list(value)[1:]}]
        case _:
            return [value, False]


DAYS_WRITTEN = [day.isoformat() for day in DAYS]
TIMES = [
    *(written for time in INSTANTS for written in _written(time)),
    *(
        "0001-01-01",
        "9999-12-31",
        "9999-12-31T23:59:59Z",
        "2024-03-01T00:00:00Z",
        0,
        Decimal("1709251200.0000009"),
    ),
]


def _choice(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _clauses(operands: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """One or two operators, each with an operand of its own kind."""
    clause = st.sampled_from(sorted(operands)).flatmap(
        lambda word: operands[word].map(lambda operand: {word: operand})
    )
    return st.lists(clause, min_size=1, max_size=2).map(
        lambda found: {k: v for one in found for k, v in one.items()}
    )


def _valued(
    values: st.SearchStrategy[Any], more: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Any]:
    """A bare value, a bare list, or operators."""
    single, several = values | st.sampled_from(["*", None]), st.lists(values, max_size=3)
    operands = {"eq": single, "ne": single, "in": several, "nin": several, **more}
    return single | several | _clauses(operands)


def _conditions(population: list[Memory]) -> st.SearchStrategy[dict[str, Any]]:
    times, categories = _choice(DAYS_WRITTEN) | _choice(TIMES), _choice(NAMES)
    known_parts = [
        part for memory in population for part in _near(memory.text) if isinstance(part, str) and part
    ]
    parts = _choice(known_parts) | _choice(PIECES)
    contains = _clauses({"contains": parts, "icontains": parts})
    time = _valued(times, dict.fromkeys(("gt", "gte", "lt", "lte"), times))
    in_names = _choice([*NAMES, "o", "STRASS", "ss", "ce"])
    known = st.lists(_choice([*(m.id for m in population), population[0].id.upper(), "no id"]), max_size=3)
    fields = {
        **dict.fromkeys(("user_id", "agent_id", "app_id", "run_id"), _valued(_choice(IDS), {})),
        **dict.fromkeys(("created_at", "updated_at", "timestamp", "expiration_date"), time),
        **dict.fromkeys(("keywords", "text"), contains),
        "categories": _valued(categories, {"contains": in_names, "icontains": in_names}),
        "metadata": _metadata(population),
        "memory_ids": known | _clauses({"in": known, "nin": known}),
    }
    # What has the most cases is asked for most.
    names = [*fields, *["metadata"] * 8, *["categories", "text"] * 2]
    return st.sampled_from(names).flatmap(lambda name: fields[name].map(lambda value: {name: value}))


def _metadata(population: list[Memory]) -> st.SearchStrategy[Any]:
    """Conditions on what some memory has, or nearly has, and on anything else."""
    items = [
        (key, near)
        for memory in population
        for key, value in (memory.metadata or {}).items()
        for near in _near(value)
    ]
    known = _choice(items) if items else st.nothing()
    pairs = (known | st.tuples(st.sampled_from(KEYS + WORD_KEYS), json_values)).map(lambda item: dict([item]))
    parts = pairs.filter(lambda pair: "" not in pair.values())
    by_words = _clauses({"eq": pairs | _two(pairs), "ne": pairs | _two(pairs), "contains": parts})
    bare = pairs.filter(lambda pair: not set(pair) <= WORDS and not any(map(_is_words, pair.values())))
    by_key = st.builds(
        lambda word, pair: {key: {word: value} for key, value in pair.items() if key not in WORDS},
        st.sampled_from(["eq", "ne", "contains"]),
        parts,
    ).filter(bool)
    return _choice(["*", None]) | bare | by_key | by_key.map(lambda one: {**one, "k": "*"}) | by_words


def _two(pairs: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(pairs, pairs).map(lambda both: {**both[0], **both[1]})


def _is_words(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and set(value) <= WORDS


def filters(population: list[Memory]) -> st.SearchStrategy[dict[str, Any]]:
    """A filter with AND, OR, NOT and siblings."""

    def combined(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        several = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            several.map(lambda items: {"AND": items}),
            several.map(lambda items: {"OR": items}),
            (several | inner).map(lambda items: {"NOT": items}),
            several.map(lambda items: {key: value for item in items for key, value in item.items()}),
        )

    return st.recursive(_conditions(population), combined, max_leaves=4)
