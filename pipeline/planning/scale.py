"""Size of a slide's pixels: given, from the file where that is plausible, else from the cells."""

import dataclasses
from collections.abc import Mapping, Sequence
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
from segmentation.scale import CellsInView, View, estimate_um_per_px

__all__ = ["SlideScale", "agreeing", "find_scale", "same_scale"]

SCAN_PX = 40_000_000
"""Pixels of a picture that is looked at in several places: its middle may be empty glass."""
PLACES_ASKED = 3
ASIDE_PX = 160
"""Side of the views beside one that cannot be read, detector px: 60 µm, 50 cells."""
PLAUSIBLE_RATIO = 1.6
"""A file's pixel size is rejected where the cells contradict it by more than this factor."""
ENOUGH_CELLS = 10
"""Fewest cells in view that tell what the usual one of a field absorbs; else the slide's other fields do."""
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
    absorbances : what the usual red cell of each field absorbs in red, green and blue, of fields with enough
        cells in view; see `segmentation.cell_colour`.
    usual_absorbance : the middle of those that are well lit; None where there is none.
    """

    um_per_px: float
    source: ScaleSource
    stated: bool = False
    spread: float | None = None
    rejected_um_per_px: float | None = None
    cells_um_per_px: float | None = None
    others: Mapping[int, float] = dataclasses.field(default_factory=dict)
    absorbances: Mapping[int, tuple[float, float, float]] = dataclasses.field(default_factory=dict)
    usual_absorbance: tuple[float, float, float] | None = None

    def absorbance_of(self, index: int) -> tuple[float, float, float] | None:
        """What the usual red cell of a field absorbs: its own, else the middle of the others, else None."""
        return self.absorbances.get(index, self.usual_absorbance)

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
    found = _Found(seen=seen, voting=_voting(seen, lights), failures=failures)
    scale = _scale(slide, lights, settings, found)
    absorbances = _absorbances(seen)
    return dataclasses.replace(
        scale,
        absorbances=absorbances,
        usual_absorbance=_usual(_absorbances(found.voting) or absorbances),
    )


def _voting(seen: "Mapping[int, _Seen]", lights: Mapping[int, FieldLight]) -> "Mapping[int, _Seen]":
    """The fields that speak for the slide: those that are well lit, or all, where none is."""
    return {index: found for index, found in seen.items() if lights[index].is_well_lit} or seen


def _scale(
    slide: Slide,
    lights: Mapping[int, FieldLight],
    settings: CountSettings,
    found: "_Found",
) -> SlideScale:
    """Scale of a slide by what was seen of its fields, and what failed; see `find_scale`."""
    voting = found.voting
    estimates = {index: float(np.median(own.sizes)) for index, own in found.seen.items()}
    if settings.um_per_px is not None:
        return _given_scale(settings.um_per_px, estimates, voting)
    stated = {index: slide.fields[index].um_per_px for index in lights}
    known = {index: size for index, size in stated.items() if size is not None}
    believed = [index for index in known if index in voting and _plausible(known[index], estimates[index])]
    doubted = [index for index in known if index in voting and index not in believed]
    if known and len(believed) >= len(doubted):
        return _stated_scale(known, estimates)
    if not estimates and found.failures:
        raise found.failures[0]
    if not estimates:
        raise ScaleError(
            f"{slide.name}: no red cells were found to take the size of a pixel from; expected a stained"
            " thin film, in focus, with cells 18 to 220 px across; check the picture or pass --um-per-px"
        )
    return _estimated_scale(known, estimates, voting)


def agreeing(sizes: Mapping[int, float], cells: Mapping[int, int]) -> list[int]:
    """Indices of the most fields whose sizes are within `SAME_RATIO` of one of them.

    Of equally many, those with the most cells; of these, the first.
    """
    groups = (
        [index for index, size in sizes.items() if same_scale(size, middle)] for middle in sizes.values()
    )
    return max(groups, key=lambda group: (len(group), sum(cells[index] for index in group)), default=[])


def same_scale(one: float, other: float) -> bool:
    """Whether photos whose px have these sizes, µm, may be of one microscope."""
    return _ratio(one, other) <= SAME_RATIO


def _given_scale(given: float, estimates: Mapping[int, float], voting: "Mapping[int, _Seen]") -> SlideScale:
    """What is given, for all fields, and what their cells say."""
    usual = [estimates[index] for index in _agreeing(estimates, voting)]
    if not usual:
        return SlideScale(um_per_px=given, source="given")
    middle = float(np.median(usual))
    others = {index: size for index, size in estimates.items() if not same_scale(size, middle)}
    return SlideScale(um_per_px=given, source="given", cells_um_per_px=middle, others=others)


def _stated_scale(known: Mapping[int, float], estimates: Mapping[int, float]) -> SlideScale:
    """Each field has the scale that its file states, but those whose cells contradict it."""
    middle = float(np.median([*known.values()]))
    others = {
        index: size for index, size in estimates.items() if not _plausible(known.get(index, middle), size)
    }
    return SlideScale(um_per_px=middle, source="metadata", stated=True, others=others)


def _estimated_scale(
    known: Mapping[int, float], estimates: Mapping[int, float], voting: "Mapping[int, _Seen]"
) -> SlideScale:
    """The middle of the fields that agree."""
    sizes = [size for index in _agreeing(estimates, voting) for size in voting[index].sizes]
    middle = float(np.median(sizes))
    return SlideScale(
        um_per_px=middle,
        source="estimated",
        spread=float(np.ptp(sizes)) / middle,
        rejected_um_per_px=float(np.median([*known.values()])) if known else None,
        others={index: size for index, size in estimates.items() if not same_scale(size, middle)},
    )


def _agreeing(estimates: Mapping[int, float], voting: "Mapping[int, _Seen]") -> list[int]:
    """As `agreeing`, of those that speak for the slide."""
    cells = {index: found.cells for index, found in voting.items()}
    return agreeing({index: estimates[index] for index in voting}, cells)


def _plausible(stated: float, by_cells: float) -> bool:
    return _ratio(stated, by_cells) < PLAUSIBLE_RATIO


def _ratio(one: float, other: float) -> float:
    return max(one / other, other / one)


def _absorbances(seen: "Mapping[int, _Seen]") -> dict[int, tuple[float, float, float]]:
    """Of each field with enough cells in view."""
    return {index: found.absorbance for index, found in seen.items() if found.cells >= ENOUGH_CELLS}


def _usual(absorbances: Mapping[int, tuple[float, float, float]]) -> tuple[float, float, float] | None:
    if not absorbances:
        return None
    red, green, blue = np.median([*absorbances.values()], axis=0).tolist()
    return red, green, blue


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """µm per px by the cells at each place of a field, the cells behind them, and their colour."""

    sizes: tuple[float, ...]
    cells: int
    absorbance: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What was seen of the fields, of those that speak for the slide, and what could not be read."""

    seen: Mapping[int, _Seen]
    voting: Mapping[int, _Seen]
    failures: Sequence[SlideError]


def _seen(
    slide: Slide, lights: Mapping[int, FieldLight], detector: Detector, failures: list[SlideError]
) -> dict[int, _Seen]:
    """What the cells of each field say, if it shows any; what could not be read is added to `failures`."""
    seen: dict[int, _Seen] = {}
    for index, light in lights.items():
        field = slide.fields[index]
        views = [_view(field, light, place) for place in _places(field, light)]
        before = len(failures)
        found = [one for one in (_estimate(view, detector, failures) for view in views) if one is not None]
        if not found and len(failures) > before:  # damaged there: its quarters may be whole
            aside = (_view(field, light, place, ASIDE_PX) for place in _quarters(field))
            found = [
                one for one in (_estimate(view, detector, failures) for view in aside) if one is not None
            ]
        if found:
            red, green, blue = np.median([one.absorbance for one in found], axis=0).tolist()
            seen[index] = _Seen(
                sizes=tuple(one.um_per_px for one in found),
                cells=sum(one.cells for one in found),
                absorbance=(red, green, blue),
            )
    return seen


def _places(field: Field, light: FieldLight) -> list[tuple[float, float] | None]:
    """Where to look at a field: a photo's middle, a scan where there seem to be cells."""
    if field.width * field.height <= SCAN_PX:
        return [None]
    return list(probe_positions(field, light, PLACES_ASKED)) or [None]


def _quarters(field: Field) -> list[tuple[float, float]]:
    """Middles of the four quarters of a field, level-0 px (x, y)."""
    return [(field.width * x, field.height * y) for y in (0.25, 0.75) for x in (0.25, 0.75)]


def _view(
    field: Field, light: FieldLight, place: tuple[float, float] | None, most_px: int | None = None
) -> View:
    """The field around a place, at most so many detector px wide and high."""

    def view(um_per_px: float, side_px: int) -> NDArray[np.uint8] | None:
        return view_at(field, light, um_per_px, min(side_px, most_px or side_px), place)

    return view


def _estimate(view: View, detector: Detector, failures: list[SlideError]) -> CellsInView | None:
    """What the cells in view say; None where there are none or it cannot be read."""
    try:
        return estimate_um_per_px(view, detector.network)
    except SlideError as error:
        failures.append(error)
        return None
