"""Checks of the computer: cores, memory and clock."""

import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from models.manifest import shipped
from pipeline.doctor.finding import Finding, graded

__all__ = ["check_clock", "check_cores", "check_memory"]

MEMORY_GB = (0.8, 1.5)
"""Free memory below which a count with two workers fails, and is at risk: docs/performance.md, 0.8 GB."""
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_USED = ("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes")
_AHEAD_S = 120.0  # clocks of a network drive differ by seconds


def check_cores() -> Finding:
    """Cores that this process may use; one is enough, only slower."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = f"{cores} for this process: --workers {cores} uses them all"
    return graded(
        "cores", cores, (1, 2), found, "Nothing to mend, but a night counts fewer slides on one core."
    )


def check_memory() -> Finding:
    """Memory that is free, by the system and by the container that it runs in."""
    free = _free_bytes()
    if free is None:
        return Finding(
            name="memory",
            state="WARN",
            found="this system does not report how much is free",
            mend="See that 1.5 GB are free; a count with two workers takes 0.8 GB.",
        )
    mend = "Close other programs, give the container more, or count with --workers 1 and --tile-px 512."
    return graded("memory", free / 1e9, MEMORY_GB, f"{free / 1e9:.1f} GB free", mend)


def check_clock(out: Path) -> Finding:
    """A clock that was set back (a Raspberry Pi without battery) makes new results older than old ones."""
    now = time.time()
    newest = max(_changed_s(path) for path in (shipped("classifier"), out, out / "slides.csv"))
    found = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if now + _AHEAD_S >= newest:
        return Finding(name="clock", state="PASS", found=found)
    later = datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return Finding(
        name="clock",
        state="WARN",
        found=f"{found}, but files here were written at {later}",
        mend="Set the clock (timedatectl set-ntp true, or a battery); until then results bear wrong times.",
    )


def _changed_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _free_bytes() -> int | None:
    values = [value for value in (_system_free(), _container_free()) if value is not None]
    return min(values) if values else None


def _system_free() -> int | None:
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _container_free() -> int | None:
    """What a control group leaves of its limit; None where there is none."""
    for limit, used in zip(_LIMITS, _USED, strict=True):
        with suppress(OSError, ValueError):  # the limit is "max" where there is none
            return int(Path(limit).read_text("ascii")) - int(Path(used).read_text("ascii"))
    return None
