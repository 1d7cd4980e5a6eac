"""Plays a conversation against a fresh memoryd through its REST face and prints what came of it.

make demo        with the rules reasoner; with OPENAI_API_KEY set, with a model
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.running import Memoryd

CONVERSATION = (
    ("user", "Hi, I'm Alex. I'm vegetarian and allergic to nuts."),
    ("user", "I live in Berlin and I work at Acme."),
    ("assistant", "Nice! You should visit Rome some day."),
    ("user", "I love hiking, and my favourite colour is blue."),
    ("user", "Big news: I moved from Berlin to Munich last month."),
    ("user", "My favourite colour is green now."),
    ("user", "I love hiking."),
    ("user", "I don't work at Acme any more."),
)
COLORS = {"ADD": "green", "UPDATE": "yellow", "DELETE": "red"}
PASSED_ON = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MEMORYD_REASONER", "MEMORYD_MODEL")


def main() -> None:
    """Plays it."""
    console = Console()
    settings = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    with tempfile.TemporaryDirectory() as directory, Memoryd(Path(directory) / "data", settings) as server:
        console.print(f"a fresh memoryd at {server.url}")
        table = Table("said", "event", "memory")
        for role, content in CONVERSATION:
            events = server.add([{"role": role, "content": content}])
            table.add_row(f"[bold]{role}[/bold]: {content}", *_columns(events), end_section=True)
        console.print(table)


def _columns(events: list[dict[str, Any]]) -> tuple[str, str]:
    if not events:
        return "[dim]none[/dim]", "[dim]nothing new to remember[/dim]"
    names = (f"[{COLORS[event['event']]}]{event['event']}[/]" for event in events)
    return "\n".join(names), "\n".join(_text(event) for event in events)


def _text(event: dict[str, Any]) -> str:
    before = event.get("previous_memory")
    return f"{event['data']['memory']}" + (f"  [dim](was: {before})[/dim]" if before else "")


if __name__ == "__main__":
    main()
