"""What a process holds: memory, open files and threads, as Linux tells it."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Held", "held_by"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Memory in use, MB (10^6 bytes), and the numbers of open handles and threads of a process."""

    memory_mb: float
    handles: int
    threads: int

    def text(self) -> str:
        """In words."""
        return f"{self.memory_mb:.1f} MB, {self.handles} handles, {self.threads} threads"


def held_by(pid: int) -> Held:
    """What a process holds now; OSError where it has ended, or the system does not tell."""
    process = Path("/proc") / str(pid)
    facts = dict(line.split(":", 1) for line in (process / "status").read_text(encoding="ascii").splitlines())
    return Held(
        memory_mb=int(facts["VmRSS"].split()[0]) * 1024 / 1e6,
        handles=len(list((process / "fd").iterdir())),
        threads=int(facts["Threads"]),
    )
