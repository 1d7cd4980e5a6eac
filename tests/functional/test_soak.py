from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak import run


@pytest.mark.timeout(400)
async def test_random_kills_under_load(tmp_path: Path) -> None:
    """Replicas are killed at random under load: nothing lost, nothing doubled, index and ledger agree."""
    verdict = await run(tmp_path, seconds=12, seed=20260301)
    print(verdict)
    assert verdict.good, verdict
    assert verdict.kills
    assert verdict.requests
