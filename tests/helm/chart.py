"""Running helm on the chart of this repository, and reading what it renders."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.helm.binary import ROOT

CHART = ROOT / "helm" / "memoryd"
Manifest = Mapping[str, Any]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Helm:
    """Helm with a home of its own: it sees no cluster and writes nothing outside `home`."""

    executable: Path
    home: Path

    def run(self, *arguments: str | Path, values: Values | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command; `values` are given to it on its standard input."""
        command: list[str | Path] = [self.executable, *arguments]
        if values is not None:
            command += ["--values", "-"]
        places = {f"HELM_{kind}_HOME": str(self.home) for kind in ("CACHE", "CONFIG", "DATA")}
        return subprocess.run(
            command,
            input=yaml.safe_dump(dict(values or {})),
            env={"PATH": os.environ["PATH"], "KUBECONFIG": os.devnull, **places},
            capture_output=True,
            text=True,
            check=False,
        )

    def render(
        self, values: Values | None = None, *, release: str = "release", chart: Path = CHART
    ) -> list[Manifest]:
        """The manifests of a release called `release` in the namespace `space`."""
        rendered = self.run("template", release, chart, "--namespace", "space", values=values or {})
        assert rendered.returncode == 0, rendered.stderr
        return [manifest for manifest in yaml.safe_load_all(rendered.stdout) if manifest]


def workloads(manifests: Sequence[Manifest]) -> Iterator[Manifest]:
    """The manifests that have pods."""
    return (manifest for manifest in manifests if "template" in manifest["spec"])


def one(manifests: Sequence[Manifest], kind: str, component: str) -> Manifest:
    """The only manifest of a kind that belongs to a component."""
    [found] = [
        manifest
        for manifest in manifests
        if manifest["kind"] == kind and labels(manifest)["app.kubernetes.io/component"] == component
    ]
    return found


def labels(manifest: Manifest) -> Mapping[str, str]:
    """The labels of an object."""
    found: Mapping[str, str] = manifest["metadata"]["labels"]
    return found


def container(workload: Manifest) -> Manifest:
    """The only container of a workload."""
    [found] = workload["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, Mapping)
    return found


def environment(workload: Manifest) -> dict[str, Any]:
    """The variables of a workload's container: a value, or the reference that stands for it."""
    return {
        variable["name"]: variable.get("value", variable.get("valueFrom"))
        for variable in container(workload)["env"]
    }
