"""`python -m benchmarks [--json FILE]`: speed, memory and size against their goals, on rendered smears."""

import argparse
import json
import os
import platform
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.fresh import Cost, cost_of, measured_inside, network_bytes, rendered

RUNS = 5
FIELD = ("--width", "1280", "--height", "960", "--um-per-px", "0.11", "--seed", "2")
SLIDE = ("--width", "4000", "--height", "4000", "--um-per-px", "0.25", "--seed", "4")
"""A slide of ten thousand cells, in nine tiles."""
PHOTO = ("--width", "5312", "--height", "2988", "--um-per-px", "0.05", "--round-view", "--seed", "3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One line of the table.

    Attributes
    ----------
    value : measured, in `unit`; None where it could not be. goal : None where there is none.
    at_least : the goal is a lower bound, else an upper one. note : in a few words, what it was measured on.
    """

    name: str
    value: float | None
    unit: str
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """'reached' or 'missed'; nothing where there is no goal or no value."""
        if self.goal is None or self.value is None:
            return ""
        reached = self.value >= self.goal if self.at_least else self.value <= self.goal
        return "reached" if reached else "missed"


def main() -> None:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured to this file")
    options = parser.parse_args()
    machine = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_1_min": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory(prefix="smearcount-bench-") as folder:
        measures, inside = _measures(Path(folder))
    steps: dict[str, float] = inside["steps_s"]
    print(f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}")
    print(f"load before: {machine['load_1_min']:.1f}; above 0.5, wall times tell of other programs too\n")
    print(_table(measures))
    if inside["crops_per_s"]["keras"] is None:
        print("\nTensorFlow is not installed: crops a second in Keras were not measured")
    print("\nA first count of the 1280 x 960 field in a fresh process, CPU time by step:\n")
    print(_shares(steps))
    if options.json is not None:
        found = {"machine": machine, "measures": [asdict(measure) for measure in measures], "inside": inside}
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _measures(folder: Path) -> tuple[list[Measure], dict[str, Any]]:
    _say("rendering three smears")
    field, photo = rendered(folder / "field", *FIELD), rendered(folder / "photo", *PHOTO)
    slide = rendered(folder / "slide", *SLIDE)
    out = ("-o", str(folder / "out"), "--overwrite")
    _say("fresh processes")
    start = cost_of(["--help"], RUNS)
    count = cost_of(["count", str(field), *out], RUNS)
    large = cost_of(["count", str(photo), *out], 1)
    _say("a slide of many cells, by one worker and by two")
    shared = [cost_of(["count", str(slide), *out, "--workers", str(workers)], 1) for workers in (1, 2)]
    summary = json.loads((folder / "out" / slide.stem / "summary.json").read_text(encoding="utf-8"))
    _say("inside one process")
    inside = measured_inside(field, photo, folder / "out")
    measures = [
        *_from_outside(start, count, large),
        *_from_slide(summary["detected"], *shared),
        *_from_inside(inside),
    ]
    return measures, inside


def _from_outside(start: Cost, count: Cost, large: Cost) -> list[Measure]:
    note = f"median of {RUNS} fresh processes"
    shipped_mb = sum(network_bytes().values()) / 1e6
    return [
        Measure(name="smearcount --help, wall", value=start.wall_s, unit="s", goal=0.5, note=note),
        Measure(name="smearcount --help, CPU", value=start.cpu_s, unit="s"),
        Measure(name="1280 x 960 field, cold, wall", value=count.wall_s, unit="s", goal=2.5, note=note),
        Measure(name="1280 x 960 field, cold, CPU", value=count.cpu_s, unit="s"),
        Measure(name="1280 x 960 field, peak memory", value=count.peak_mb, unit="MB"),
        Measure(name="5312 x 2988 photo, peak memory", value=large.peak_mb, unit="MB", goal=500.0),
        Measure(name="5312 x 2988 photo, cold, CPU", value=large.cpu_s, unit="s"),
        Measure(name="LiteRT files shipped", value=shipped_mb, unit="MB", goal=1.0),
    ]


def _from_slide(cells: int, one: Cost, two: Cost) -> list[Measure]:
    note = f"{cells} cells, start and overlay included"
    return [
        Measure(name="cells a second, 1 worker", value=cells / one.wall_s, unit="per s"),
        Measure(
            name="cells a second, 2 workers",
            value=cells / two.wall_s,
            unit="per s",
            goal=3000.0,
            at_least=True,
            note=note,
        ),
        Measure(
            name="  against 1 worker", value=one.wall_s / two.wall_s, unit="times", goal=1.8, at_least=True
        ),
        Measure(name="CPU a cell, 1 worker", value=one.cpu_s / cells * 1e6, unit="µs"),
    ]


def _from_inside(inside: dict[str, Any]) -> list[Measure]:
    warm, rate = inside["warm"], inside["crops_per_s"]
    ratio = None if rate["keras"] is None else rate["litert"] / rate["keras"]
    return [
        Measure(name="1280 x 960 field, warm, CPU", value=warm["count_s"], unit="s"),
        Measure(
            name="  against decoding its JPEG", value=warm["ratio"], unit="times", goal=6.0, note="CPU time"
        ),
        Measure(
            name="5312 x 2988 photo, against its JPEG",
            value=inside["warm_photo"]["ratio"],
            unit="times",
            goal=6.0,
            note="CPU time",
        ),
        Measure(name="crops classified, LiteRT", value=rate["litert"], unit="per s"),
        Measure(name="  against Keras predict", value=ratio, unit="times", goal=4.0, at_least=True),
    ]


def _table(measures: list[Measure]) -> str:
    lines = [f"{'measure':<36}{'measured':>10} {'unit':<6}{'goal':>12}  "]
    for measure in measures:
        value = "-" if measure.value is None else f"{measure.value:.2f}"
        bound = "at least" if measure.at_least else "at most"
        goal = "" if measure.goal is None else f"{bound} {measure.goal:g}"
        lines.append(
            f"{measure.name:<36}{value:>10} {measure.unit:<6}{goal:>12}  {measure.verdict:<9}{measure.note}"
        )
    return "\n".join(line.rstrip() for line in lines)


def _shares(steps: dict[str, float]) -> str:
    whole = sum(steps.values())
    lines = [f"{name:<34}{spent:>6.2f} s{spent / whole:>6.0%}" for name, spent in steps.items()]
    return "\n".join([*lines, f"{'together':<34}{whole:>6.2f} s"])


def _processor() -> str:
    """Name of the processor, where the system tells it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _say(text: str) -> None:
    print(f"benchmarks: {text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
