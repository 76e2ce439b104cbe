"""Rendered whole-slide scans of a given size, kept from run to run: the large ones take long to draw."""

import math
from pathlib import Path

from benchmarks.measuring.fresh import rendered

__all__ = ["read_through", "rendered_scan"]

UM_PER_PX = 0.1
"""As a scanner with the oil immersion objective takes it that malaria is read with."""
STEP_PX = 256
"""Sides are multiples of it."""
_BLOCK_BYTES = 2**20


def rendered_scan(folder: Path, gigapixels: float) -> Path:
    """A scan of an even film, as near to this size as its sides allow, four wide to three high.

    Parameters
    ----------
    folder : where scans are kept; one that is there already is taken, and is whole.
    gigapixels : of level 0, 10^9.
    """
    height = max(STEP_PX, round(math.sqrt(gigapixels * 1e9 * 3 / 4) / STEP_PX) * STEP_PX)
    width = max(STEP_PX, round(gigapixels * 1e9 / height / STEP_PX) * STEP_PX)
    place = folder / f"{width}x{height}"
    if not place.is_dir():
        size = ("--width", str(width), "--height", str(height), "--um-per-px", str(UM_PER_PX))
        rendered(place, "--scan", *size, "--seed", "4", "--workers", "2")
    return next((place / "images").iterdir())


def read_through(scan: Path) -> None:
    """Read a scan once, so that whoever counts it first does not alone wait for the disk."""
    with scan.open("rb") as file:
        while file.read(_BLOCK_BYTES):
            pass
