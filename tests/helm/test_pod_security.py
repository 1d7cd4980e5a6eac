from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.helm.chart import Manifest, workloads
from tests.helm.pod_security import complaints


def test_pods_meet_the_restricted_standard(manifests: Sequence[Manifest]) -> None:
    """A namespace that enforces the restricted standard admits every pod, whatever the values."""
    for workload in workloads(manifests):
        assert list(complaints(workload["spec"]["template"]["spec"])) == []


def _spoil_container(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda pod: pod["containers"][0]["securityContext"].update(changes)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda pod: pod.update(hostNetwork=True), "hostNetwork is on"),
        (lambda pod: pod.pop("automountServiceAccountToken"), "has a service account's token"),
        (lambda pod: pod.pop("enableServiceLinks"), "has variables of other Services"),
        (lambda pod: pod["volumes"].append({"name": "v", "hostPath": {}}), "volume v is of a kind"),
        (lambda pod: pod["securityContext"].pop("runAsNonRoot"), "may run as root"),
        (lambda pod: pod["securityContext"].pop("seccompProfile"), "has no seccomp profile"),
        (lambda pod: pod["containers"][0]["ports"][0].update(hostPort=1), "takes a port"),
        (_spoil_container(runAsUser=0), "may run as root"),
        (_spoil_container(privileged=True), "is privileged"),
        (_spoil_container(allowPrivilegeEscalation=True), "may escalate"),
        (_spoil_container(readOnlyRootFilesystem=False), "may write into its image"),
        (_spoil_container(capabilities={"drop": ["ALL"], "add": ["NET_RAW"]}), "keeps capabilities"),
    ],
)
def test_the_check_sees_what_is_wrong(
    default_manifests: Sequence[Manifest], spoil: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    """A pod with one thing spoilt is complained about once, and for that."""
    pod = copy.deepcopy(next(workloads(default_manifests))["spec"]["template"]["spec"])
    spoil(pod)
    [found] = complaints(pod)
    assert complaint in found
