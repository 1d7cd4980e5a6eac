from __future__ import annotations

from collections.abc import Sequence

import kubernetes_validate
import pytest
import yaml

from tests.helm import program
from tests.helm.chart import CHART, Helm, Manifest, container, environment, labels, one, workloads

OLDEST_KUBERNETES = "1.27"


@pytest.mark.parametrize("version", [OLDEST_KUBERNETES, kubernetes_validate.latest_version()])
def test_manifests_match_the_schemas_of_kubernetes(manifests: Sequence[Manifest], version: str) -> None:
    """Every manifest is valid in the oldest and the newest Kubernetes, with no unknown field."""
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)


def test_oldest_kubernetes_is_the_one_that_the_chart_names() -> None:
    """The chart refuses clusters older than the schemas that it is checked against."""
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"] == f">={OLDEST_KUBERNETES}.0-0"


def test_there_is_a_workload_and_a_service_for_each_component(manifests: Sequence[Manifest]) -> None:
    """A release is these four objects."""
    kinds = sorted((m["kind"], labels(m)["app.kubernetes.io/component"]) for m in manifests)
    assert kinds == [
        ("Deployment", "gateway"),
        ("Service", "gateway"),
        ("Service", "service"),
        ("StatefulSet", "service"),
    ]
    assert {manifest["metadata"]["namespace"] for manifest in manifests} == {"space"}


def test_variables_are_settings(manifests: Sequence[Manifest]) -> None:
    """Every environment variable of a pod is a setting of memoryd, set once, and set to something."""
    for workload in workloads(manifests):
        variables = environment(workload)
        assert set(variables) <= program.SETTINGS
        assert len(variables) == len(container(workload)["env"])
        assert all(variables.values())


def test_secrets_are_references(manifests: Sequence[Manifest]) -> None:
    """A secret is only ever a reference to an entry of the Secret, and the gateway has none."""
    service = environment(one(manifests, "StatefulSet", "service"))
    gateway = environment(one(manifests, "Deployment", "gateway"))
    assert not program.SECRETS & set(gateway)
    for variable in program.SECRETS & set(service):
        assert list(service[variable]) == ["secretKeyRef"]
        assert not service[variable]["secretKeyRef"].get("optional")
    assert "Secret" not in {manifest["kind"] for manifest in manifests}


def test_commands_exist(manifests: Sequence[Manifest]) -> None:
    """Each container runs the command of its component."""
    for workload in workloads(manifests):
        [command] = container(workload)["args"]
        assert command == labels(workload)["app.kubernetes.io/component"]
        assert command in program.COMMANDS


def test_selectors_match_the_pods_of_one_component(manifests: Sequence[Manifest]) -> None:
    """A workload and its Service select that workload's pods and no others."""
    pods = {
        labels(w)["app.kubernetes.io/component"]: labels(w["spec"]["template"]) for w in workloads(manifests)
    }
    for manifest in manifests:
        selector = manifest["spec"]["selector"]
        selector = selector.get("matchLabels", selector)
        selected = [name for name, found in pods.items() if selector.items() <= found.items()]
        assert selected == [labels(manifest)["app.kubernetes.io/component"]]


def test_ports_agree(manifests: Sequence[Manifest]) -> None:
    """Address, container, probes, Service and the gateway's target name the same ports."""
    service, gateway = one(manifests, "StatefulSet", "service"), one(manifests, "Deployment", "gateway")
    for workload, kind, name in ((service, "GRPC", "grpc"), (gateway, "HTTP", "http")):
        [port] = container(workload)["ports"]
        assert port["name"] == name
        assert environment(workload)[f"MEMORYD_{kind}_ADDRESS"] == f"0.0.0.0:{port['containerPort']}"
        component = labels(workload)["app.kubernetes.io/component"]
        [exposed] = one(manifests, "Service", component)["spec"]["ports"]
        assert exposed["targetPort"] == name


def test_gateway_dials_the_headless_service(manifests: Sequence[Manifest]) -> None:
    """The gateway resolves the pods themselves, on a port that nothing translates."""
    headless = one(manifests, "Service", "service")
    [port] = headless["spec"]["ports"]
    service = one(manifests, "StatefulSet", "service")
    assert headless["spec"]["clusterIP"] == "None"
    assert [port["port"]] == [p["containerPort"] for p in container(service)["ports"]]
    assert service["spec"]["serviceName"] == headless["metadata"]["name"]
    target = environment(one(manifests, "Deployment", "gateway"))["MEMORYD_GRPC_TARGET"]
    assert target == f"dns:///{headless['metadata']['name']}.space.svc:{port['port']}"


def test_probes_ask_what_they_should(manifests: Sequence[Manifest]) -> None:
    """Only readiness looks at what memoryd depends on: an outage of that must not restart pods."""
    service = container(one(manifests, "StatefulSet", "service"))
    assert service["startupProbe"]["grpc"] == service["livenessProbe"]["grpc"]
    assert service["livenessProbe"]["grpc"] == {"port": 50051, "service": "live"}
    assert service["readinessProbe"]["grpc"] == {"port": 50051}
    gateway = container(one(manifests, "Deployment", "gateway"))
    assert gateway["startupProbe"]["httpGet"] == gateway["livenessProbe"]["httpGet"]
    assert gateway["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert gateway["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}


def test_containers_say_what_they_need(manifests: Sequence[Manifest]) -> None:
    """Every container asks for memory and processors, and every pod has time to finish its requests."""
    for workload in workloads(manifests):
        assert {"cpu", "memory"} == set(container(workload)["resources"]["requests"])
        assert workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 30


def test_embedded_stores_are_on_a_volume(manifests: Sequence[Manifest]) -> None:
    """The data directory is a mounted claim: one that the chart asks for, or one that was named."""
    service = one(manifests, "StatefulSet", "service")
    mounts = {mount["name"]: mount["mountPath"] for mount in container(service)["volumeMounts"]}
    assert mounts["data"] == environment(service)["MEMORYD_DATA_DIR"]
    claimed = [claim["metadata"]["name"] for claim in service["spec"].get("volumeClaimTemplates", ())]
    named = [
        v["name"] for v in service["spec"]["template"]["spec"]["volumes"] if "persistentVolumeClaim" in v
    ]
    assert claimed + named == ["data"]


def test_values_arrive(helm: Helm) -> None:
    """Every optional value reaches the place that it is for."""
    config = {"reasoner": "openai", "model": "m", "embedder": "openai", "embeddingModel": "e"}
    manifests = helm.render(
        {
            "image": {"repository": "r", "tag": "t"},
            "secret": {"name": "s", "openaiApiKey": "k", "openaiBaseUrl": "u"},
            "config": {**config, "requestTimeout": 0.5, "logLevel": "DEBUG"},
            "service": {"persistence": {"storageClass": "fast", "size": "1Gi"}},
            "gateway": {"replicas": 3, "port": 80, "type": "NodePort"},
        }
    )
    service, gateway = one(manifests, "StatefulSet", "service"), one(manifests, "Deployment", "gateway")
    assert container(service)["image"] == container(gateway)["image"] == "r:t"
    assert environment(service) == {
        "MEMORYD_DATA_DIR": "/data",
        "MEMORYD_GRPC_ADDRESS": "0.0.0.0:50051",
        "MEMORYD_REASONER": "openai",
        "MEMORYD_MODEL": "m",
        "MEMORYD_EMBEDDER": "openai",
        "MEMORYD_EMBEDDING_MODEL": "e",
        "MEMORYD_REQUEST_TIMEOUT": "0.5",
        "MEMORYD_LOG_LEVEL": "DEBUG",
        "MEMORYD_BOOTSTRAP_API_KEY": {"secretKeyRef": {"name": "s", "key": "bootstrap-api-key"}},
        "OPENAI_API_KEY": {"secretKeyRef": {"name": "s", "key": "k"}},
        "OPENAI_BASE_URL": {"secretKeyRef": {"name": "s", "key": "u"}},
    }
    assert environment(gateway)["MEMORYD_REQUEST_TIMEOUT"] == "0.5"
    assert environment(gateway)["MEMORYD_LOG_LEVEL"] == "DEBUG"
    claim = service["spec"]["volumeClaimTemplates"][0]["spec"]
    assert claim["storageClassName"] == "fast"
    assert claim["resources"]["requests"]["storage"] == "1Gi"
    assert gateway["spec"]["replicas"] == 3
    exposed = one(manifests, "Service", "gateway")["spec"]
    assert (exposed["type"], exposed["ports"][0]["port"]) == ("NodePort", 80)


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("memoryd", "memoryd"),
        ("our-memoryd", "our-memoryd"),
        ("x", "x-memoryd"),
        ("a.b", "a-b-memoryd"),
        ("l" * 53, "l" * 43),
    ],
)
def test_names_follow_the_release(helm: Helm, release: str, name: str) -> None:
    """Objects are called by the release, say memoryd once, and stay short enough for a label."""
    names = {manifest["metadata"]["name"] for manifest in helm.render(release=release)}
    assert names == {f"{name}-service", f"{name}-gateway"}
    assert max(len(found) for found in names) <= 52
