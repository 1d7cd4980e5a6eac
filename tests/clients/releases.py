"""The releases under test, oldest first, and the classes in which each offers its methods."""

from __future__ import annotations

P0_1_40 = "mem0ai-0.1.40"
P0_1_81 = "mem0ai-0.1.81"
P0_1_118 = "mem0ai-0.1.118"
P1_0_11 = "mem0ai-1.0.11"
P2_2_1 = "mem0ai-2.2.1"
N2_4_6 = "npm-mem0ai-2.4.6"
N3_1_6 = "npm-mem0ai-3.1.6"
CLI = "mem0-cli-0.2.13"

PYTHON = (P0_1_40, P0_1_81, P0_1_118, P1_0_11, P2_2_1)
NODE = (N2_4_6, N3_1_6)

SYNC = "MemoryClient"
ASYNC = "AsyncMemoryClient"
COMMAND = "mem0"


def kinds(release: str) -> tuple[str, ...]:
    """The classes of a release; of the command line, the command."""
    if release == CLI:
        return (COMMAND,)
    return (SYNC,) if release in NODE else (SYNC, ASYNC)


def title(release: str) -> str:
    """How the README calls a release: `mem0ai 2.2.1`, `npm 3.1.6`."""
    name, _, version = release.rpartition("-")
    return f"{name.partition('-')[0] if release in NODE else name} {version}"
