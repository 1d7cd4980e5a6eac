"""A migrated database of each kind, for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.ledger.database import Database
from tests.ledgers import URLS, migrated


@pytest.fixture(scope="session", params=sorted(URLS))
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with the schema of today and nothing in it."""
    directory = tmp_path_factory.mktemp("ledger")
    with URLS[request.param](directory) as url, migrated(url) as database:
        yield database
