"""There is no container engine where the tests run, so the Dockerfile is read, not built."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence

import pytest

from tests.helm import program
from tests.helm.binary import ROOT
from tests.helm.chart import Manifest, workloads

Instruction = tuple[str, str]


@pytest.fixture(scope="module")
def instructions() -> Sequence[Instruction]:
    """The instructions of the Dockerfile with their arguments, without comments and line breaks."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", "").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines) if word]


def _arguments(instructions: Sequence[Instruction], word: str) -> list[str]:
    return [rest for found, rest in instructions if found == word]


def _copied(instructions: Sequence[Instruction]) -> set[str]:
    """The paths of the repository that go into the image."""
    sources = (rest.split()[:-1] for rest in _arguments(instructions, "COPY") if "--from" not in rest)
    return {source for of_one in sources for source in of_one}


def _variables(instructions: Sequence[Instruction]) -> dict[str, str]:
    pairs = (pair.partition("=") for rest in _arguments(instructions, "ENV") for pair in rest.split())
    return {name: value for name, _, value in pairs}


def test_base_images_are_pinned_by_tag(instructions: Sequence[Instruction]) -> None:
    """Every stage begins with the same slim Python 3.11."""
    bases = {rest.split()[0] for rest in _arguments(instructions, "FROM")}
    assert bases == {"python:3.11-slim-bookworm"}


def test_all_that_the_package_needs_is_copied(instructions: Sequence[Instruction]) -> None:
    """What is copied exists, passes .dockerignore, and is all that the package is built from."""
    copied = _copied(instructions)
    assert [source for source in copied if not (ROOT / source).exists()] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    texts = [project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"]
    assert {*packages, *texts} <= copied
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert "*" in ignored


def test_image_is_installed_as_the_makefile_installs(instructions: Sequence[Instruction]) -> None:
    """The same lock files, every install from one of them with hashes, or of this package alone."""
    makefile = (ROOT / "Makefile").read_text()
    steps = [step for rest in _arguments(instructions, "RUN") for step in rest.split("&&")]
    installs = [step for step in steps if "pip install" in step]
    locked = {lock for step in installs for lock in re.findall(r"--require-hashes.* -r +(\S+)", step)}
    assert locked == {"requirements/bootstrap.lock", "requirements/runtime.lock"}
    assert all(f"--require-hashes -r {lock}" in makefile for lock in locked)
    [own] = [step for step in installs if "--require-hashes" not in step]
    assert {"--no-deps", "--no-build-isolation", "."} <= set(own.split())


def test_image_runs_a_command_of_memoryd(instructions: Sequence[Instruction]) -> None:
    """The entry point is the script of the package; with no argument it serves."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    [[script]] = [json.loads(rest) for rest in _arguments(instructions, "ENTRYPOINT")]
    [[command]] = [json.loads(rest) for rest in _arguments(instructions, "CMD")]
    assert script in scripts
    assert command == "serve"
    assert command in program.COMMANDS


def test_settings_of_the_image(instructions: Sequence[Instruction]) -> None:
    """Its variables are settings and no secrets; its data is on a volume and its ports are exposed."""
    variables = _variables(instructions)
    settings = {name for name in variables if name.startswith(("MEMORYD_", "OPENAI_"))}
    assert settings <= program.SETTINGS - program.SECRETS
    assert [variables["MEMORYD_DATA_DIR"]] == _arguments(instructions, "VOLUME")
    addresses = [variables["MEMORYD_GRPC_ADDRESS"], variables["MEMORYD_HTTP_ADDRESS"]]
    [exposed] = _arguments(instructions, "EXPOSE")
    assert addresses == [f"0.0.0.0:{port}" for port in exposed.split()]


def test_image_runs_as_the_user_of_the_chart(
    instructions: Sequence[Instruction], default_manifests: Sequence[Manifest]
) -> None:
    """Chart and image name the same user, who owns the data and none of the code."""
    [user] = _arguments(instructions, "USER")
    for workload in workloads(default_manifests):
        context = workload["spec"]["template"]["spec"]["securityContext"]
        assert user == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert f"--uid {user.partition(':')[0]}" in " ".join(_arguments(instructions, "RUN"))
    assert not any("--chown" in rest for rest in _arguments(instructions, "COPY"))
