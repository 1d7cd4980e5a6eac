"""Where the time of an add and of a search goes: `make profile`, or `python -m tests.benchmarks.profile`.

A real service holds 10,000 memories and is put under load, adds by 64 callers with a model of 500 ms, then
searches by 8. Two views of each:

- what each group of threads takes of the processors, in ms a call, by the kernel's own accounts;
- where the event loop's thread is, by `py-spy`, as a table of rooms and as a flame graph (SVG).

py-spy has to be allowed to look into a process that is not its child: root, or `kernel.yama.ptrace_scope=0`.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.model_server import ModelServer
from tests.benchmarks.preload import CACHE
from tests.benchmarks.side_by_side.measure import Load, new_text, under_load
from tests.benchmarks.side_by_side.systems import Ours, OverGrpc, our_processes

MEMORIES = 10_000
TICK_MS = 10
"""A tick of the kernel's accounts, on all Linux machines of our day."""

ROOMS = {
    "service/inference and the OpenAI client": r"service/inference|/openai/|httpx2|httpcore2|aiohttp",
    "service/memory": r"service/memory",
    "service/embeddings": r"service/embeddings",
    "service/ledger": r"service/ledger",
    "service/index": r"service/index",
    "service/handlers and transport": r"service/(handlers|transport)",
}
ELSEWHERE = "event loop and gRPC (native)"


def main() -> None:
    """Puts a service under load and shows where its time goes."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.profile", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0, help="for each load")
    parser.add_argument("--output", type=Path, default=CACHE, help="for the flame graphs")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        ModelServer(delay_ms=500) as model,
        our_processes(Path(directory) / "profiled", MEMORIES, model.url) as ours,
    ):
        system = OverGrpc(ours)

        def add(caller: int) -> None:
            system.add(f"user-{caller}", new_text())

        def search(caller: int) -> None:
            system.search(f"user-{caller}", f"who likes trains, note {caller}?")

        for name, call, callers in (("add", add, 64), ("search", search, 8)):
            _profile(name, ours, call, callers, arguments.seconds, arguments.output)


def _profile(
    name: str, ours: Ours, call: Callable[[int], None], callers: int, seconds: float, output: Path
) -> None:
    under_load(call, callers, 2)
    before = _ticks(ours)
    load = under_load(call, callers, seconds)
    _show_threads(name, load, before, _ticks(ours), _names(ours))
    output.mkdir(parents=True, exist_ok=True)
    for form, file in (
        ("raw", output / f"profile-{name}.txt"),
        ("flamegraph", output / f"profile-{name}.svg"),
    ):
        sampling = _py_spy("record", "--pid", str(ours.pid), "--duration", str(int(seconds)), "--rate", "100",
                           "--threads", "--format", form, "--output", str(file))  # fmt: skip
        under_load(call, callers, seconds)
        sampling.wait()
    _show_rooms(name, (output / f"profile-{name}.txt").read_text())
    print(output / f"profile-{name}.svg")


def _py_spy(*arguments: str) -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("py-spy"))
    return subprocess.Popen(
        [program, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def _ticks(ours: Ours) -> dict[int, int]:
    """Ticks that each thread of the service, and of its index's process, has had of the processors."""
    ticks: dict[int, int] = {}
    for task in (task for pid in ours.pids for task in _tasks(pid)):
        fields = (task / "stat").read_text().rpartition(") ")[2].split()
        ticks[int(task.name)] = int(fields[11]) + int(fields[12])
    return ticks


def _tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").iterdir())


def _names(ours: Ours) -> dict[int, str]:
    """What each thread is for: Python's own name, or the kernel's of a native one. The index is one."""
    service, *others = ours.pids
    names = {int(task.name): (task / "comm").read_text().strip() for task in _tasks(service)}
    names |= {int(task.name): "the index's process" for pid in others for task in _tasks(pid)}
    dumped = _py_spy("dump", "--pid", str(ours.pid)).communicate()[0]
    for thread, name in re.findall(r'Thread (\d+) \([^)]*\): "([^"]+)"', dumped):
        names[int(thread)] = re.sub(r"_\d+$", "", name)
    return names


def _show_threads(
    title: str, load: Load, before: Mapping[int, int], after: Mapping[int, int], names: Mapping[int, str]
) -> None:
    spent: Counter[str] = Counter()
    for thread, ticks in after.items():
        spent[names.get(thread, "ended")] += ticks - before.get(thread, 0)
    table = Table("threads", "ms of a processor", title=f"{title}: {load.rate:.1f}/s, each takes")
    a_call = TICK_MS / load.done
    for name, total in spent.most_common():
        if total:
            table.add_row(name, f"{total * a_call:.2f}")
    table.add_row("all", f"{sum(spent.values()) * a_call:.2f}")
    Console().print(table)


def _show_rooms(title: str, stacks: str) -> None:
    rooms: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        if "MainThread" in stack:
            rooms[_room(stack)] += int(count)
    table = Table("room", "share", title=f"{title}: where the event loop's thread is")
    for name, samples in rooms.most_common():
        table.add_row(name, f"{samples / max(1, sum(rooms.values())):.0%}")
    Console().print(table)


def _room(stack: str) -> str:
    """The room of ours that is deepest in a stack."""
    for frame in reversed(stack.split(";")):
        for name, pattern in ROOMS.items():
            if re.search(pattern, frame):
                return name
    return ELSEWHERE


if __name__ == "__main__":
    main()
