"""What the program offers to whoever deploys it. The chart and the image are held against this."""

from __future__ import annotations

from typer.main import get_command

from service.config import PREFIX, Settings
from service.main import app

COMMANDS = frozenset(get_command(app).commands)  # type: ignore[attr-defined]  # it is a group

SETTINGS = frozenset(
    str(field.validation_alias or PREFIX + name.upper()) for name, field in Settings.model_fields.items()
)
SECRETS = frozenset({"MEMORYD_BOOTSTRAP_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"})
