"""Size of a slide's pixels: given, from the file where that is plausible, else from the cells."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import ScaleError, SlideError
from pipeline.networks import Detector
from pipeline.planning.field import FieldLight, view_at
from pipeline.planning.probes import probe_positions
from pipeline.reader.field import Field
from pipeline.reader.slide import Slide
from pipeline.records import ScaleSource
from pipeline.settings import CountSettings
from segmentation.scale import View, estimate_um_per_px

__all__ = ["SlideScale", "agreeing", "find_scale"]

SCAN_PX = 40_000_000
"""Pixels of a picture that is looked at in several places: its middle may be empty glass."""
PLACES_ASKED = 3
PLAUSIBLE_RATIO = 1.6
"""A file's pixel size is rejected where the cells contradict it by more than this factor."""
SAME_RATIO = 1.25
"""Photos whose sizes of a pixel differ by more were not taken by one microscope: those of one slide differ by
1.17 at most (11 slides and 6 sets of one camera), the objectives of one stand by 1.5 and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideScale:
    """µm per level-0 px of a slide.

    Attributes
    ----------
    um_per_px : of all fields, or of those that state none.
    source : where it comes from.
    stated : True where each field's own statement goes before `um_per_px`.
    spread : largest relative difference between the fields it was estimated from, None where not estimated.
    rejected_um_per_px : what the file stated where that was not believed.
    cells_um_per_px : by the cells, where another was given; None where they give none.
    others : µm per px by the cells of the fields that do not agree with most, or with what they state.
    """

    um_per_px: float
    source: ScaleSource
    stated: bool = False
    spread: float | None = None
    rejected_um_per_px: float | None = None
    cells_um_per_px: float | None = None
    others: Mapping[int, float] = dataclasses.field(default_factory=dict)

    def of_field(self, field: Field) -> float:
        """µm per px of one field, were it like most of the others."""
        return field.um_per_px if self.stated and field.um_per_px is not None else self.um_per_px


def find_scale(
    slide: Slide, lights: Mapping[int, FieldLight], settings: CountSettings, detector: Detector
) -> SlideScale:
    """Scale of a slide.

    Raises
    ------
    ScaleError
        Where no size is given or stated and no cells are found to take it from.
    SlideError
        The same, where a part that was looked at cannot be read.
    """
    failures: list[SlideError] = []
    seen = _seen(slide, lights, detector, failures)
    estimates = {index: float(np.median(found.sizes)) for index, found in seen.items()}
    if settings.um_per_px is not None:
        return _given_scale(settings.um_per_px, estimates, seen)
    stated = {index: slide.fields[index].um_per_px for index in lights}
    known = {index: size for index, size in stated.items() if size is not None}
    believed = [index for index in known if index in estimates and _plausible(known[index], estimates[index])]
    doubted = [index for index in known if index in estimates and index not in believed]
    if known and len(believed) >= len(doubted):
        return _stated_scale(known, estimates)
    if not estimates and failures:
        raise failures[0]
    if not estimates:
        raise ScaleError(
            f"{slide.name}: no red cells were found to take the size of a pixel from; expected a stained"
            " thin film, in focus, with cells 18 to 220 px across; check the picture or pass --um-per-px"
        )
    return _estimated_scale(known, estimates, seen)


def agreeing(sizes: Mapping[int, float], cells: Mapping[int, int]) -> list[int]:
    """Indices of the most fields whose sizes are within `SAME_RATIO` of one of them.

    Of equally many, those with the most cells; of these, the first.
    """
    groups = (
        [index for index, size in sizes.items() if _ratio(size, middle) <= SAME_RATIO]
        for middle in sizes.values()
    )
    return max(groups, key=lambda group: (len(group), sum(cells[index] for index in group)), default=[])


def _given_scale(given: float, estimates: Mapping[int, float], seen: "Mapping[int, _Seen]") -> SlideScale:
    """What is given, for all fields, and what their cells say."""
    cells = {index: found.cells for index, found in seen.items()}
    usual = [estimates[index] for index in agreeing(estimates, cells)]
    if not usual:
        return SlideScale(um_per_px=given, source="given")
    middle = float(np.median(usual))
    others = {index: size for index, size in estimates.items() if _ratio(size, middle) > SAME_RATIO}
    return SlideScale(um_per_px=given, source="given", cells_um_per_px=middle, others=others)


def _stated_scale(known: Mapping[int, float], estimates: Mapping[int, float]) -> SlideScale:
    """Each field has the scale that its file states, but those whose cells contradict it."""
    middle = float(np.median([*known.values()]))
    others = {
        index: size for index, size in estimates.items() if not _plausible(known.get(index, middle), size)
    }
    return SlideScale(um_per_px=middle, source="metadata", stated=True, others=others)


def _estimated_scale(
    known: Mapping[int, float], estimates: Mapping[int, float], seen: "Mapping[int, _Seen]"
) -> SlideScale:
    """The middle of the fields that agree."""
    cells = {index: found.cells for index, found in seen.items()}
    sizes = [size for index in agreeing(estimates, cells) for size in seen[index].sizes]
    middle = float(np.median(sizes))
    return SlideScale(
        um_per_px=middle,
        source="estimated",
        spread=float(np.ptp(sizes)) / middle,
        rejected_um_per_px=float(np.median([*known.values()])) if known else None,
        others={index: size for index, size in estimates.items() if _ratio(size, middle) > SAME_RATIO},
    )


def _plausible(stated: float, by_cells: float) -> bool:
    return _ratio(stated, by_cells) < PLAUSIBLE_RATIO


def _ratio(one: float, other: float) -> float:
    return max(one / other, other / one)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """µm per px by the cells at each place of a field, and the cells behind them."""

    sizes: tuple[float, ...]
    cells: int


def _seen(
    slide: Slide, lights: Mapping[int, FieldLight], detector: Detector, failures: list[SlideError]
) -> dict[int, _Seen]:
    """What the cells of each field say, if it shows any; what could not be read is added to `failures`."""
    seen: dict[int, _Seen] = {}
    for index, light in lights.items():
        field = slide.fields[index]
        views = [_view(field, light, place) for place in _places(field, light)]
        found = [one for one in (_estimate(view, detector, failures) for view in views) if one is not None]
        if found:
            sizes = tuple(size for size, _ in found)
            seen[index] = _Seen(sizes=sizes, cells=sum(cells for _, cells in found))
    return seen


def _places(field: Field, light: FieldLight) -> list[tuple[float, float] | None]:
    """Where to look at a field: a photo's middle, a scan where there seem to be cells."""
    if field.width * field.height <= SCAN_PX:
        return [None]
    return list(probe_positions(field, light, PLACES_ASKED)) or [None]


def _view(field: Field, light: FieldLight, place: tuple[float, float] | None) -> View:
    """The field around a place."""

    def view(um_per_px: float, side_px: int) -> NDArray[np.uint8] | None:
        return view_at(field, light, um_per_px, side_px, place)

    return view


def _estimate(view: View, detector: Detector, failures: list[SlideError]) -> tuple[float, int] | None:
    """µm per px by the cells in view, and their number; None where there are none or it cannot be read."""
    try:
        return estimate_um_per_px(view, detector.network)
    except SlideError as error:
        failures.append(error)
        return None
