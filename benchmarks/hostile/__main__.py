"""`python -m benchmarks.hostile`: count hostile inputs, each beside a good slide, and write the table."""

import argparse
import contextlib
import csv
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from benchmarks.hostile.files import damaged, heads, odd_names, strange_places
from benchmarks.hostile.pictures import Maker, Picture, bombs, odd_pictures, seeds
from pipeline.files import write_json, write_whole
from pipeline.names import CSV_ENCODING, for_line

BUDGET_S = 30.0
BUDGET_MB = 1500.0
WIDTH, HEIGHT, UM_PER_PX = 480, 360, 0.12
GIVEN = ("--um-per-px", str(UM_PER_PX))
KINDS = {
    "damaged": "cut off, bits flipped, a gap of zeros, a garbled head, another ending",
    "odd pictures": "valid, of kinds a camera seldom writes",
    "bombs": "many px from few bytes",
    "names": "hard to write down",
    "heads": "of files that are no picture",
    "places": "pipes, sockets, devices, links, folders",
}
FAULTS = ("traceback", "signal", "hang", "memory", "leftover", "neighbour", "terminal", "internals")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one input; `faults` are of FAULTS, `said` is the error in one line.

    `seconds` passed on the clock, `cpu_s` are those that processors worked for it.
    """

    kind: str
    name: str
    counted: bool
    faults: tuple[str, ...]
    seconds: float
    cpu_s: float
    peak_mb: float
    said: str


def main() -> None:
    """Try every input, kind after kind, and write the table of all kinds that were ever tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--found", type=Path, default=Path("build/hostile"))
    parser.add_argument("--only", nargs="+", choices=sorted(KINDS), default=list(KINDS))
    parser.add_argument(
        "--patience", type=float, default=BUDGET_S, help="s until a process is killed; more beside others"
    )  # fmt: skip
    options = parser.parse_args()
    options.found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="smearcount-hostile-") as place:
        field, room = _field(), Path(place)
        good = room / "good" / "neighbour.png"
        good.parent.mkdir()
        Image.fromarray(field).save(good)
        expected = _expected(good, room)
        for kind in options.only:
            tried = []
            for name, make in _inputs(kind, field, good):
                tried.append(_tried((kind, name, make), good, expected, room, options.patience))
                _say(tried[-1])
            write_json(options.found / f"{kind}.json", {"tried": [asdict(one) for one in tried]})
    every = [_read(path) for kind in KINDS if (path := options.found / f"{kind}.json").is_file()]
    write_whole(options.found / "table.md", _table([one for some in every for one in some]).encode())
    sys.exit(1 if any(one.faults for some in every for one in some) else 0)


def _read(path: Path) -> list[Tried]:
    found = json.loads(path.read_text(encoding="utf-8"))["tried"]
    return [Tried(**{**one, "faults": tuple(one["faults"])}) for one in found]


def _field() -> Picture:
    import numpy as np

    from pipeline.synthetic.field import RenderSettings, render_field

    settings = RenderSettings(width=WIDTH, height=HEIGHT, um_per_px=UM_PER_PX)
    return render_field(settings, np.random.default_rng(11)).image


def _inputs(kind: str, field: Picture, good: Path) -> Iterator[tuple[str, Maker]]:
    photo = good.read_bytes()

    def result(folder: Path) -> None:
        (folder / "good.png").write_bytes(photo)
        _run([folder / "good.png"], folder / "out")

    makers: dict[str, Callable[[], Iterator[tuple[str, Maker]]]] = {
        "damaged": lambda: damaged(seeds(field)),
        "odd pictures": lambda: odd_pictures(field),
        "bombs": bombs,
        "names": lambda: odd_names(photo),
        "heads": heads,
        "places": lambda: strange_places(photo, result),
    }
    yield from makers[kind]()


def _expected(good: Path, room: Path) -> tuple[dict[str, str], set[str]]:
    """The good slide's row, and the files that a run leaves beside the results."""
    out = room / "expected"
    _run([good], out)
    return _rows(out)["neighbour"], {entry.name for entry in out.iterdir()}


def _tried(
    given: tuple[str, str, Maker],
    good: Path,
    expected: tuple[dict[str, str], set[str]],
    room: Path,
    patience_s: float,
) -> Tried:
    kind, name, make = given
    with tempfile.TemporaryDirectory(dir=room) as folder:
        handed, out = Path(folder) / "in", Path(folder) / "out"
        handed.mkdir()
        source = make(handed)
        cpu_before_s = _cpu_s()
        code, said, seconds, peak_mb = _run([source, good], out, patience_s)
        cpu_s = _cpu_s() - cpu_before_s
        rows = _rows(out)
        row = rows.pop("neighbour", {})
        faults = _spoken_faults(code, said)
        faults += ["hang"] if seconds > patience_s or cpu_s > BUDGET_S else []
        faults += ["memory"] if peak_mb > BUDGET_MB else []
        same = all(row.get(key) == expected[0][key] for key in ("state", "counted", "infected"))
        faults += [] if same else ["neighbour"]
        left = {entry.name for entry in out.glob(".*")} - set(rows)
        faults += ["leftover"] if left - expected[1] else []
        counted = any(other["state"] in {"done", "partial"} for other in rows.values())
    told = [line for line in said.splitlines() if "; expected" in line or "Error" in line]
    return Tried(
        kind=kind, name=name, counted=counted, faults=tuple(faults), seconds=seconds, cpu_s=cpu_s,
        peak_mb=peak_mb, said=told[0] if told else "",
    )  # fmt: skip


def _spoken_faults(code: int, said: str) -> list[str]:
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


def _cpu_s() -> float:
    """What processors worked so far for the processes that this one started and saw end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(sources: list[Path], out: Path, patience_s: float = 10 * BUDGET_S) -> tuple[int, str, float, float]:
    """Exit code, what was said, seconds, and the peak of its memory in MB; killed after a while."""
    command = [sys.executable, "-c", "from pipeline.cli.app import main; main()", "count", *map(str, sources)]
    command = [*command, "-o", str(out), *GIVEN]
    began = time.monotonic()
    with tempfile.TemporaryFile() as heard:
        process = subprocess.Popen(command, stdout=heard, stderr=heard, start_new_session=True)
        peak_mb = 0.0
        while process.poll() is None:
            peak_mb = max(peak_mb, _peak_mb(process.pid))
            if time.monotonic() - began > patience_s:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.05)
        heard.seek(0)
        said = heard.read().decode(errors="backslashreplace")
    return process.returncode, said, time.monotonic() - began, peak_mb


def _peak_mb(process: int) -> float:
    """Peak of the resident memory of a process since it began; 0 where it is not told."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _rows(out: Path) -> dict[str, dict[str, str]]:
    path = out / "slides.csv"
    if not path.is_file():
        return {}
    with path.open(encoding=CSV_ENCODING, newline="") as handle:
        return {row["slide"]: row for row in csv.DictReader(handle)}


def _say(one: Tried) -> None:
    faults = ", ".join(one.faults) or ("counted" if one.counted else "refused")
    line = f"{one.kind}: {one.name}: {faults}; {one.seconds:.1f} s, {one.peak_mb:.0f} MB; {one.said}"
    sys.stderr.write(f"{for_line(line)[:300]}\n")


def _table(tried: list[Tried]) -> str:
    words = {
        "traceback": "tracebacks", "signal": "signals", "hang": f"over {BUDGET_S:.0f} s",
        "memory": f"over {BUDGET_MB / 1000} GB", "leftover": "leftovers", "neighbour": "neighbours lost",
        "terminal": "codes in the terminal", "internals": "program internals",
    }  # fmt: skip
    head = [
        "inputs",
        "",
        "tried",
        "answered",
        "refused",
        *words.values(),
        "most work, s",
        "most memory, MB",
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    for kind, text in [*KINDS.items(), ("all", "")]:
        some = [one for one in tried if kind in (one.kind, "all")]
        if not some:
            continue
        counted = sum(one.counted for one in some)
        cells = [kind, text, len(some), counted, len(some) - counted]
        cells += [sum(fault in one.faults for one in some) for fault in FAULTS]
        cells += [f"{max(one.cpu_s for one in some):.1f}", f"{max(one.peak_mb for one in some):.0f}"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    bad = [f"- {one.kind}, {for_line(one.name)}: {', '.join(one.faults)}" for one in tried if one.faults]
    return "\n".join([*lines, *(["", "Faults:", "", *bad] if bad else [])]) + "\n"


if __name__ == "__main__":
    main()
