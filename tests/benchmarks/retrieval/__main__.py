"""Compares rankings of memories by evidence recall: `python -m tests.benchmarks.retrieval`.

Every turn of a conversation is one memory, every conversation one scope; see README.md beside this file.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from service.memory.ranking import DEFAULT
from tests.benchmarks.retrieval.conversations import (
    ADVERSARIAL,
    INGESTIONS,
    Conversation,
    EmbeddingCache,
    Ingested,
    ingest,
    read,
)
from tests.benchmarks.retrieval.plot import draw
from tests.benchmarks.retrieval.rankings import RANKERS, WEIGHTS, with_weights
from tests.benchmarks.retrieval.recall import leave_one_out, recalls

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("MEMORYD_LOCOMO", ROOT.parent / "shared/data/locomo_dev.json"))


def main() -> None:
    """Prints the tables and draws the plot."""
    arguments = _arguments()
    conversations = read(arguments.data)
    cache = EmbeddingCache(arguments.output)
    ways = {way: [ingest(conversation, way, cache) for conversation in conversations] for way in INGESTIONS}
    cache.save()
    _describe(conversations)
    results = {way: _compare(way, ingested) for way, ingested in ways.items()}
    if any(q.category == ADVERSARIAL for conversation in conversations for q in conversation.questions):
        _with_adversarial(ways)
    if not arguments.quick:
        _leave_one_out(ways)
    for file in draw(results, arguments.output):
        print(file)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.retrieval", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="LoCoMo as JSON (also MEMORYD_LOCOMO)")
    parser.add_argument(
        "--output", type=Path, default=ROOT / ".cache/retrieval", help="for vectors and the plot"
    )
    parser.add_argument("--quick", action="store_true", help="leave out leave-one-out")
    return parser.parse_args()


def _describe(conversations: Sequence[Conversation]) -> None:
    for conversation in conversations:
        print(
            f"{conversation.name}: {len(conversation.turns)} turns, {len(conversation.questions)} questions"
        )


def _compare(way: str, ingested: Sequence[Ingested]) -> Mapping[str, tuple[float, float]]:
    """Prints recall of all rankings, of all questions and by conversation."""
    print(f"\nA turn is added as [{way}]{'':{24 - len(way)}}@10    @20     @10/@20 by conversation")
    results = {}
    for name, ranker in RANKERS.items():
        tables = [recalls(ranker, scope) for scope in ingested]
        at_10, at_20 = np.concatenate(tables).mean(axis=0)
        by_conversation = "  ".join("{:.2f}/{:.2f}".format(*table.mean(axis=0)) for table in tables)
        print(f"  {name:41} {at_10:.3f}  {at_20:.3f}   {by_conversation}")
        results[name] = (at_10, at_20)
    return results


def _with_adversarial(ways: Mapping[str, Sequence[Ingested]]) -> None:
    for way, ingested in ways.items():
        tables = [recalls(with_weights(DEFAULT), scope, adversarial=True) for scope in ingested]
        at_10, at_20 = np.concatenate(tables).mean(axis=0)
        print(f"chosen, adversarial questions too, [{way}]: {at_10:.3f} {at_20:.3f}")


def _leave_one_out(ways: Mapping[str, Sequence[Ingested]]) -> None:
    """Prints how the choice of each number does on conversations that had no part in it."""
    print("\nLeave one conversation out, each number varied around the chosen ones:")
    for way, ingested in ways.items():
        tables = [[recalls(with_weights(weights), scope) for scope in ingested] for weights in WEIGHTS]
        held_out, chosen = leave_one_out(tables)
        at_10, at_20 = held_out.mean(axis=0)
        means = [np.concatenate(rows).mean(axis=0) for rows in tables]
        low, high = np.min(means, axis=0), np.max(means, axis=0)
        print(f"  [{way}] {at_10:.3f} {at_20:.3f}; over all numbers tried {low.round(3)} to {high.round(3)}")
        for setting in sorted(set(chosen)):
            print(f"      {chosen.count(setting)} of {len(chosen)} chose {_difference(setting)}")


def _difference(setting: int) -> str:
    defaults = asdict(DEFAULT)
    changed = {name: value for name, value in asdict(WEIGHTS[setting]).items() if value != defaults[name]}
    return ", ".join(f"{name} = {value}" for name, value in changed.items()) or "the chosen numbers"


if __name__ == "__main__":
    main()
