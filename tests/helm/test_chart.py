from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.helm.binary import ROOT
from tests.helm.chart import CHART, Helm, Values
from tests.helm.value_sets import VALUE_SETS


@pytest.mark.parametrize("values", VALUE_SETS.values(), ids=VALUE_SETS.keys())
def test_lint_has_nothing_to_say(helm: Helm, values: Values) -> None:
    """`helm lint --strict` accepts the chart with every set of values."""
    linted = helm.run("lint", "--strict", CHART, values=values)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"service": {"replicas": 2}}, "at '/service/replicas': maximum: got 2, want 1"),
        ({"service": {"replicas": -1}}, "at '/service/replicas': minimum"),
        ({"gateway": {"replicas": "three"}}, "at '/gateway/replicas': got string, want integer"),
        ({"gateway": {"port": 70000}}, "at '/gateway/port': maximum"),
        ({"gateway": {"type": "ExternalName"}}, "at '/gateway/type': value must be one of"),
        ({"replicas": 1}, "additional properties 'replicas' not allowed"),
        ({"databaseUrl": "sqlite://"}, "additional properties 'databaseUrl' not allowed"),
        ({"config": {"chromaUrl": "x"}}, "at '/config': additional properties 'chromaUrl' not allowed"),
        ({"config": {"reasoner": "gpt"}}, "at '/config/reasoner': value must be one of"),
        ({"config": {"embedder": "gpt"}}, "at '/config/embedder': value must be one of"),
        ({"config": {"model": ""}}, "at '/config/model': minLength"),
        ({"config": {"requestTimeout": 0}}, "at '/config/requestTimeout': exclusiveMinimum"),
        ({"config": {"requestTimeout": 3601}}, "at '/config/requestTimeout': maximum"),
        ({"config": {"logLevel": "loud"}}, "at '/config/logLevel': value must be one of"),
        ({"config": {"reasoner": "openai"}}, "at '/secret': missing property 'openaiApiKey'"),
        ({"config": {"embedder": "openai"}}, "at '/secret': missing property 'openaiApiKey'"),
        (
            {"secret": {"openaiBaseUrl": "url"}},
            "properties 'openaiApiKey' required, if 'openaiBaseUrl' exists",
        ),
        ({"secret": {"name": ""}}, "at '/secret/name': '' does not match pattern"),
        ({"secret": {"bootstrapApiKey": None}}, "at '/secret': missing property 'bootstrapApiKey'"),
        ({"secret": {"apiKey": "sk-123"}}, "at '/secret': additional properties 'apiKey' not allowed"),
        ({"image": {"tag": "a b"}}, "at '/image/tag': 'a b' does not match pattern"),
        ({"image": {"repository": ""}}, "at '/image/repository': minLength"),
        ({"fullnameOverride": "Upper"}, "at '/fullnameOverride': 'Upper' does not match pattern"),
        ({"imagePullSecrets": ["name"]}, "at '/imagePullSecrets/0': got string, want object"),
        ({"service": {"persistence": {"size": "much"}}}, "at '/service/persistence/size': 'much' does not"),
        ({"service": {"terminationGracePeriodSeconds": 0}}, "terminationGracePeriodSeconds': minimum"),
        ({"service": {"resources": {"cpu": 1}}}, "at '/service/resources': additional properties 'cpu'"),
    ],
)
def test_bad_values_are_refused(helm: Helm, values: Values, message: str) -> None:
    """The schema names the value that is wrong and what is wrong with it."""
    refused = helm.run("template", "release", CHART, values=values)
    assert refused.returncode != 0
    assert message in refused.stderr


def test_every_mistake_is_named_at_once(helm: Helm) -> None:
    """Two wrong values are two complaints."""
    refused = helm.run(
        "template", "release", CHART, values={"service": {"replicas": 2}, "gateway": {"port": 0}}
    )
    assert "/service/replicas" in refused.stderr
    assert "/gateway/port" in refused.stderr


def test_chart_is_of_the_version_of_the_package() -> None:
    """The image that the chart asks for by default is that of this very code."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert chart["appVersion"] == package["version"]


def test_chart_works_as_a_part_of_another(helm: Helm, tmp_path: Path) -> None:
    """As a subchart it gets the global values of its parent, and does not refuse them."""
    (tmp_path / "Chart.yaml").write_text(
        "apiVersion: v2\nname: parent\nversion: 1.0.0\n"
        "dependencies: [{name: memoryd, version: '*', repository: ''}]\n"
    )
    shutil.copytree(CHART, tmp_path / "charts" / "memoryd")
    assert len(helm.render({"global": {"region": "north"}}, chart=tmp_path)) == 4


@pytest.mark.parametrize(
    ("values", "included", "excluded"),
    [
        ({}, "facts are found by the rules reasoner", "$OPENAI_API_KEY"),
        ({"secret": {"openaiApiKey": "model-key"}}, '--from-literal=model-key="$OPENAI_API_KEY"', "rules"),
    ],
)
def test_notes_tell_what_to_do_next(helm: Helm, values: Values, included: str, excluded: str) -> None:
    """Who installs the chart reads how to make the Secret and which reasoner there is."""
    installed = helm.run("install", "release", CHART, "--dry-run=client", values=values)
    assert installed.returncode == 0, installed.stderr
    notes = installed.stdout.partition("NOTES:")[2]
    assert "create secret generic memoryd" in notes
    assert included in notes
    assert excluded not in notes
