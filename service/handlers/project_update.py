"""From the proto to checked changes of a project."""

from __future__ import annotations

from collections.abc import Mapping

from memoryd.v1 import account_service_pb2 as pb

from service.handlers.add_request import LONGEST_CATEGORY, LONGEST_INSTRUCTIONS, MOST_CATEGORIES
from service.handlers.admin_fields import optional_text
from service.handlers.fields import Fields
from service.memory.projects import KEPT_SETTINGS, ProjectUpdate


def update_from(request: pb.UpdateProjectRequest, fields: Fields) -> ProjectUpdate:
    """The changes; what is wrong with them is noted in `fields`, and then they are not to be used."""
    given = {field.name for field, _ in request.ListFields()}

    def text(name: str) -> str | None:
        value: str = getattr(request, name)
        return optional_text(fields, name, value, LONGEST_INSTRUCTIONS) if name in given else None

    return ProjectUpdate(
        name=fields.identifier("name", request.name) if "name" in given else None,
        description=text("description"),
        custom_instructions=text("custom_instructions"),
        agent_custom_instructions=text("agent_custom_instructions"),
        custom_categories=(
            _categories(request.custom_categories, fields) if "custom_categories" in given else None
        ),
        inclusion_prompt=text("inclusion_prompt"),
        exclusion_prompt=text("exclusion_prompt"),
        kept=_kept(request.settings, fields) if "settings" in given else {},
    )


def _kept(text: str, fields: Fields) -> Mapping[str, object]:
    kept = fields.json_object("settings", text) or {}
    if unknown := sorted(set(kept) - set(KEPT_SETTINGS)):
        fields.wrong("settings", f"settings knows no {', '.join(unknown)}; only {', '.join(KEPT_SETTINGS)}")
    return kept


def _categories(given: pb.CategoryList, fields: Fields) -> dict[str, str]:
    field = "custom_categories"
    if len(given.categories) > MOST_CATEGORIES:
        fields.wrong(field, f"{field} must hold at most {MOST_CATEGORIES} categories")
        return {}
    named: dict[str, str] = {}
    for category in given.categories:
        if category.name in named:
            fields.wrong(field, f"{field} names a category a second time")
        fields.text(field, category.name, LONGEST_CATEGORY)
        named[category.name] = optional_text(fields, field, category.description, LONGEST_INSTRUCTIONS)
    return named
