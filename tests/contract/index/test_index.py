import asyncio
import uuid
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from service.index.chroma import ChromaIndex
from service.index.connect import Connect
from service.memory.errors import Unavailable
from service.memory.model import Scope, Vector, Vectors
from service.memory.ports import IndexEntry

ALICE = Scope(user_id="alice")


@pytest.fixture
def project() -> str:
    """A project that nobody has used yet."""
    return str(uuid.uuid4())


def unit(*values: float) -> Vector:
    """The direction of these first values, in 8 dimensions."""
    vector = np.zeros(8, np.float32)
    vector[: len(values)] = values
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def random_units(count: int) -> Vectors:
    """That many directions."""
    vectors = np.random.default_rng(7).normal(size=(count, 8)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def entries(vectors: Sequence[Vector] | Vectors, scope: Scope = ALICE) -> list[IndexEntry]:
    """Entries m0, m1, ... of one scope."""
    return [IndexEntry(f"m{number}", scope, vector) for number, vector in enumerate(vectors)]


def ids(found: Sequence[tuple[str, float]]) -> list[str]:
    """The ids of an answer, in its order."""
    return [memory_id for memory_id, _ in found]


async def test_round_trip(index: ChromaIndex, project: str) -> None:
    """What is written is read by id; ids that are not known are left out, repeated ones given once."""
    vectors = random_units(3)
    await index.write(project, entries(vectors), [])

    found = await index.vectors(project, ["m2", "m0", "missing", "m2"])

    assert set(found) == {"m0", "m2"}
    np.testing.assert_allclose(found["m2"], vectors[2], atol=1e-6)
    assert found["m0"].dtype == np.float32


async def test_upsert_replaces(index: ChromaIndex, project: str) -> None:
    """Writing an id again replaces its vector; within one write the last entry counts."""
    await index.write(project, [IndexEntry("m", ALICE, unit(1))], [])
    again = [IndexEntry("m", ALICE, unit(0, 1)), IndexEntry("m", ALICE, unit(0, 0, 1))]
    await index.write(project, again, [])

    found = await index.nearest(project, ALICE, unit(0, 0, 1)[np.newaxis], 10)

    assert ids(found) == ["m"]
    assert found[0][1] == pytest.approx(1.0, abs=1e-5)


async def test_upsert_replaces_the_scope(index: ChromaIndex, project: str) -> None:
    """Writing an id again under another scope leaves nothing of the former one."""
    await index.write(project, [IndexEntry("m", Scope(user_id="u", agent_id="a"), unit(1))], [])
    await index.write(project, [IndexEntry("m", Scope(user_id="v"), unit(1))], [])

    for scope, expected in ((Scope(user_id="u"), []), (Scope(agent_id="a"), []), (Scope(user_id="v"), ["m"])):
        assert ids(await index.nearest(project, scope, unit(1)[np.newaxis], 10)) == expected


async def test_delete(index: ChromaIndex, project: str) -> None:
    """What is deleted is gone; deleting what is not there, and repeating a write, change nothing."""
    await index.write(project, entries(random_units(3)), [])
    for _ in range(2):
        await index.write(project, [], ["m1", "m1", "missing"])

    assert set(await index.vectors(project, ["m0", "m1", "m2"])) == {"m0", "m2"}
    assert set(ids(await index.nearest(project, ALICE, random_units(1), 10))) == {"m0", "m2"}


async def test_upserts_and_deletes_in_one_write(index: ChromaIndex, project: str) -> None:
    """One write may bring some memories and take others away."""
    await index.write(project, [IndexEntry("old", ALICE, unit(1))], [])
    await index.write(project, [IndexEntry("new", ALICE, unit(1))], ["old"])

    assert ids(await index.nearest(project, ALICE, unit(1)[np.newaxis], 10)) == ["new"]


async def test_unknown_project(
    index: ChromaIndex, open_index: Callable[..., ChromaIndex], project: str
) -> None:
    """Reading a project without memories finds nothing, and makes nothing."""
    assert await index.vectors(project, ["m"]) == {}
    assert await index.nearest(project, ALICE, random_units(1), 5) == []
    await index.write(project, [], ["m"])

    # Had a collection been made, one for other dimensions would be refused.
    await open_index(dimensions=9).vectors(project, ["m"])


async def test_empty_inputs(index: ChromaIndex, project: str) -> None:
    """Nothing asked is nothing answered."""
    await index.write(project, entries(random_units(1)), [])
    await index.write(project, [], [])

    assert await index.vectors(project, []) == {}
    assert await index.nearest(project, ALICE, np.empty((0, 8), np.float32), 5) == []
    assert await index.nearest(project, ALICE, random_units(1), 0) == []


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(user_id="u"), {"u", "u-a", "u-a-app-r"}),
        (Scope(agent_id="a"), {"u-a", "a-r", "u-a-app-r"}),
        (Scope(user_id="u", agent_id="a"), {"u-a", "u-a-app-r"}),
        (Scope(agent_id="a", run_id="r"), {"a-r", "u-a-app-r"}),
        (Scope(user_id="u", agent_id="a", app_id="app", run_id="r"), {"u-a-app-r"}),
        (Scope(user_id="U"), set()),
        (Scope(user_id="u", app_id="other"), set()),
    ],
)
async def test_scope(index: ChromaIndex, project: str, scope: Scope, expected: set[str]) -> None:
    """A memory is found by a scope when it carries all of the scope's ids."""
    scopes = {
        "u": Scope(user_id="u"),
        "u-a": Scope(user_id="u", agent_id="a"),
        "a-r": Scope(agent_id="a", run_id="r"),
        "u-a-app-r": Scope(user_id="u", agent_id="a", app_id="app", run_id="r"),
    }
    vectors = random_units(4)
    await index.write(
        project,
        [IndexEntry(name, of, vector) for (name, of), vector in zip(scopes.items(), vectors, strict=True)],
        [],
    )

    assert set(ids(await index.nearest(project, scope, vectors[:2], 10))) == expected


@pytest.mark.parametrize(
    "strange",
    [
        "Zoë 🦊",
        "用户",
        "مستخدم",
        "a'b\"c",
        "{}$and",
        "%_\\",
        " spaced ",
        "line\nbreak",
        "x" * 255,
        "1",
        "true",
    ],
)
async def test_any_id(index: ChromaIndex, project: str, strange: str) -> None:
    """A scope's ids may be any text and are told apart to the letter."""
    scope = Scope(user_id=strange, run_id=strange)
    await index.write(project, [IndexEntry("it", scope, unit(1))], [])
    await index.write(project, [IndexEntry("other", Scope(user_id=strange + "."), unit(1))], [])

    assert ids(await index.nearest(project, scope, unit(1)[np.newaxis], 10)) == ["it"]
    assert ids(await index.nearest(project, Scope(user_id=strange), unit(1)[np.newaxis], 10)) == ["it"]


async def test_similarity_is_cosine(index: ChromaIndex, project: str) -> None:
    """Similarity is the cosine whatever the length, 0 for what points away, and best comes first."""
    vectors = [unit(1), 5 * unit(1, 1), 0.1 * unit(1, 3), unit(-1)]
    await index.write(project, entries(vectors), [])

    found = await index.nearest(project, ALICE, 3 * unit(1)[np.newaxis], 10)

    assert ids(found) == ["m0", "m1", "m2", "m3"]
    cosines = [1.0, 1 / np.sqrt(2), 1 / np.sqrt(10), 0.0]
    assert [similarity for _, similarity in found] == pytest.approx(cosines, abs=1e-5)


async def test_several_queries(index: ChromaIndex, project: str) -> None:
    """Several queries give each memory once, with its best similarity, and no more than the limit."""
    await index.write(project, entries([unit(1), unit(0, 1), unit(0, 0, 1), unit(1, 1)]), [])
    queries = np.stack([unit(1), unit(0, 1)])

    found = await index.nearest(project, ALICE, queries, 3)

    assert ids(found) == ["m0", "m1", "m3"]
    assert [similarity for _, similarity in found] == pytest.approx([1, 1, 1 / np.sqrt(2)], abs=1e-5)


async def test_projects_are_apart(index: ChromaIndex, project: str) -> None:
    """What one project holds under the same ids does not exist for another."""
    other = str(uuid.uuid4())
    await index.write(project, [IndexEntry("m", ALICE, unit(1))], [])
    await index.write(other, [IndexEntry("m", ALICE, unit(0, 1)), IndexEntry("n", ALICE, unit(1))], [])

    assert ids(await index.nearest(project, ALICE, unit(1)[np.newaxis], 10)) == ["m"]
    np.testing.assert_allclose((await index.vectors(project, ["m", "n"]))["m"], unit(1), atol=1e-6)
    await index.drop(other)
    assert set(await index.vectors(project, ["m"])) == {"m"}


async def test_models_are_apart(
    index: ChromaIndex, open_index: Callable[..., ChromaIndex], project: str
) -> None:
    """Vectors of another model live elsewhere."""
    await index.write(project, entries([unit(1)]), [])

    assert await open_index(model="another-model").vectors(project, ["m0"]) == {}


async def test_many_rows(index: ChromaIndex, project: str) -> None:
    """A write and a read may be larger than what Chroma takes in one call."""
    vectors = random_units(6_000)
    await index.write(project, entries(vectors), [])

    found = await index.vectors(project, [f"m{number}" for number in range(6_000)])

    assert len(found) == 6_000
    np.testing.assert_allclose(found["m5999"], vectors[5_999], atol=1e-6)
    assert ids(await index.nearest(project, ALICE, vectors[4_321:4_322], 1)) == ["m4321"]
    await index.write(project, [], list(found))
    assert await index.vectors(project, ["m0", "m5999"]) == {}


async def test_other_dimensions(
    index: ChromaIndex, open_index: Callable[..., ChromaIndex], project: str
) -> None:
    """Vectors of another size are refused before Chroma sees them, and so is a store made for them."""
    longer = np.ones(9, np.float32)
    with pytest.raises(ValueError, match="8 dimensions"):
        await index.write(project, [IndexEntry("m", ALICE, longer)], [])
    with pytest.raises(ValueError, match="8 dimensions"):
        await index.nearest(project, ALICE, longer[np.newaxis], 1)
    await index.write(project, entries([unit(1)]), [])

    with pytest.raises(Unavailable, match="Build the index anew") as refused:
        await open_index(dimensions=9).vectors(project, ["m0"])

    assert refused.value.reason == "INDEX_INCOMPATIBLE"


async def test_foreign_collection_in_another_space(
    connect: Connect, index: ChromaIndex, project: str
) -> None:
    """A collection that does not measure cosines is refused."""
    await index.write(project, entries([unit(1)]), [])
    connection = connect()
    name = next(c.name for c in connection.client.list_collections() if project in c.name)
    await index.drop(project)
    connection.client.create_collection(name, metadata={"dimensions": 8}, embedding_function=None)
    connection.close()

    with pytest.raises(Unavailable, match="space l2"):
        await index.write(project, entries([unit(1)]), [])


async def test_dropped_by_another_process(
    index: ChromaIndex, open_index: Callable[..., ChromaIndex], project: str
) -> None:
    """A collection that somebody else dropped is empty for reads, and made anew by writes."""
    other = open_index()
    await index.write(project, entries([unit(1)]), [])
    assert await other.vectors(project, ["m0"])

    await index.drop(project)
    await index.drop(project)

    assert await other.nearest(project, ALICE, unit(1)[np.newaxis], 1) == []
    await index.write(project, entries([unit(1)]), [])
    assert await other.vectors(project, ["m0"])


async def test_concurrent_use(index: ChromaIndex, project: str) -> None:
    """Many writes and reads at once lose nothing."""
    vectors = random_units(40)
    await asyncio.gather(*(index.write(project, [entry], []) for entry in entries(vectors)))

    answers = await asyncio.gather(*(index.vectors(project, [f"m{number}"]) for number in range(40)))

    np.testing.assert_allclose([a[f"m{n}"] for n, a in enumerate(answers)], vectors, atol=1e-6)


async def test_reopened(index: ChromaIndex, open_index: Callable[..., ChromaIndex], project: str) -> None:
    """What was written is there after closing and opening again."""
    vectors = random_units(5)
    await index.write(project, entries(vectors), ["m4"])
    index.close()

    found = await open_index().vectors(project, [f"m{number}" for number in range(5)])

    assert set(found) == {"m0", "m1", "m2", "m3"}
    np.testing.assert_allclose(found["m3"], vectors[3], atol=1e-6)


async def test_ping(index: ChromaIndex) -> None:
    """A working index answers."""
    await index.ping()
