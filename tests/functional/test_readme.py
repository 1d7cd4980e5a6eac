"""What the README shows does what it says, on a memoryd that was started as it says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import Memoryd, environment, free_port
from tests.unit.test_readme import README, between


@pytest.fixture(scope="module")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Memoryd]:
    """A memoryd without any key or setting but where to listen and where to keep its data."""
    directory = tmp_path_factory.mktemp("first") / "data"
    with Memoryd(directory, {"MEMORYD_BOOTSTRAP_API_KEY": ""}) as running:
        yield running


def shape(value: Any) -> Any:
    """A JSON value with its types in place of ids."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value]
    if isinstance(value, str) and re.fullmatch(r"[0-9a-f-]{36}", value):
        return "UUID"
    return value


def without_curl(line: str) -> Any:
    """What the line does, for a machine without curl; bash still reads it."""
    printed = subprocess.run(
        ["bash", "-c", line.replace("curl", "printf '%s\\0'", 1)], capture_output=True, text=True, check=True
    )
    _, header, _, body, url = printed.stdout.rstrip("\0").split("\0")
    name, _, value = header.partition(": ")
    return httpx.post(url, headers={name: value}, content=body, timeout=60).json()


def test_the_curl_line(first_start: Memoryd) -> None:
    """The line that the start prints works when it is pasted, and answers what the README shows."""
    (line,) = re.findall(r"^curl .*$", first_start.output, re.MULTILINE)
    if shutil.which("curl"):
        done = subprocess.run(["bash", "-c", line + " -sS"], capture_output=True, text=True, check=True)
        answer = json.loads(done.stdout)
    else:
        answer = without_curl(line)
    shown = between("answer", README.read_text()).removeprefix("```json").removesuffix("```")
    assert shape(answer) == shape(json.loads(shown))


def test_the_grpc_example(first_start: Memoryd) -> None:
    """The example in Python prints the events."""
    example = between("grpc", README.read_text()).removeprefix("```python").removesuffix("```")
    key = (first_start.data_dir / "api-key").read_text().strip()
    program = f"api_key = {key!r}\n" + example.replace(
        "127.0.0.1:50051", f"127.0.0.1:{first_start.grpc_port}"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["EVENT_ADD Is vegetarian", "EVENT_ADD Is allergic to nuts"]


def test_the_demo() -> None:
    """The demo ends well and shows facts added, corrected and retracted."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.demo"],
        capture_output=True,
        text=True,
        check=True,
        cwd=README.parent,
        env=environment(Path("unused"), {"COLUMNS": "120"}),
    )
    assert "Name is Alex" in done.stdout
    assert "Lives in Munich  (was: Lives in Berlin)" in done.stdout
    assert re.search(r"DELETE +│ Works at Acme", done.stdout)


def test_the_key_is_private(first_start: Memoryd) -> None:
    """The file with the first key is readable by its owner only, and a second start makes no other key."""
    assert (first_start.data_dir / "api-key").stat().st_mode & 0o777 == 0o600
    again = Memoryd(first_start.data_dir, {"MEMORYD_BOOTSTRAP_API_KEY": ""}, http_port=free_port())
    key = (first_start.data_dir / "api-key").read_text()
    first_start.stop()
    with again:
        assert "API key" not in again.output
        assert (again.data_dir / "api-key").read_text() == key
