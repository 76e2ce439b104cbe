"""What a person may set for a count."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

__all__ = [
    "RBC_PER_UL_MAX",
    "RBC_PER_UL_MIN",
    "TILES_SUFFIX",
    "TILE_PX_MAX",
    "TILE_PX_MIN",
    "UM_PER_PX_MAX",
    "UM_PER_PX_MIN",
    "BatchSettings",
    "CountSettings",
    "Progress",
    "ReportSettings",
    "SlideProgress",
    "with_absolute_paths",
]

UM_PER_PX_MIN, UM_PER_PX_MAX = 0.02, 1.0
"""Pixel sizes that may be given, µm: a red cell is then 375 to 7.5 px across."""
RBC_PER_UL_MIN, RBC_PER_UL_MAX = 1e5, 1e7
"""Red cells per µL that may be given: about 1,000,000 in severe anaemia, 8,000,000 at great heights."""
TILE_PX_MIN, TILE_PX_MAX = 128, 4096
"""Tile sides: smaller ones are mostly halo, larger ones pass what OpenCV addresses in one picture."""
TILES_SUFFIX = ".tiles"
"""Of the file that keeps the finished tiles of a count that is cut short."""
Progress = Callable[[int, int, int], None]
"""Called with the tiles done, all tiles and the red cells found."""
SlideProgress = Callable[[Path, int, int, int], None]
"""The same with the slide before, where there are many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings:
    """What the report of a slide says beside its count; nothing of it changes a number.

    Attributes
    ----------
    is_written : whether a count writes report.html.
    sample : number of the sample; empty where there is none.
    notes : further lines for the head of the report, a name and a text each.
    """

    is_written: bool = True
    sample: str = ""
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSettings:
    """Settings of one count.

    Attributes
    ----------
    um_per_px : µm per level-0 px; None takes it from the file or estimates it from the cells.
    site : file that `smearcount adapt` wrote for this site's slides; None uses the classifier as it is.
    detector, classifier : manifest (.toml) of another network than the shipped one; None is the shipped one.
    tile_px : side of a tile's core in detector px (0.375 µm each); a multiple of 8, 128 to 4096.
    workers : processes; 1 works in this process.
    region : x, y, width, height, level-0 px of each field: only cells whose centre lies in it; None is all.
    protocol : name of a counting protocol, see `pipeline.planning.protocols`; None counts every cell.
    max_cells : red cells after which a count stops; None counts every cell, or what the protocol asks for.
    fields : photos of a folder, or views of a scan, to count; None counts all of them.
    red_cells_per_ul : as measured, RBC_PER_UL_MIN to _MAX, for parasites per µL; None assumes 5,000,000.
    whole_film : count also where a whole slide is too thick or too thin to be read.
    scheduler : address of a dask scheduler whose workers do the work; None works on this machine.
    report : what the report says beside the count, and whether one is written.
    """

    um_per_px: float | None = None
    detector: Path | None = None
    classifier: Path | None = None
    site: Path | None = None
    tile_px: int = 1024
    workers: int = 1
    region: tuple[int, int, int, int] | None = None
    protocol: str | None = None
    max_cells: int | None = None
    fields: int | None = None
    red_cells_per_ul: float | None = None
    whole_film: bool = False
    scheduler: str | None = None
    report: ReportSettings = ReportSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSettings:
    """Settings of a batch, none of which changes a result.

    Attributes
    ----------
    memory_limit_mb : MB of 1,000,000 bytes that the worker process of a slide may take.
    time_limit_s : seconds that one slide may take.
    attempts : times a slide may end its worker process before it is given up.
    retry_pause_s : pause before the second of them; three times as long before the third.
    storage_wait_s : how long a run waits for a full disk or a vanished folder before it stops.
    settle_s : how long a file must not have grown before `watch` takes it.
    """

    memory_limit_mb: int = 4000
    time_limit_s: float = 3600.0
    attempts: int = 3
    retry_pause_s: float = 5.0
    storage_wait_s: float = 600.0
    settle_s: float = 10.0


def with_absolute_paths(settings: CountSettings) -> CountSettings:
    """The settings with paths that hold in any process, wherever it was started."""
    detector, classifier, site = settings.detector, settings.classifier, settings.site
    return replace(
        settings,
        detector=None if detector is None else detector.absolute(),
        classifier=None if classifier is None else classifier.absolute(),
        site=None if site is None else site.absolute(),
    )
