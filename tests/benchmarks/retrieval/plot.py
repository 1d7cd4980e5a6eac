"""The table as a picture, for those who have matplotlib (dependency group `bench`)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path


def draw(results: Mapping[str, Mapping[str, tuple[float, float]]], folder: Path) -> list[Path]:
    """Draws recall@10 and @20 of each ranking on each ingestion; gives the files, none without matplotlib."""
    if find_spec("matplotlib") is None:
        return []
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, depth, column in ((left, 10, 0), (right, 20, 1)):
        for (ingestion, rows), marker in zip(results.items(), "os^x", strict=True):
            at_depth = [row[column] for row in rows.values()]
            axes.plot(at_depth, list(rows), marker=marker, linestyle="none", alpha=0.8, label=ingestion)
        axes.grid(alpha=0.4)
        axes.set_xlabel(f"evidence recall@{depth}")
    left.invert_yaxis()
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, title="a turn is added as", loc="outside upper center", ncols=len(labels))
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"recall.{kind}" for kind in ("png", "svg")]
    for file in files:
        figure.savefig(file, dpi=150)
    return files
