"""No query in a loop, and none that reads a table from end to end."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

from service.ledger.accounts import SqlAccounts
from service.memory.accounts import AccessRole, new_secret
from tests.functional.conftest import MODEL_KEY
from tests.functional.statements import Listening, Statement, listening
from tests.running import KEY
from tests.scripted_openai import ScriptedOpenAI, add, plan

FEW, MANY = 1, 40

Count: TypeAlias = Callable[[Listening, int], Awaitable[list[Statement]]]
"""What an operation on so many items says to the database."""


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Listening]:
    """The service, with a scripted model."""
    with ScriptedOpenAI() as model:
        model.default = lambda _: plan([add(f"Likes {number} cups of tea") for number in range(MANY)])
        variables = {"openai_api_key": MODEL_KEY, "openai_base_url": model.base_url}
        async with listening(tmp_path_factory.mktemp("plans"), variables) as running:
            running_model[:] = [model]
            yield running


running_model: list[ScriptedOpenAI] = []


def somebody() -> str:
    """A user whom nobody else is."""
    return f"user-{uuid.uuid4()}"


def said(size: int) -> list[dict[str, str]]:
    """So many messages."""
    return [{"role": "user", "content": f"Drinks {number} cups of tea"} for number in range(size)]


async def stored(service: Listening, user: str, size: int) -> list[str]:
    """The ids of so many memories of a user."""
    answer = await service.call(
        "AddMemories", messages=said(size), user_id=user, run_id="run", metadata='{"tag": "a"}', infer=False
    )
    return [event.id for event in answer.results]


async def verbatim(service: Listening, size: int) -> list[Statement]:
    """Messages stored as they are."""
    return await service.statements("AddMemories", messages=said(size), user_id=somebody(), infer=False)


async def inferred(service: Listening, size: int) -> list[Statement]:
    """Facts read from messages."""
    (model,) = running_model
    model.default = lambda _: plan([add(f"Likes the number {number}", quote="tea") for number in range(size)])
    user = somebody()
    statements = await service.statements("AddMemories", messages=said(1), user_id=user)
    assert (await service.call("ListMemories", user_id=user)).count >= min(size, 2)
    return statements


async def listed(service: Listening, size: int) -> list[Statement]:
    """A list."""
    user = somebody()
    await stored(service, user, size)
    return await service.statements("ListMemories", user_id=user, page_size=200)


async def searched(service: Listening, size: int) -> list[Statement]:
    """A search."""
    user = somebody()
    await stored(service, user, size)
    return await service.statements("SearchMemories", query="tea", user_id=user, top_k=200)


async def updated(service: Listening, size: int) -> list[Statement]:
    """A batch of changes by hand."""
    ids = await stored(service, somebody(), size)
    edits = [{"memory_id": each, "text": f"Drinks coffee {each}", "metadata": '{"a": 1}'} for each in ids]
    return await service.statements("BatchUpdateMemories", memories=edits)


async def deleted(service: Listening, size: int) -> list[Statement]:
    """A batch of deletions."""
    ids = await stored(service, somebody(), size)
    return await service.statements("BatchDeleteMemories", memory_ids=ids)


async def all_deleted(service: Listening, size: int) -> list[Statement]:
    """A deletion of all that a filter picks."""
    user = somebody()
    await stored(service, user, size)
    return await service.statements("DeleteMemories", user_id=user)


async def entity_deleted(service: Listening, size: int) -> list[Statement]:
    """An entity and its memories."""
    user = somebody()
    await stored(service, user, size)
    return await service.statements("DeleteEntity", entity_type="user", entity_id=user)


async def remembered(service: Listening, size: int) -> list[Statement]:
    """The history of a memory."""
    (memory_id,) = await stored(service, somebody(), 1)
    for number in range(size):
        await service.call("UpdateMemory", memory_id=memory_id, metadata=json.dumps({"n": number}))
    return await service.statements("ListMemoryHistory", memory_id=memory_id)


async def events(service: Listening, size: int) -> list[Statement]:
    """Requests."""
    for _ in range(size):
        await stored(service, somebody(), 1)
    return await service.statements("ListEvents", page_size=size)


async def one_event(service: Listening, size: int) -> list[Statement]:
    """A request and what it changed."""
    answer = await service.call("AddMemories", messages=said(size), user_id=somebody(), infer=False)
    return await service.statements("GetEvent", event_id=answer.event_id)


async def entities(service: Listening, size: int) -> list[Statement]:
    """Entities."""
    for _ in range(size):
        await stored(service, somebody(), 1)
    return await service.statements("ListEntities", entity_type="user", page_size=size)


async def summarized(service: Listening, size: int) -> list[Statement]:
    """A summary."""
    user = somebody()
    await stored(service, user, size)
    return await service.statements("SummarizeMemories", user_id=user)


async def organizations(service: Listening, size: int) -> list[Statement]:
    """Organizations."""
    for _ in range(size):
        await service.call("CreateOrganization", name=somebody())
    return await service.statements("ListOrganizations")


async def projects(service: Listening, size: int) -> list[Statement]:
    """Projects."""
    made = await service.call("CreateOrganization", name=somebody())
    org_id = made.organization.org_id
    for _ in range(size):
        await service.call("CreateProject", org_id=org_id, name=somebody())
    return await service.statements("ListProjects", org_id=org_id)


async def members(service: Listening, size: int) -> list[Statement]:
    """Members."""
    made = await service.call("CreateOrganization", name=somebody())
    org_id = made.organization.org_id
    for number in range(size):
        await service.call("AddOrganizationMember", org_id=org_id, email=f"a{number}@example.test")
    return await service.statements("GetOrganization", org_id=org_id)


async def webhooks(service: Listening, size: int) -> list[Statement]:
    """Webhooks."""
    project_id = (await service.call("Ping")).project_id
    for number in range(size):
        url = f"https://example.test/{number}"
        await service.call("CreateWebhook", project_id=project_id, name="w", url=url)
    return await service.statements("ListWebhooks", project_id=project_id)


async def profiled(service: Listening, size: int) -> list[Statement]:
    """The profiles of a sample of users, and all that is asked about them."""
    users = [somebody() for _ in range(size)]
    for user in users:
        await stored(service, user, 2)
    statements = await service.statements("UpdateProfileSettings", enabled=True)
    statements += await service.statements("CreateProfileJob", operation="sample", idempotency_key=users[0])
    job_id = (await service.call("CreateProfileJob", operation="trigger", entity_id=users[0])).job_id
    statements += await service.statements("GetProfileJob", job_id=job_id)
    statements += await service.statements("GetProfile", entity_id=users[0])
    statements += await service.statements("GetProfileSettings")
    return statements + await service.statements("DeleteEntity", entity_type="user", entity_id=users[0])


async def exported(service: Listening, size: int) -> list[Statement]:
    """An export, asked for and looked at."""
    user = somebody()
    await stored(service, user, size)
    schema = '{"type": "object", "properties": {"facts": {"type": "array", "items": {"type": "string"}}}}'
    asked = await service.statements("CreateExport", schema=schema, user_id=user)
    return asked + await service.statements("GetExport", user_id=user)


async def one_by_one(service: Listening, size: int) -> list[Statement]:
    """Everything that is done with one memory of many."""
    (memory_id, *_) = await stored(service, somebody(), size)
    statements = await service.statements("GetMemory", memory_id=memory_id)
    statements += await service.statements("UpdateMemory", memory_id=memory_id, text="Drinks water")
    statements += await service.statements("CreateFeedback", memory_id=memory_id, feedback=1)
    return statements + await service.statements("DeleteMemory", memory_id=memory_id)


async def selected(service: Listening, size: int) -> list[Statement]:
    """Another project, by its name, with a key of the whole organization."""
    accounts, secret = SqlAccounts(service.database), new_secret()
    project_id = (await service.call("Ping")).project_id
    for number in range(size):
        wide = number == 0
        key = secret if wide else new_secret()
        at = datetime.now(UTC)
        await accounts.create_key(key, project_id, "", AccessRole.OWNER, at, organization_wide=wide)
    service.key = secret
    try:
        return await service.statements("Ping", project_name="default")
    finally:
        service.key = KEY


OPERATIONS: tuple[Count, ...] = (
    verbatim,
    inferred,
    listed,
    searched,
    updated,
    deleted,
    all_deleted,
    entity_deleted,
    remembered,
    events,
    one_event,
    entities,
    summarized,
    one_by_one,
    selected,
    organizations,
    projects,
    members,
    webhooks,
)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_no_query_in_a_loop(service: Listening, operation: Count) -> None:
    """As many statements for many items as for one."""
    few = [statement.text for statement in await operation(service, FEW)]
    many = [statement.text for statement in await operation(service, MANY)]
    assert few
    assert len(many) == len(few), sorted(Counter(many) - Counter(few))


SCAN = re.compile(r"^SCAN (\w+)")
GROWING = {
    "memories",
    "memory_metadata",
    "memory_categories",
    "changes",
    "requests",
    "outbox",
    "subjects",
    "feedback",
    "entities",
    "exports",
    "profile_jobs",
    "profile_tasks",
    "profiles",
    "profile_settings",
    "api_keys",
    "organizations",
    "projects",
    "organization_members",
    "project_members",
    "webhooks",
}


# What a worker does to an export or a profile may fall into the call or not, so that their statements cannot
# be counted.
@pytest.mark.parametrize("operation", [*OPERATIONS, exported, profiled])
async def test_no_table_is_read_from_end_to_end(service: Listening, operation: Count) -> None:
    """Every statement of an operation finds its rows by an index."""
    for statement in await operation(service, 2):
        steps = service.plan(statement)
        read = {found[1] for step in steps if (found := SCAN.match(step))}
        assert not read & GROWING, (statement.text, steps)


PAGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ListMemories", {"user_id": "alex"}),
    ("ListMemories", {"run_id": "run", "show_expired": True}),
    ("ListMemories", {"user_id": "alex", "metadata": '{"tag": "a"}', "categories": ["food"]}),
    ("ListMemories", {"user_id": "alex", "keywords": ["tea"], "start_date": "2020-01-01"}),
    ("ListMemories", {"filters": '{"AND": [{"user_id": "alex"}, {"NOT": {"metadata": {"tag": "b"}}}]}'}),
    ("ListMemories", dict.fromkeys(("user_id", "agent_id", "app_id", "run_id"), "*")),
    ("ListMemoryHistory", {}),
    ("ListEvents", {}),
    ("ListEvents", {"start_date": "2020-01-01"}),
)


@pytest.mark.parametrize(("name", "fields"), PAGES)
async def test_pages_come_in_order(service: Listening, name: str, fields: dict[str, Any]) -> None:
    """A page is read off its index in order: nothing is sorted, however many pages there are."""
    (memory_id,) = await stored(service, somebody(), 1)
    fields = fields if name != "ListMemoryHistory" else {"memory_id": memory_id}
    for statement in await service.statements(name, **fields):
        steps = service.plan(statement)
        if " LIMIT " not in statement.text:
            continue
        assert not any("TEMP B-TREE" in step for step in steps), (statement.text, steps)
        assert not any(found[1] in GROWING for step in steps if (found := SCAN.match(step))), steps


async def test_a_scan_is_noticed(service: Listening) -> None:
    """A table that is read from end to end, and a page that is sorted, show in the plans."""
    steps = service.plan(Statement("SELECT * FROM memories WHERE text = ? ORDER BY speaker LIMIT 1", ("a",)))
    assert any(found[1] == "memories" for step in steps if (found := SCAN.match(step)))
    assert any("TEMP B-TREE" in step for step in steps)


async def test_a_loop_is_noticed(service: Listening) -> None:
    """More calls make more statements, of which none is missed."""

    async def looping(size: int) -> int:
        ids = await stored(service, somebody(), size)
        return sum([len(await service.statements("GetMemory", memory_id=each)) for each in ids])

    assert await looping(3) == 3 * await looping(1)
