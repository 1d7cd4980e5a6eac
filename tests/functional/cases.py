"""The table of `test_faces_agree`: requests that both faces must answer alike."""

from __future__ import annotations

from json import dumps
from typing import Any

from tests.functional.agreement import Case

SAID = [{"role": "user", "content": "My name is Alex."}, {"role": "assistant", "content": "Hello!"}]
BATCH = {
    "memories": [
        {"memory_id": "$memory", "text": "Likes soup"},
        {"memory_id": "$other", "text": "Likes rice"},
    ]
}
BAD_UUID = {"memory_id": "no-uuid"}
ABSENT = {"memory_id": "$nobody"}
V3_IDS = {"user_id": None, "filters": {"user_id": "$user"}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"facts": {"type": "array", "items": {"type": "string"}}},
}

ADDS = (
    Case("AddMemories", {"messages": SAID, "user_id": "$user"}, path="/v1/"),
    Case("AddMemories", {"messages": SAID, "user_id": "$user", "infer": False}),
    Case("AddMemories", {"messages": SAID, "user_id": "$user", "metadata": {"a": [1, None]}, "infer": False}),
    Case("AddMemories", {"messages": SAID, "user_id": "$user", "async_mode": True}),
    Case("AddMemories", {"messages": SAID, "infer": False}, code="INVALID_ARGUMENT"),
    Case("AddMemories", {"messages": [], "user_id": "$user"}, code="INVALID_ARGUMENT"),
    Case("AddMemories", {"messages": [{"role": "king", "content": ""}]}, code="INVALID_ARGUMENT"),
    Case(
        "AddMemories",
        {"messages": SAID, "user_id": " ", "expiration_date": "soon", "output_format": "v9", "version": "v9"},
        code="INVALID_ARGUMENT",
    ),
)

PREVIEWS = (
    Case("PreviewMemories", {"messages": SAID, "user_id": "$user"}),
    Case("PreviewMemories", {"messages": SAID, "user_id": "$user", "metadata": {"a": 1}, "infer": False}),
    Case("PreviewMemories", {"messages": [], "custom_categories": {"": "x"}}, code="INVALID_ARGUMENT"),
    Case("CommitPreview", {"plan_id": "$plan"}),
    Case("CommitPreview", {"plan_id": "$outdated"}, code="ABORTED"),
    Case("CommitPreview", {"plan_id": "$nobody"}, code="NOT_FOUND"),
    Case("CommitPreview", {"plan_id": "no-uuid"}, code="INVALID_ARGUMENT"),
)

READS = (
    Case("GetMemory", {"memory_id": "$memory"}),
    Case("GetMemory", ABSENT, code="NOT_FOUND"),
    Case("GetMemory", BAD_UUID, code="INVALID_ARGUMENT"),
    Case("ListMemories", {"entity_type": "user", "entity_id": "$user"}, path="entity_type"),
    Case("ListMemories", {"user_id": "$user"}, path="/v2/"),
    Case(
        "ListMemories",
        {"user_id": "$user", "keywords": ["tea"], "fields": ["memory"]},
        path="^/v1/memories/$",
    ),
    Case(
        "ListMemories",
        {"filters": {"OR": [{"user_id": "$user"}, {"memory_ids": ["$memory", "$other"]}]}},
        path="/v2/",
    ),
    Case("ListMemories", {"filters": {"user_id": "$user", "memory_ids": ["$memory"]}}, path="/v3/"),
    Case(
        "ListMemories",
        {"filters": {"AND": [{"shoe": 1}, {"user_id": {"like": "$user"}}]}},
        code="INVALID_ARGUMENT",
        path="/v3/",
    ),
    Case(
        "ListMemories",
        {"filters": {"user_id": "$user"}, "page": 9, "page_size": 5},
        code="NOT_FOUND",
        path="/v3/",
    ),
    Case("ListMemories", {"page_size": 0, "start_date": "never"}, code="INVALID_ARGUMENT", path="/v2/"),
    Case("ListMemories", {}, code="INVALID_ARGUMENT", path="/v2/"),
    Case("ListMemories", {"categories": ["food"]}, code="INVALID_ARGUMENT", path="/v3/"),
    Case(
        "SearchMemories",
        {"query": "what is drunk?", "user_id": "$user", "filters": {"memory_ids": ["$memory", "$other"]}},
        path="/v1/",
    ),
    Case("SearchMemories", {"query": "tea", "filters": {"user_id": "$user", "memory_ids": ["$memory"]}}),
    Case(
        "SearchMemories", {"query": " ", "filters": {}, "top_k": 0, "threshold": 7.5}, code="INVALID_ARGUMENT"
    ),
    Case("ListMemoryHistory", {"memory_id": "$memory"}),
    Case("ListMemoryHistory", ABSENT, code="NOT_FOUND"),
    Case("ListMemoryHistory", BAD_UUID, code="INVALID_ARGUMENT"),
)

# Nothing changes between the two calls, so a moment to come is told as the present is, with its versions.
TO_COME = {"as_of": "2999-01-01T00:00:00Z"}
PAST = (
    Case("GetMemory", {"memory_id": "$memory", **TO_COME}),
    Case("GetMemory", {"memory_id": "$changed", "include_superseded": True}),
    Case("GetMemory", {"memory_id": "$memory", "as_of": "0"}, code="NOT_FOUND"),
    Case("GetMemory", {"memory_id": "$memory", "as_of": "2024-01-01"}, code="INVALID_ARGUMENT"),
    Case("ListMemories", {"user_id": "$user", "keywords": ["tea"], **TO_COME}, path="/v2/"),
    Case("ListMemories", {"filters": {"user_id": "$user"}, "include_superseded": True}, path="/v3/"),
    Case("ListMemories", {"user_id": "$user", "include_superseded": True}, path="^/v1/memories/$"),
    Case("ListMemories", {"user_id": "$user", "as_of": "yesterday"}, code="INVALID_ARGUMENT", path="/v2/"),
    Case(
        "SearchMemories",
        {"query": "tea", "filters": {"user_id": "$user", "memory_ids": ["$changed"]}, **TO_COME},
    ),
    Case(
        "SearchMemories",
        {"query": "tea", "filters": {"memory_ids": ["$changed"]}, "include_superseded": True},
        path="/v2/",
    ),
    Case(
        "SearchMemories",
        {"query": "tea", "filters": {"user_id": "$user"}, "as_of": "soon"},
        code="INVALID_ARGUMENT",
    ),
)

CHANGES = (
    Case("UpdateMemory", {"memory_id": "$memory", "text": "Likes coffee", "metadata": {"cups": 3}}),
    Case("UpdateMemory", {"memory_id": "$memory", "expiration_date": "2999-12-31"}),
    Case("UpdateMemory", {"memory_id": "$memory"}, code="INVALID_ARGUMENT"),
    Case(
        "UpdateMemory",
        {"memory_id": "no-uuid", "text": "", "expiration_date": "soon"},
        code="INVALID_ARGUMENT",
    ),
    Case("UpdateMemory", {"memory_id": "$fixed", "text": "Likes coffee"}, code="FAILED_PRECONDITION"),
    Case("UpdateMemory", {"memory_id": "$nobody", "text": "Likes coffee"}, code="NOT_FOUND"),
    Case("DeleteMemory", {"memory_id": "$fixed"}),
    Case("DeleteMemory", ABSENT, code="NOT_FOUND"),
    Case("DeleteMemory", BAD_UUID, code="INVALID_ARGUMENT"),
    Case("DeleteMemories", {"user_id": "$user", "memory_ids": ["$memory", "$other"]}),
    Case("DeleteMemories", {"user_id": "$user", "keywords": ["nothing"]}),
    Case("DeleteMemories", {"categories": ["food"]}, code="INVALID_ARGUMENT"),
    Case("DeleteMemories", {"user_id": "", "filters": {"shoe": 1}}, code="INVALID_ARGUMENT"),
    Case("BatchUpdateMemories", BATCH, quiet=True),
    Case(
        "BatchUpdateMemories",
        {"memories": [{"memory_id": "$memory", "text": "a"}, {"memory_id": "$nobody", "text": "a"}]},
        code="NOT_FOUND",
    ),
    Case(
        "BatchUpdateMemories",
        {"memories": [{"memory_id": "$memory"}, {"memory_id": "x", "text": "a"}]},
        code="INVALID_ARGUMENT",
    ),
    Case("BatchUpdateMemories", {"memories": []}, code="INVALID_ARGUMENT"),
    Case(
        "BatchDeleteMemories",
        {"memory_ids": ["$memory", "$other"]},
        rest={"memory_ids": None, "memories": [{"memory_id": "$memory"}, "$other"]},
    ),
    Case(
        "BatchDeleteMemories",
        {"memory_ids": ["$memory", "$nobody"]},
        rest={"memory_ids": None, "memories": ["$memory", "$nobody"]},
        code="NOT_FOUND",
    ),
    Case(
        "BatchDeleteMemories",
        {"memory_ids": ["x"] * 1001},
        rest={"memory_ids": None, "memories": ["x"] * 1001},
        code="INVALID_ARGUMENT",
    ),
    Case(
        "CreateFeedback",
        {"memory_id": "$memory", "feedback": "FEEDBACK_POSITIVE", "feedback_reason": "true"},
        rest={"feedback": "POSITIVE"},
    ),
    Case(
        "CreateFeedback",
        {"memory_id": "$nobody", "feedback": "FEEDBACK_NEGATIVE"},
        rest={"feedback": "NEGATIVE"},
        code="NOT_FOUND",
    ),
    Case("CreateFeedback", BAD_UUID, code="INVALID_ARGUMENT"),
)

REQUESTS = (
    Case("ListEvents", {"page": 1, "page_size": 1, "start_date": "2999-01-01"}),
    Case("ListEvents", {"status": "LOST", "page_size": 0, "end_date": "never"}, code="INVALID_ARGUMENT"),
    Case("ListEvents", {"page": 99999}, code="NOT_FOUND"),
    Case("GetEvent", {"event_id": "$memory_event"}),
    Case("GetEvent", {"event_id": "$nobody"}, code="NOT_FOUND"),
    Case("GetEvent", {"event_id": "no-uuid"}, code="INVALID_ARGUMENT"),
    Case("RetryEvent", {"event_id": "$failed"}),
    Case("RetryEvent", {"event_id": "$memory_event"}, code="ABORTED"),
    Case("RetryEvent", {"event_id": "$nobody"}, code="NOT_FOUND"),
    Case("RetryEvent", {"event_id": "no-uuid"}, code="INVALID_ARGUMENT"),
    Case("CreateExport", {"schema": SCHEMA, "user_id": "$user", "filters": {"memory_ids": ["$memory"]}}),
    Case(
        "CreateExport",
        {"schema": {"type": "shoe"}, "filters": {"shoe": 1}, "export_instructions": ""},
        code="INVALID_ARGUMENT",
    ),
    Case("GetExport", {"memory_export_id": "$export", "user_id": "$user"}),
    Case("GetExport", {"memory_export_id": "$nobody"}, code="NOT_FOUND"),
    Case("GetExport", {"memory_export_id": "no-uuid"}, code="INVALID_ARGUMENT"),
    Case("SummarizeMemories", {"user_id": "$user", "filters": {"memory_ids": ["$memory"]}}),
    Case("SummarizeMemories", {"filters": {}}, code="INVALID_ARGUMENT"),
)

ENTITIES = (
    Case("ListEntities", {"entity_type": "agent", "page": 1, "page_size": 5}),
    Case("ListEntities", {"entity_type": "shoe", "page_size": 0}, code="INVALID_ARGUMENT"),
    Case("ListEntities", {"page": 99999}, code="NOT_FOUND"),
    Case("GetEntity", {"entity_type": "run", "entity_id": "$run"}),
    Case("GetEntity", {"entity_type": "run", "entity_id": "$user"}, code="NOT_FOUND"),
    Case("GetEntity", {"entity_type": "shoe", "entity_id": "$user"}, code="INVALID_ARGUMENT"),
    Case(
        "CreateEntity",
        {"user_id": "$user", "metadata": {"age": 3}},
        path="/users/",
        more=frozenset({"user_id"}),
    ),
    Case("CreateEntity", {"agent_id": "$user"}, path="/agents/", more=frozenset({"agent_id"})),
    Case("CreateEntity", {"app_id": "$user"}, path="/apps/", more=frozenset({"app_id"})),
    Case("CreateEntity", {"run_id": "$user"}, path="/runs/", more=frozenset({"run_id"})),
    Case("CreateEntity", {"user_id": " "}, path="/users/", code="INVALID_ARGUMENT"),
    Case("DeleteEntity", {"entity_type": "user", "entity_id": "$user"}),
    Case("DeleteEntity", {"entity_type": "run", "entity_id": "$run", "erase": True}),
    Case("DeleteEntity", {"entity_type": "user", "entity_id": "$user", "erase": True}),
    Case("DeleteEntity", {"entity_type": "shoe", "entity_id": "$user"}, code="INVALID_ARGUMENT"),
    Case("ListEntityFilters"),
    Case("GetStats"),
    Case("Ping"),
)

FORM: dict[str, Any] = {"type": "object", "properties": {"drink": {"type": "string", "description": "drink"}}}
TRIGGER = {"operation": "trigger", "entity_type": "user", "entity_id": "$profiled"}
PROFILES = (
    Case("GetProfile", {"entity_id": "$profiled"}),
    Case("GetProfile", {"entity_id": "$user"}, code="NOT_FOUND"),
    Case("GetProfile", {"entity_id": " "}, code="INVALID_ARGUMENT"),
    Case(
        "CreateProfileJob",
        TRIGGER,
        more=frozenset({"status_url", "entity_count_reserved"}),
    ),
    Case("CreateProfileJob", {**TRIGGER, "entity_id": "$user"}, code="NOT_FOUND"),
    Case(
        "CreateProfileJob",
        {**TRIGGER, "entity_id": "other-$profiled", "idempotency_key": "key-$user"},
        code="ALREADY_EXISTS",
    ),
    Case(
        "CreateProfileJob",
        {"operation": "guess", "entity_type": "shoe", "limit": 11, "idempotency_key": ""},
        code="INVALID_ARGUMENT",
    ),
    Case("CreateProfileJob", {"operation": "trigger"}, code="INVALID_ARGUMENT"),
    Case("GetProfileJob", {"job_id": "$job"}, more=frozenset({"enumeration_complete"})),
    Case("GetProfileJob", {"job_id": "$nobody"}, code="NOT_FOUND"),
    Case("GetProfileJob", {"job_id": "no-uuid"}, code="INVALID_ARGUMENT"),
    Case("GetProfileSettings"),
    Case(
        "UpdateProfileSettings",
        {"enabled": True, "entities": {"user": {"schema": dumps(FORM), "custom_instructions": "Be brief"}}},
        rest={"entities": {"user": {"schema": FORM, "custom_instructions": "Be brief"}}},
    ),
    Case(
        "UpdateProfileSettings",
        {"entities": {"user": {"schema": '{"type":"array"}', "custom_instructions": " "}}},
        rest={"entities": {"user": {"schema": {"type": "array"}, "custom_instructions": " "}}},
        code="INVALID_ARGUMENT",
    ),
)

ORG = {"org_id": "$org"}
PROJECT = {"org_id": "$org", "project_id": "$project"}
NO_ORG = {"org_id": "$nobody"}
NO_PROJECT = {"org_id": "$org", "project_id": "$nobody"}
BAD_IDS = {"org_id": "x", "project_id": "x"}
IDS = frozenset({"user_id", "email"})

ORGANIZATIONS = (
    Case("ListOrganizations"),
    Case("CreateOrganization", {"name": "new-$user", "description": "a new one"}, more=IDS),
    Case("CreateOrganization", {"name": ""}, code="INVALID_ARGUMENT"),
    Case("CreateOrganization", {"name": "org-$user", "description": "$org"}, code="ALREADY_EXISTS"),
    Case("GetOrganization", ORG, more=IDS),
    Case("GetOrganization", NO_ORG, code="NOT_FOUND"),
    Case("GetOrganization", {"org_id": "x"}, code="INVALID_ARGUMENT"),
    Case("DeleteOrganization", ORG),
    Case("DeleteOrganization", NO_ORG, code="NOT_FOUND"),
    Case("ListOrganizationMembers", ORG, more=IDS),
    Case("ListOrganizationMembers", NO_ORG, code="NOT_FOUND"),
    Case("AddOrganizationMember", {**ORG, "email": "ann@example.test", "role": "OWNER"}, more=IDS),
    Case("AddOrganizationMember", {**ORG, "email": "$member"}, code="ALREADY_EXISTS"),
    Case("AddOrganizationMember", {**ORG, "email": "nobody", "role": "king"}, code="INVALID_ARGUMENT"),
    Case("UpdateOrganizationMember", {**ORG, "email": "$member", "role": "owner"}, more=IDS),
    Case("UpdateOrganizationMember", {**ORG, "email": "x@example.test", "role": "owner"}, code="NOT_FOUND"),
    Case("RemoveOrganizationMember", {**ORG, "email": "$member"}),
    Case("RemoveOrganizationMember", {**ORG, "email": "x@example.test"}, code="NOT_FOUND"),
    Case("RemoveOrganizationMember", {**ORG, "email": ""}, code="INVALID_ARGUMENT"),
)

FOOD = {"categories": [{"name": "food", "description": "what is eaten"}]}
PROJECTS = (
    Case("ListProjects", ORG),
    Case("ListProjects", NO_ORG, code="NOT_FOUND"),
    Case("CreateProject", {**ORG, "name": "new", "description": "a new one"}, more=IDS),
    Case("CreateProject", {**ORG, "name": " "}, code="INVALID_ARGUMENT"),
    Case("CreateProject", {**ORG, "name": "project-$user", "description": "$project"}, code="ALREADY_EXISTS"),
    Case("GetProject", PROJECT, more=IDS),
    Case("GetProject", NO_PROJECT, code="NOT_FOUND"),
    Case("GetProject", BAD_IDS, code="INVALID_ARGUMENT"),
    Case(
        "UpdateProject",
        {
            **PROJECT,
            "custom_instructions": "Be brief",
            "settings": {"decay": True},
            "custom_categories": FOOD,
        },
        rest={"settings": None, "decay": True, "custom_categories": [{"food": "what is eaten"}]},
        more=IDS,
    ),
    Case("UpdateProject", {**NO_PROJECT, "name": "x"}, code="NOT_FOUND"),
    Case("UpdateProject", {**PROJECT, "name": ""}, code="INVALID_ARGUMENT"),
    Case("DeleteProject", PROJECT),
    Case("DeleteProject", NO_PROJECT, code="NOT_FOUND"),
    Case("ListProjectMembers", PROJECT, more=IDS),
    Case("ListProjectMembers", NO_PROJECT, code="NOT_FOUND"),
    Case("AddProjectMember", {**PROJECT, "email": "ann@example.test", "role": "READER"}, more=IDS),
    Case("AddProjectMember", {**PROJECT, "email": "$colleague"}, code="ALREADY_EXISTS"),
    Case("UpdateProjectMember", {**PROJECT, "email": "$colleague", "role": "OWNER"}, more=IDS),
    Case("UpdateProjectMember", {**PROJECT, "email": "", "role": ""}, code="INVALID_ARGUMENT"),
    Case("RemoveProjectMember", {**PROJECT, "email": "$colleague"}),
    Case("RemoveProjectMember", {**PROJECT, "email": "x@example.test"}, code="NOT_FOUND"),
)

OF_PROJECT = {"project_id": "$project"}
TOLD = frozenset({"project"})
WEBHOOKS = (
    Case("ListWebhooks", OF_PROJECT),
    Case("ListWebhooks", {"project_id": "$nobody"}, code="NOT_FOUND"),
    Case(
        "CreateWebhook",
        {**OF_PROJECT, "name": "w", "url": "https://example.test/a", "event_types": ["memory_add"]},
        more=TOLD,
    ),
    Case(
        "CreateWebhook",
        {**OF_PROJECT, "name": "", "url": "nowhere", "event_types": ["x"]},
        code="INVALID_ARGUMENT",
    ),
    Case("UpdateWebhook", {"webhook_id": "$webhook", "is_active": False, "name": "v"}, more=TOLD),
    Case("UpdateWebhook", {"webhook_id": "$nobody", "name": "v"}, code="NOT_FOUND"),
    Case("UpdateWebhook", {"webhook_id": "x", "url": ""}, code="INVALID_ARGUMENT"),
    Case("DeleteWebhook", {"webhook_id": "$webhook"}),
    Case("DeleteWebhook", {"webhook_id": "$nobody"}, code="NOT_FOUND"),
    Case("ListWebhookDeliveries", {"webhook_id": "$webhook", "state": "DEAD"}),
    Case("ListWebhookDeliveries", {"webhook_id": "$nobody"}, code="NOT_FOUND"),
    Case("ListWebhookDeliveries", {"webhook_id": "$webhook", "page": 2}, code="NOT_FOUND"),
    Case(
        "ListWebhookDeliveries",
        {"webhook_id": "x", "state": "GONE", "page_size": 0},
        code="INVALID_ARGUMENT",
    ),
)

CHANGES_TOLD = (
    Case("WatchEvents", {"run_id": "$run", "from_beginning": True, "until_now": True}),
    Case("WatchEvents", {"cursor": "x", "user_id": " ", "until_now": True}, code="INVALID_ARGUMENT"),
)

CASES = (
    *ADDS,
    *PREVIEWS,
    *READS,
    *PAST,
    *CHANGES,
    *REQUESTS,
    *ENTITIES,
    *PROFILES,
    *ORGANIZATIONS,
    *PROJECTS,
    *WEBHOOKS,
    *CHANGES_TOLD,
)
