"""`python -m benchmarks.hostile`: count hostile inputs, each beside a good slide, and write the table."""

import argparse
import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from PIL import Image

from benchmarks.hostile.bitmaps import bitmaps
from benchmarks.hostile.bombs import bombs
from benchmarks.hostile.files import damaged, heads, odd_names, strange_places
from benchmarks.hostile.inputs import Input, Inputs, Picture
from benchmarks.hostile.misnamed import misnamed
from benchmarks.hostile.photos import photos
from benchmarks.hostile.pictures import odd_pictures, seeds
from benchmarks.hostile.pngs import pngs
from benchmarks.hostile.scans import scans
from benchmarks.hostile.tiff_parts import tiff_parts
from benchmarks.hostile.tiffs import tiffs
from benchmarks.hostile.trying import (
    BUDGET_MB,
    BUDGET_S,
    FAULTS,
    UM_PER_PX,
    Tried,
    count,
    expected,
    try_all,
)
from pipeline.files import write_json, write_whole
from pipeline.names import for_line

WIDTH, HEIGHT = 480, 360
KINDS = {
    "damaged": "cut off, bits flipped, a gap of zeros, a garbled head, another ending",
    "odd pictures": "valid, of kinds a camera seldom writes",
    "photos": "JPEG, WebP, AVIF, JPEG 2000, HEIC: scans, inks, depths, parts that are lost",
    "PNG": "chunks, depths, passes, palettes, films",
    "BMP": "masks, packings, heads of all ages, rows that are lost",
    "TIFF": "depths, packings, colours, planes, tags",
    "parts of TIFFs": "rows, strips, tiles that are lost, directories in circles",
    "scans": "of scanner makers and DICOM: whole, cut off, without their folder",
    "other formats": "under the names of pictures",
    "bombs": "many px from few bytes",
    "names": "hard to write down",
    "heads": "of files that are no picture",
    "places": "pipes, sockets, devices, links, folders",
}
ALONE = {"bombs", "names", "places"}
"""Kinds of which each input has a process of its own; of the others some are tried in one."""
_SOME = 12


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
        answer = expected(good, room)
        for kind in options.only:
            tried: list[Tried] = []
            for some in _groups(_inputs(kind, field, good), 1 if kind in ALONE else _SOME):
                found = try_all(kind, some, answer, room, options.patience)
                tried += found
                _say(found)
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

    settings = RenderSettings(width=WIDTH, height=HEIGHT, um_per_px=UM_PER_PX, parasitaemia=0.3)
    return render_field(settings, np.random.default_rng(11)).image


def _inputs(kind: str, field: Picture, good: Path) -> Inputs:
    photo = good.read_bytes()

    def result(folder: Path) -> None:
        (folder / "good.png").write_bytes(photo)
        count([folder / "good.png"], folder / "out")

    makers: dict[str, Callable[[], Inputs]] = {
        "damaged": lambda: damaged(seeds(field)),
        "odd pictures": lambda: odd_pictures(field),
        "photos": lambda: photos(field),
        "PNG": lambda: pngs(field),
        "BMP": lambda: bitmaps(field),
        "TIFF": lambda: tiffs(field),
        "parts of TIFFs": lambda: tiff_parts(field),
        "scans": lambda: scans(field),
        "other formats": lambda: misnamed(field),
        "bombs": lambda: bombs(),
        "names": lambda: odd_names(photo),
        "heads": lambda: heads(),
        "places": lambda: strange_places(photo, result),
    }
    yield from makers[kind]()


def _groups(inputs: Inputs, size: int) -> Iterator[list[Input]]:
    while some := list(itertools.islice(inputs, size)):
        yield some


def _say(tried: list[Tried]) -> None:
    for one in tried:
        faults = ", ".join(one.faults) or ("counted" if one.counted else "refused")
        line = f"{one.kind}: {one.name}: {faults}; {one.seconds:.1f} s, {one.peak_mb:.0f} MB; {one.said}"
        sys.stderr.write(f"{for_line(line)[:300]}\n")


def _table(tried: list[Tried]) -> str:
    words = {
        "traceback": "tracebacks", "signal": "signals", "hang": f"over {BUDGET_S:.0f} s",
        "memory": f"over {BUDGET_MB / 1000} GB", "leftover": "leftovers", "neighbour": "neighbours lost",
        "terminal": "codes in the terminal", "internals": "program internals", "wrong": "wrong answers",
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
