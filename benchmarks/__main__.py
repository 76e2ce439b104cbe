"""`python -m benchmarks`: speed, memory and size against their goals."""

import argparse
import importlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.measuring.records import Group, Room
from benchmarks.measuring.table import table_text

GROUPS = {
    "start": "one command in a fresh process",
    "warm": "a process that counts on, against decoding alone; crops against Keras",
    "fields": "sets of fields against the textbook way",
    "slide": "a slide of 100,000 cells and more, by one worker and by two",
    "memory": "memory of all processes over the size of the scan",
    "exports": "a million cells as CSV, Parquet and GeoJSON",
    "cluster": "Dask with two local workers against the pool of processes",
}
"""Modules of this package, in the order they are run; each measures in `measured(room)`."""
SCANS = Path("build/bench-scans")
GIGAPIXELS = "0.1"
BUSY_LOAD = 0.5


def main() -> None:
    """Measure group after group, print the table, write the JSON."""
    options = _options()
    machine = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_1_min": os.getloadavg()[0],
    }
    found: dict[str, Group] = {}
    for name in options.only:
        began = time.monotonic()
        print(f"benchmarks: {name}: {GROUPS[name]} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="smearcount-bench-") as folder:
            room = Room(
                folder=Path(folder),
                scans=options.scans.resolve(),
                gigapixels=options.gigapixels,
                labelled=_labelled(),
            )
            found[name] = importlib.import_module(f"benchmarks.{name}").measured(room)
        _write(options.json, machine, found)
        print(f"benchmarks: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}")
    print(f"load before: {machine['load_1_min']:.1f}; above {BUSY_LOAD}, other programs add to wall times\n")
    print(table_text([measure for group in found.values() for measure in group.measures]))
    for note in (note for group in found.values() for note in group.notes):
        print(f"\n{note}")


def _options() -> argparse.Namespace:
    listed = "; ".join(f"{name}: {text}" for name, text in GROUPS.items())
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured to this file")
    parser.add_argument(
        "--only", type=_groups, default=list(GROUPS), metavar="NAME,...", help=f"only these groups ({listed})"
    )
    parser.add_argument(
        "--gigapixels",
        type=_sizes,
        default=GIGAPIXELS,
        metavar="SIZE,...",
        help=f"scans whose memory is measured, level-0 gigapixels (default: {GIGAPIXELS})",
    )
    parser.add_argument(
        "--scans",
        type=Path,
        default=SCANS,
        metavar="DIR",
        help=f"where rendered scans are kept; delete it to render them anew (default: {SCANS})",
    )
    return parser.parse_args()


def _groups(text: str) -> list[str]:
    """The groups named, in the order they are run."""
    names = text.split(",")
    unknown = sorted(set(names) - set(GROUPS))
    if unknown:
        raise argparse.ArgumentTypeError(f"no group {', '.join(unknown)}; take some of {', '.join(GROUPS)}")
    return [name for name in GROUPS if name in names]


def _sizes(text: str) -> tuple[float, ...]:
    """Gigapixels, from the smallest up."""
    try:
        sizes = sorted({float(size) for size in text.split(",")})
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: expected gigapixels such as 0.1,1,4") from error
    if not 0 < sizes[0] <= sizes[-1] <= 100:
        raise argparse.ArgumentTypeError(f"{text!r}: expected sizes above 0 and up to 100 gigapixels")
    return tuple(sizes)


def _labelled() -> Path | None:
    """Folder of the labelled sets that SMEARCOUNT_DATA names, where it is there."""
    named = os.environ.get("SMEARCOUNT_DATA")
    return Path(named).resolve() if named and Path(named).is_dir() else None


def _write(path: Path | None, machine: Mapping[str, object], found: Mapping[str, Group]) -> None:
    """All that was measured so far: a long run that is ended keeps what it has."""
    if path is not None:
        groups = {name: asdict(group) for name, group in found.items()}
        text = json.dumps({"machine": machine, "groups": groups}, indent=2)
        path.write_text(f"{text}\n", encoding="utf-8")


def _processor() -> str:
    """Name of the processor, where the system names it."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text(encoding="utf-8").splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
