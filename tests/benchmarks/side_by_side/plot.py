"""The figures as a picture, PNG and SVG."""

from __future__ import annotations

import statistics
from importlib.util import find_spec
from pathlib import Path
from typing import Any

COLOURS = {
    "memoryd gRPC": "#1f6feb",
    "memoryd REST": "#79b8ff",
    "mem0ai 1.0.11": "#b08800",
    "mem0ai 2.2.1": "#d73a49",
}


def draw(figures: dict[str, Any], folder: Path) -> list[Path]:
    """Draws what was compared; gives the files, none without matplotlib or without the comparison."""
    if find_spec("matplotlib") is None or not {"latency", "throughput"} <= set(figures):
        return []
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.6), layout="constrained")
    searches, adds, rates = figure.subplots(1, 3)
    for axes, times, title in (
        (searches, figures["latency"]["search"], "search, p50 ms"),
        (adds, figures["latency"]["add"], "add of 3 facts without the model's time, p50 ms"),
    ):
        _lines(axes, times, title)
    _bars(rates, figures["throughput"]["adds_a_second"])
    machine = figures["machine"]
    figure.suptitle(
        f"{machine['date']}, {machine['processors']} processors shared by all: {machine['command']}",
        fontsize=9,
    )
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"side_by_side.{kind}" for kind in ("png", "svg")]
    for file in files:
        figure.savefig(file, dpi=130, metadata={"Date": None} if file.suffix == ".svg" else None)
    return files


def _lines(axes: Any, times: dict[str, Any], title: str) -> None:
    for system, colour in COLOURS.items():
        points = sorted(
            (int(name.split("@")[1]), spread)
            for name, spread in times.items()
            if name.split("@")[0] == system
        )
        sizes = [size for size, _ in points]
        axes.plot(sizes, [spread.median for _, spread in points], "o-", color=colour, label=system)
        axes.fill_between(
            sizes,
            [spread.low for _, spread in points],
            [spread.high for _, spread in points],
            color=colour,
            alpha=0.12,
        )
    axes.set_xscale("symlog", linthresh=10_000, linscale=0.4)  # nothing stored is a size as well
    axes.set_ylim(bottom=0)
    axes.set_xlabel("memories stored")
    axes.set_title(title, fontsize=10)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def _bars(axes: Any, stages: dict[str, dict[str, list[float]]]) -> None:
    systems = [system for system in COLOURS if any(system in rates for rates in stages.values())]
    for place, system in enumerate(systems):
        heights = [statistics.median(rates.get(system, [0.0])) for rates in stages.values()]
        positions = [number + 0.27 * (place - 1) for number in range(len(stages))]
        bars = axes.bar(positions, heights, 0.25, color=COLOURS[system], label=system)
        axes.bar_label(bars, [f"{height:.0f}" if height else "" for height in heights], fontsize=8)
    axes.set_xticks(range(len(stages)), [stage.replace(", ", ",\n") for stage in stages], fontsize=8)
    axes.set_title("adds a second, 10,000 memories", fontsize=10)
    axes.grid(alpha=0.3, axis="y")
    axes.margins(y=0.3)  # room for the legend above the bars
    axes.legend(fontsize=8)
