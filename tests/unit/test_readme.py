"""The README says what is true of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import PydanticUndefined

from service.config import PREFIX, Settings

README = Path(__file__).parents[2] / "README.md"


def settings_table() -> str:
    """The table of settings, as the code has them."""
    rows = ["| variable | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or PREFIX + name.upper())
        rows.append(f"| `{variable}` | {_default(field.default)} | {field.description} |")
    return "\n".join(rows)


def between(name: str, text: str) -> str:
    """The README's lines between two markers."""
    found = re.search(rf"<!-- {name}:begin -->\n(.*?)\n?<!-- {name}:end -->", text, re.DOTALL)
    assert found, f"README has no {name}"
    return found.group(1)


def _default(value: Any) -> str:
    if value is None or value is PydanticUndefined:
        return ""
    return f"`{getattr(value, 'value', value)}`"


def test_settings_are_documented() -> None:
    """The README's table of settings is the settings object's."""
    assert settings_table() == between("settings", README.read_text())


@pytest.mark.parametrize("target", ["serve", "test", "demo", "help"])
def test_make_targets_exist(target: str) -> None:
    """Every make target that the README names is in the Makefile."""
    makefile = (README.parent / "Makefile").read_text()
    assert f"make {target}" in README.read_text()
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
