"""Counts hostile inputs beside a good slide, in a process of its own, and says what became of each."""

import contextlib
import csv
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.hostile.inputs import Input, Must
from benchmarks.measuring.processes import family
from pipeline.names import CSV_ENCODING, from_csv

__all__ = [
    "BUDGET_MB",
    "BUDGET_S",
    "FAULTS",
    "UM_PER_PX",
    "Expected",
    "Tried",
    "count",
    "expected",
    "is_right",
    "spoken_faults",
    "try_all",
]

BUDGET_S = 30.0
BUDGET_MB = 1500.0
UM_PER_PX = 0.12
FAULTS = ("traceback", "signal", "hang", "memory", "leftover", "neighbour", "terminal", "internals", "wrong")
_NEAR = 0.1  # share of the cells by which a count may differ where a picture is packed with loss
_NEIGHBOUR = "neighbour"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one input; `faults` are of FAULTS, `said` is the error in one line.

    `seconds` passed on the clock, `cpu_s` are those that processors worked for it; of inputs that were tried
    together each has its share.
    """

    kind: str
    name: str
    counted: bool
    faults: tuple[str, ...]
    seconds: float
    cpu_s: float
    peak_mb: float
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The good slide, its row and its cells, and the files that a run leaves beside the results."""

    good: Path
    row: dict[str, str]
    cells: tuple[str, ...]
    beside: frozenset[str]


def expected(good: Path, room: Path) -> Expected:
    """What comes of the good slide alone."""
    out = room / "expected"
    count([good], out)
    row = _rows(out)[str(good)]
    beside = frozenset(entry.name for entry in out.iterdir())
    return Expected(good=good, row=row, cells=_cells(out, row), beside=beside)


def try_all(kind: str, given: Sequence[Input], good: Expected, room: Path, patience_s: float) -> list[Tried]:
    """Count some inputs in one process; each alone where there are several and something is at fault."""
    with tempfile.TemporaryDirectory(dir=room) as folder:
        out = Path(folder) / "out"
        sources = [_made(one, Path(folder) / str(index)) for index, one in enumerate(given)]
        if len(given) > 1:
            sources = [
                source.rename(source.with_name(f"{i}-{source.name}")) for i, source in enumerate(sources)
            ]
        cpu_before_s = _cpu_s()
        code, said, seconds, peak_mb = count([*sources, good.good], out, patience_s)
        cpu_s = _cpu_s() - cpu_before_s
        rows = _rows(out)
        faults = spoken_faults(code, said)
        faults += ["hang"] if seconds > patience_s or cpu_s > BUDGET_S else []
        faults += ["memory"] if peak_mb > BUDGET_MB else []
        same = all(
            rows.get(str(good.good), {}).get(key) == good.row[key] for key in ("state", "counted", "infected")
        )
        faults += [] if same else ["neighbour"]
        left = {entry.name for entry in out.glob(".*")} - {row["slide"] for row in rows.values()}
        faults += ["leftover"] if left - good.beside else []
        if faults and len(given) > 1:
            return [tried for one in given for tried in try_all(kind, [one], good, room, patience_s)]
        told = [line for line in said.splitlines() if "; expected" in line or "Error" in line]
        tried = Tried(
            kind=kind, name="", counted=False, faults=tuple(faults), seconds=seconds / len(given),
            cpu_s=cpu_s / len(given), peak_mb=peak_mb, said=told[0] if told else "",
        )  # fmt: skip
        others = {key: row for key, row in rows.items() if key != str(good.good)}
        return [
            _of_one(tried, one, source, others, out, good) for one, source in zip(given, sources, strict=True)
        ]


def _of_one(
    tried: Tried, given: Input, source: Path, rows: dict[str, dict[str, str]], out: Path, good: Expected
) -> Tried:
    name, _, must = given
    row = rows.get(str(source), {})
    if not row and len(rows) == 1:  # handed in by another path, or of a name that is written otherwise
        row = next(iter(rows.values()))
    counted = row.get("state") in {"done", "partial"}
    wrong = must != "any" and not is_right(must, row, out, good)
    return replace(
        tried,
        name=name,
        counted=counted,
        faults=(*tried.faults, *(["wrong"] if wrong else [])),
        said=row.get("error", "") or tried.said,
    )


def is_right(must: Must, row: dict[str, str], out: Path, good: Expected) -> bool:
    """Whether an input was counted, or refused, as it must be."""
    kind, _, words = must.partition(": ")
    state = row.get("state")
    if kind == "passed over":
        return not row
    if state == "failed":
        is_named = kind != "refused" or words in row.get("error", "")
        return is_named and kind in {"refused", "told", "damage", "not countable"}
    if state == "partial":
        same = words != "same" or _cells(out, row) == good.cells
        return same and kind in {"told", "damage", "partial"}
    if state != "done":
        return False
    if kind == "not countable":
        return row.get("verdict") == "not countable" and words in row.get("codes", "")
    if _cells(out, row) == good.cells:
        return kind in {"same", "near", "told"}
    number, infected = (int(row[key] or 0) for key in ("counted", "infected"))
    most = max(1.0, _NEAR * int(good.row["counted"]))
    near = (
        abs(number - int(good.row["counted"])) <= most and abs(infected - int(good.row["infected"])) <= most
    )
    return kind in {"near", "told"} and near


def spoken_faults(code: int, said: str) -> list[str]:
    """Faults that an exit code and what was printed show."""
    faults = []
    if "Traceback (most recent call last)" in said:
        faults.append("traceback")
    if code < 0:
        faults.append("signal")
    if any(not character.isprintable() and character != "\n" for character in said):
        faults.append("terminal")
    if "unexpected " in said or "SMEARCOUNT_DEBUG" in said:
        faults.append("internals")
    return faults


def count(sources: list[Path], out: Path, patience_s: float = 10 * BUDGET_S) -> tuple[int, str, float, float]:
    """Exit code, what was said, seconds, and peak MB of its process that took most; killed after a while."""
    command = [sys.executable, "-c", "from pipeline.cli.app import main; main()", "count", *map(str, sources)]
    command = [*command, "-o", str(out), "--um-per-px", str(UM_PER_PX)]
    began = time.monotonic()
    with tempfile.TemporaryFile() as heard:
        process = subprocess.Popen(command, stdout=heard, stderr=heard, start_new_session=True)
        peak_mb = 0.0
        while process.poll() is None:
            peak_mb = max(peak_mb, *map(_peak_mb, family(process.pid)))
            if time.monotonic() - began > patience_s:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.05)
        heard.seek(0)
        said = heard.read().decode(errors="backslashreplace")
    return process.returncode, said, time.monotonic() - began, peak_mb


def _made(given: Input, folder: Path) -> Path:
    folder.mkdir()
    return given[1](folder)


def _cpu_s() -> float:
    """What processors worked so far for the processes that this one started and saw end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _peak_mb(process: int) -> float:
    """Peak of the resident memory of a process since it began; 0 where it is not told."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _rows(out: Path) -> dict[str, dict[str, str]]:
    """Rows of the table of slides by their source."""
    path = out / "slides.csv"
    if not path.is_file():
        return {}
    with path.open(encoding=CSV_ENCODING, newline="") as handle:
        return {row["source"]: row for row in csv.DictReader(handle)}


def _cells(out: Path, row: dict[str, str]) -> tuple[str, ...]:
    """Lines of a slide's cells, without the names of slide and field."""
    path = out / from_csv(row["result"]) / "cells.csv" if row.get("result") else Path()
    if not path.is_file():
        return ()
    with path.open(encoding=CSV_ENCODING, newline="") as handle:
        return tuple(",".join(line[2:]) for line in csv.reader(handle))
