"""The debris control of a slide: false calls that its own dirt explains, from a sample that tiles keep."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.control import Decision, LaidOn, lay_on
from classifier.crops import CROP_PX
from classifier.specks import SPECK_PX
from pipeline.counting.second_look import DOUBTFUL_P
from pipeline.networks import Classifier
from pipeline.planning.area import area_mm2
from pipeline.records import DebrisControl, OwnLayer

__all__ = [
    "UPPER_END",
    "DebrisSample",
    "Kept",
    "debris_control",
    "explained",
    "explained_by_grains",
    "is_kept",
    "joined_samples",
    "kept_share",
    "lay_specks",
    "place_keys",
]

CELLS_KEPT, SPECKS_KEPT = 160, 320
"""Clean cells and specks that are kept of a slide, on average where it is soiled."""
UM2_A_CELL, UM2_A_SPECK = 100.0, 2000.0
"""Area of film for one red cell of a readable film, and for one speck of a soiled one, µm². A film fifty
times as dirty keeps 30 MB of specks."""
CLEAN_P = 0.05
"""Greatest probability of a cell that specks are laid on."""
LIKE_PARASITES, PARASITE_UM2 = 0.3, 1.6
"""Share of the laid specks of at least this area from which on, called, they may be parasites that left their
cells. Dirt that is called is smaller and has the colours of chromatin (docs/lab/debris_control.md)."""
LOST = 1.3
"""A speck on a cell is called so many times as often as the same one cut from the ground and laid on a cell,
which has lost its soft rim: 0.24 and 0.35 of 400 for 0.17 and 0.29 (docs/lab/debris_control.md)."""
UPPER_END = 1.645
"""Standard errors up to the upper end of a one-sided 95% interval (normal)."""
LAID = 256
"""Specks laid on cells, at most; a few hundred make a share of 1% visible."""
LAID_EACH = 32
"""At most this often is one speck laid on a cell: a few specks are no more than a few, however often laid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Shares of the cells and of the specks that are kept, 0 to 1; the same for all tiles of a slide."""

    cells: float
    specks: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DebrisSample:
    """What a tile keeps for the control.

    Attributes
    ----------
    ground_px, cells_px : detector px of empty ground and of the red cells.
    specks, grains : how many there are on that ground, of every size and of grains alone.
    passed : uint8 (n, SPECK_PX, SPECK_PX, 3) of those kept. areas_um2 : float32 (n,).
    crops : uint8 (m, CROP_PX, CROP_PX, 4) of clean cells kept.
    speck_keys, cell_keys : uint64, a hash of field and place that orders what is kept.
    """

    ground_px: int = 0
    cells_px: int = 0
    specks: int = 0
    grains: int = 0
    passed: NDArray[np.uint8]
    areas_um2: NDArray[np.float32]
    speck_keys: NDArray[np.uint64]
    crops: NDArray[np.uint8]
    cell_keys: NDArray[np.uint64]

    @classmethod
    def empty(cls) -> "DebrisSample":
        """Nothing kept."""
        return cls(
            passed=np.empty((0, SPECK_PX, SPECK_PX, 3), np.uint8),
            areas_um2=np.empty(0, np.float32),
            speck_keys=np.empty(0, np.uint64),
            crops=np.empty((0, CROP_PX, CROP_PX, 4), np.uint8),
            cell_keys=np.empty(0, np.uint64),
        )


def kept_share(area_um2: float) -> Kept:
    """Shares to keep of a slide of this area, so that about as much is kept of any slide."""
    area = max(area_um2, 1.0)
    return Kept(
        cells=min(1.0, CELLS_KEPT * UM2_A_CELL / area), specks=min(1.0, SPECKS_KEPT * UM2_A_SPECK / area)
    )


def is_kept(keys: NDArray[np.uint64], share: float) -> NDArray[np.bool_]:
    """Which of these keys are kept where this share of all is, bool (n,)."""
    return np.asarray(keys < np.uint64(min(int(share * 2.0**64), 2**64 - 1)), bool)


def place_keys(field: int, places: NDArray[np.float64]) -> NDArray[np.uint64]:
    """A hash of each place, uint64 (n,), independent of the tiles (splitmix64, Steele et al. 2014).

    Parameters
    ----------
    places : float64 (n, 2), x, y in px of the field's working grid.
    """
    x, y = np.rint(places).astype(np.int64).astype(np.uint64).T
    z = (np.uint64(field + 1) << np.uint64(52)) ^ (x << np.uint64(26)) ^ y
    with np.errstate(over="ignore"):
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)), np.uint64)


def joined_samples(parts: Iterable[DebrisSample]) -> DebrisSample:
    """The samples of several tiles as one, in the order of their keys, whatever the tiles."""
    held = list(parts) or [DebrisSample.empty()]
    speck_keys = np.concatenate([part.speck_keys for part in held])
    cell_keys = np.concatenate([part.cell_keys for part in held])
    by_speck, by_cell = np.argsort(speck_keys, kind="stable"), np.argsort(cell_keys, kind="stable")
    by_speck, by_cell = by_speck[: 2 * SPECKS_KEPT], by_cell[: 2 * CELLS_KEPT]
    return DebrisSample(
        ground_px=sum(part.ground_px for part in held),
        cells_px=sum(part.cells_px for part in held),
        specks=sum(part.specks for part in held),
        grains=sum(part.grains for part in held),
        passed=np.concatenate([part.passed for part in held])[by_speck],
        areas_um2=np.concatenate([part.areas_um2 for part in held])[by_speck],
        speck_keys=speck_keys[by_speck],
        crops=np.concatenate([part.crops for part in held])[by_cell],
        cell_keys=cell_keys[by_cell],
    )


def lay_specks(sample: DebrisSample, classifier: Classifier) -> LaidOn:
    """The slide's own specks on its own clean cells, and what the classifier says of these."""
    number = min(LAID, LAID_EACH * len(sample.passed))
    decision = Decision(
        network=classifier.network,
        calibration=classifier.calibration,
        threshold=classifier.manifest.threshold,
    )
    return lay_on(sample.crops, (sample.passed, sample.areas_um2), decision, number)


def debris_control(
    sample: DebrisSample, laid: LaidOn, own_layer: OwnLayer | None = None, *, surer: bool = False
) -> DebrisControl:
    """False calls that the slide's own dirt explains, with their uncertainty.

    Expected on cells = specks / ground x area of the cells; times the share that is called of those laid on
    clean cells, and what these lose by being cut out (`LOST`). Where many large specks look like parasites
    (`LIKE_PARASITES`) they may be such that left their cells (burst schizonts), which explain nothing away:
    grains (`GRAIN_UM2`) alone do.

    Parameters
    ----------
    laid : see `lay_specks`; where the slide has a layer of its own, as layers decide that do not know them.
    surer : whether the called cells are surer than these (see `are_surer`): they are no dirt then,
        and nothing is taken off.
    """
    grains, every = explained_by_grains(sample, laid), explained(sample, laid)
    grains, every = ((LOST * calls, LOST * error) for calls, error in (grains, every))
    called, uncertainty = grains if _like_parasites(sample, laid) else every
    if surer:
        called = uncertainty = 0.0
    doubtful, doubtful_error = explained_by_grains(sample, laid, DOUBTFUL_P)
    return DebrisControl(
        specks=sample.specks,
        grains=sample.grains,
        ground_mm2=area_mm2(sample.ground_px),
        cells_mm2=area_mm2(sample.cells_px),
        laid=len(laid.called),
        laid_called=int(laid.called.sum()),
        expected_on_cells=sample.specks * _covered(sample),
        expected_called=every[0],
        expected_called_grains=grains[0],
        explained=called,
        surer=surer,
        uncertainty=uncertainty,
        expected_doubtful_grains=doubtful + UPPER_END * doubtful_error,
        own_layer=own_layer,
    )


def explained(sample: DebrisSample, laid: LaidOn) -> tuple[float, float]:
    """Calls that specks of every size explain, and the standard error.

    A Poisson number of specks of each kind lies there, so its variance is the mean square of how often each
    speck is called: few specks that are often called tell less than many that seldom are.
    """
    calls, _ = _product(sample.specks, _covered(sample), laid.share(grains_only=False), len(laid.called))
    often = np.bincount(laid.specks, laid.called) / np.maximum(np.bincount(laid.specks), 1)
    square = float((often**2).mean()) if len(often) else 0.0
    return calls, _covered(sample) * float(np.sqrt(sample.specks * square))


def explained_by_grains(
    sample: DebrisSample, laid: LaidOn, least_p: float | None = None
) -> tuple[float, float]:
    """Cells that grains alone make look called, or as probable as `least_p`, and the standard error."""
    share = laid.share(grains_only=True, least_p=least_p)
    return _product(sample.grains, _covered(sample), share, int(laid.grains.sum()))


def _covered(sample: DebrisSample) -> float:
    """Area of the cells as a share of the ground's."""
    return sample.cells_px / max(sample.ground_px, 1)


def _like_parasites(sample: DebrisSample, laid: LaidOn) -> bool:
    large = laid.called[sample.areas_um2[laid.specks] >= PARASITE_UM2]
    return bool(len(large) and large.mean() > LIKE_PARASITES)


def _product(specks: int, covered: float, share: float, drawn: int) -> tuple[float, float]:
    """Specks on cells times the share of them that looks infected, and the standard error.

    The variance is that of a product: a Poisson number of specks, and a share of so many that were laid.
    """
    on_cells = specks * covered
    variance = share**2 * on_cells * covered + on_cells**2 * share * (1 - share) / max(drawn, 1)
    return on_cells * share, float(np.sqrt(variance))
