"""The restricted pod security standard of Kubernetes, and what this project asks on top of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ALLOWED_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def complaints(pod: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a pod's spec, one text for each rule it breaks."""
    for namespace in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(namespace):
            yield f"{namespace} is on"
    for volume in pod.get("volumes", ()):
        if not set(volume) - {"name"} <= ALLOWED_VOLUMES:
            yield f"volume {volume['name']} is of a kind that is not allowed"
    if pod.get("automountServiceAccountToken") is not False:
        yield "has a service account's token"
    if pod.get("enableServiceLinks") is not False:
        yield "has variables of other Services"
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        for complaint in _container(container, pod.get("securityContext", {})):
            yield f"container {container['name']}: {complaint}"


def _container(container: Mapping[str, Any], of_pod: Mapping[str, Any]) -> Iterator[str]:
    own = container.get("securityContext", {})
    both = {**of_pod, **own}
    if both.get("runAsNonRoot") is not True or not both.get("runAsUser"):
        yield "may run as root"
    if both.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "has no seccomp profile"
    if own.get("privileged"):
        yield "is privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may escalate its privileges"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "may write into its image"
    capabilities = own.get("capabilities", {})
    if capabilities.get("drop") != ["ALL"] or capabilities.get("add"):
        yield "keeps capabilities"
    if any("hostPort" in port for port in container.get("ports", ())):
        yield "takes a port of its host"
