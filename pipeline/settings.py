"""What a person may set for a count."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CountSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSettings:
    """Settings of one count.

    Attributes
    ----------
    um_per_px : µm per level-0 px; None takes it from the file or estimates it from the cells.
    detector, classifier : manifest (.toml) of another network than the shipped one; None is the shipped one.
    tile_px : side of a tile's core in detector px (0.375 µm each); a multiple of 8, 128 to 4096.
    workers : processes; 1 works in this process.
    """

    um_per_px: float | None = None
    detector: Path | None = None
    classifier: Path | None = None
    tile_px: int = 1024
    workers: int = 1
