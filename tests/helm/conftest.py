from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.helm.binary import fetch_helm
from tests.helm.chart import Helm, Manifest
from tests.helm.value_sets import VALUE_SETS


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The real helm."""
    return Helm(fetch_helm(), tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def default_manifests(helm: Helm) -> Sequence[Manifest]:
    """What the chart renders with its own values."""
    return helm.render()


@pytest.fixture(scope="session", params=VALUE_SETS.values(), ids=list(VALUE_SETS))
def manifests(helm: Helm, request: pytest.FixtureRequest) -> Sequence[Manifest]:
    """What the chart renders, once for each set of values."""
    return helm.render(request.param)
