"""The slides that batches are tried on: rendered fields, real ones, a scan, and many small ones."""

import csv
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring.scans import rendered_scan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["mixed_slides", "rendered_fields", "small_slides"]

SCAN_GIGAPIXELS = 0.11
"""Some hundred tiles: kills fall into the middle of it."""
_SETS = ("nih_fields", "iml", "uganda", "bbbc041")
_STEP_PX = 8
"""By so much the views of one drawn field differ from each other."""


def mixed_slides(folder: Path, slides: int, *, data: Path | None, with_scan: bool) -> Path:
    """Slides of every kind: rendered ones of one field and of three, real ones, a scan.

    Parameters
    ----------
    data : folder of labelled sets, whose fields make a third of the slides; None draws those too.
    """
    scans = 1 if with_scan else 0
    real = 0 if data is None else _real_fields(folder, data, (slides - scans) // 3)
    rendered_fields(folder, slides - scans - real)
    if with_scan:
        drawn = rendered_scan(folder.parent / "scan", SCAN_GIGAPIXELS)
        drawn.replace(folder / "scan.tif")
    return folder


def rendered_fields(folder: Path, slides: int) -> Path:
    """Rendered slides of 640 x 480 px, every third of three fields, the others of one."""
    import cv2

    for number in range(slides):
        for field in range(3 if number % 3 == 0 else 1):
            place = folder / f"slide-{number:02d}" / f"field-{field}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(place), _drawn(640, 480, [number, field]))
    return folder


def small_slides(folder: Path, slides: int, *, width: int, height: int, first: int = 0) -> Path:
    """Slides of one field each: views into a few drawn fields, no two of the same pixels.

    Parameters
    ----------
    first : number of the first; other numbers are other pixels.
    """
    import cv2
    import numpy as np

    shifts, turns = 5, 4
    for number in range(first, first + slides):
        field, rest = divmod(number, shifts * shifts * turns)
        shift, turn = divmod(rest, turns)
        source = folder.parent / f"drawn-{width}x{height}-{field}.npy"
        if not source.is_file():
            source.parent.mkdir(parents=True, exist_ok=True)
            np.save(source, _drawn(width + shifts * _STEP_PX, height + shifts * _STEP_PX, [77, field]))
        picture = np.load(source)
        down, right = (_STEP_PX * step for step in divmod(shift, shifts))
        view = picture[down : down + height, right : right + width][:: -1 if turn & 1 else 1]
        path = folder / f"slide-{number:05d}" / "field.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), view[:, :: -1 if turn & 2 else 1])
    return folder


def _real_fields(folder: Path, data: Path, slides: int) -> int:
    """Copy one field of each of so many slides, from every set in turn; how many there were."""
    of_sets = [_a_field_of_each_slide(data / name) for name in _SETS]
    in_turn = [fields[turn] for turn in range(slides) for fields in of_sets if turn < len(fields)][:slides]
    for path in in_turn:
        place = folder / f"{path.parent.parent.name}-{path.stem}" / path.name
        place.parent.mkdir(parents=True)
        shutil.copyfile(path, place)
    return len(in_turn)


def _a_field_of_each_slide(labelled: Path) -> list[Path]:
    if not (labelled / "fields.csv").is_file():
        return []
    with (labelled / "fields.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    first = {row["slide"]: labelled / row["image"] for row in reversed(rows)}
    return [first[slide] for slide in sorted(first)]


def _drawn(width: int, height: int, seed: list[int]) -> "NDArray[np.uint8]":
    """A rendered field, BGR."""
    import numpy as np

    from pipeline.synthetic.field import RenderSettings, render_field

    image = render_field(RenderSettings(width=width, height=height), np.random.default_rng(seed)).image
    return np.ascontiguousarray(image[..., ::-1])
