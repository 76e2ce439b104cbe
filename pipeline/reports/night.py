"""What the slides of a results folder add up to, and the order in which a person should read them."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pipeline.batch_row import BatchRow

__all__ = [
    "KIND_WORDS",
    "Kind",
    "NightTotals",
    "as_read",
    "duration_text",
    "kind_of",
    "night_totals",
    "reason_and_mend",
]

Kind = Literal[
    "failed", "refused", "partial", "seen", "uncertain", "none", "running", "queued", "passed_over"
]

KIND_WORDS: dict[Kind, str] = {
    "failed": "failed",
    "refused": "not countable",
    "partial": "partial count",
    "seen": "parasites seen",
    "uncertain": "uncertain: look at these cells",
    "none": "none distinguishable",
    "running": "being counted",
    "queued": "waiting",
    "passed_over": "passed over",
}
"""What became of a slide, in the order in which a person should read it: first what needs a hand."""
_NO_MEND = "Count it once more. If it fails again, set the slide aside and report this line."


@dataclass(frozen=True, slots=True, kw_only=True)
class NightTotals:
    """Sums over the slides of a results folder.

    Attributes
    ----------
    kinds : slides of each kind that there is, in the order of `KIND_WORDS`.
    counted : red cells in the denominators of slides that may be used.
    seconds, cpu_seconds : of the finished slides; CPU seconds are 0 where they were not measured.
    cpu_s_per_1000 : CPU seconds for 1,000 objects found; None where that was not measured.
    seconds_left : at the pace so far, by the size of what remains; None where that is unknown.
    updated_at : when a slide last changed, ISO 8601 UTC; empty where there is no slide.
    """

    slides: int
    kinds: dict[Kind, int]
    counted: int
    seconds: float
    cpu_seconds: float
    cpu_s_per_1000: float | None
    seconds_left: float | None
    updated_at: str

    @property
    def remaining(self) -> int:
        """Slides that wait or are being counted."""
        return self.kinds.get("running", 0) + self.kinds.get("queued", 0)


def kind_of(row: BatchRow) -> Kind:
    """What became of a slide."""
    if row.state in ("failed", "running", "queued", "passed_over"):
        return row.state
    if row.refusal is not None or row.verdict in (None, "not countable"):
        return "refused"
    if row.state == "partial":
        return "partial"
    if row.verdict == "uncertain":
        return "uncertain"
    return "seen" if row.verdict == "parasites seen" else "none"


def as_read(rows: Collection[BatchRow]) -> Iterator[BatchRow]:
    """The rows in the order of `KIND_WORDS`, else as they came; they are gone through once for each kind."""
    found = {kind_of(row) for row in rows}
    for kind in KIND_WORDS:
        if kind in found:
            yield from (row for row in rows if kind_of(row) == kind)


def night_totals(rows: Iterable[BatchRow]) -> NightTotals:
    """Add up the slides of a results folder; they are gone through once."""
    kinds: Counter[Kind] = Counter()
    sums: Counter[str] = Counter()
    updated_at = ""
    for row in rows:
        kind = kind_of(row)
        kinds[kind] += 1
        updated_at = max(updated_at, row.updated_at)
        sums.update(_finished_sums(row, kind) if row.state in ("done", "partial") else _left_sums(row))
    return NightTotals(
        slides=kinds.total(),
        kinds={kind: kinds[kind] for kind in KIND_WORDS if kinds[kind]},
        counted=sums["counted"],
        seconds=float(sums["seconds"]),
        cpu_seconds=float(sums["cpu_s"]),
        cpu_s_per_1000=1000 * sums["cpu_s"] / sums["found"] if sums["found"] else None,
        seconds_left=_seconds_left(sums, kinds["running"]),
        updated_at=updated_at,
    )


def _finished_sums(row: BatchRow, kind: Kind) -> dict[str, float]:
    sums = {"counted": row.counted or 0, "seconds": row.seconds or 0.0}
    if kind == "refused":
        sums["counted"] = 0
    if row.cpu_seconds is not None and row.detected:
        sums |= {"cpu_s": row.cpu_seconds, "found": row.detected}
    if row.seconds and row.size_bytes:
        sums |= {"timed_s": row.seconds, "timed_bytes": row.size_bytes}
    return sums


def _left_sums(row: BatchRow) -> dict[str, float]:
    if row.state not in ("running", "queued"):
        return {}
    done = row.done_tiles / row.all_tiles if row.all_tiles else 0.0
    return {"left": 1, "left_bytes": row.size_bytes * (1 - done)}


def _seconds_left(sums: Mapping[str, float], running: int) -> float | None:
    """Time for what remains: its bytes at the pace of the finished ones, as many slides at once as now."""
    if not sums["timed_bytes"] or not sums["left"]:
        return None
    return sums["left_bytes"] * sums["timed_s"] / sums["timed_bytes"] / max(1, running)


def reason_and_mend(error: str) -> tuple[str, str]:
    """An error's line as why it failed and what to do: by the style of the errors the last part says that."""
    reason, separator, mend = error.rpartition("; ")
    if not separator or len(mend) < 2:
        return error, _NO_MEND
    return reason, f"{mend[0].upper()}{mend[1:]}"


def duration_text(seconds: float | None) -> str:
    """A time as a person reads it: "3.2 s", "4 min 05 s", "2 h 07 min"."""
    if seconds is None:
        return "-"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"
