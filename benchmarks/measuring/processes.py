"""Samples the memory of a process and of all that it started, while it runs.

The memory of a process is its proportional set size: what it holds alone, and of what it shares with others
(libraries, files) its part. The sum over processes then counts no page twice. Only Linux reports it.
"""

import os
import resource
import time
from pathlib import Path

__all__ = ["TreeWatch", "family", "proportional_mb"]

_EVERY_S = 0.2
_PROCESSES = Path("/proc")


class TreeWatch:
    """Waits for a process, and meanwhile samples the memory of its whole tree.

    Attributes
    ----------
    peak_mb : largest sum, MB (10^6 bytes), so far; 0 before the first sample, and where none is reported.
    at_peak_mb : of each process at that moment, the first is the root of the tree.
    """

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self.at_peak_mb: tuple[float, ...] = ()

    def __call__(self, root: int) -> tuple[int, resource.struct_rusage]:
        """Wait for a child to end; its status as the kernel gives it, and what it used."""
        while True:
            ended, status, usage = os.wait4(root, os.WNOHANG)
            if ended:
                return status, usage
            self._sample(root)
            time.sleep(_EVERY_S)

    def _sample(self, root: int) -> None:
        held = tuple(mb for mb in map(proportional_mb, family(root)) if mb is not None)
        if sum(held) > self.peak_mb:
            self.peak_mb, self.at_peak_mb = sum(held), held


def family(root: int) -> list[int]:
    """Number of a process, and of all that it and its children started, as far as they still run."""
    children: dict[int, list[int]] = {}
    for folder in _PROCESSES.glob("[0-9]*"):
        parent = _parent(folder)
        if parent is not None:
            children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for process in found:  # grows while it is walked through
        found += sorted(children.get(process, []))
    return found


def proportional_mb(process: int) -> float | None:
    """Proportional set size, MB (10^6 bytes); None of a process that has ended, or is not ours to look at."""
    try:
        text = (_PROCESSES / str(process) / "smaps_rollup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    sizes = [line.split()[1] for line in text.splitlines() if line.startswith("Pss:")]
    return int(sizes[0]) * 1024 / 1e6 if sizes else None


def _parent(folder: Path) -> int | None:
    try:
        text = (folder / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold anything, brackets too.
    return int(text.rpartition(")")[2].split()[1])
