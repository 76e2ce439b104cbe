"""Size of a slide's pixels: given, from the file where that is plausible, else from the cells."""

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
from segmentation.scale import estimate_um_per_px

__all__ = ["SlideScale", "find_scale"]

FIELDS_ASKED = 3
"""Fields, spread over the slide, whose cells give the scale."""
SCAN_PX = 40_000_000
"""Pixels of a picture that is looked at in several places: its middle may be empty glass."""
PLACES_ASKED = 3
PLAUSIBLE_RATIO = 1.6
"""A file's pixel size is rejected where the cells contradict it by more than this factor."""


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
    """

    um_per_px: float
    source: ScaleSource
    stated: bool = False
    spread: float | None = None
    rejected_um_per_px: float | None = None
    cells_um_per_px: float | None = None

    def of_field(self, field: Field) -> float:
        """µm per px of one field."""
        return field.um_per_px if self.stated and field.um_per_px is not None else self.um_per_px


def find_scale(
    slide: Slide, lights: Mapping[int, FieldLight], settings: CountSettings, detector: Detector
) -> SlideScale:
    """Scale of a slide.

    Raises
    ------
    ScaleError
        Where no size is given or stated and no cells are found to take it from.
    """
    estimates = _estimates(slide, lights, detector)
    if settings.um_per_px is not None:
        cells = float(np.median(estimates)) if estimates else None
        return SlideScale(um_per_px=settings.um_per_px, source="given", cells_um_per_px=cells)
    stated = [slide.fields[index].um_per_px for index in lights]
    known = [size for size in stated if size is not None]
    if known:
        size = float(np.median(known))
        if not estimates or 1 / PLAUSIBLE_RATIO < np.median(estimates) / size < PLAUSIBLE_RATIO:
            return SlideScale(um_per_px=size, source="metadata", stated=True)
    if not estimates:
        raise ScaleError(
            f"{slide.name}: no red cells were found to take the size of a pixel from; expected a stained"
            " thin film, in focus, with cells 18 to 220 px across; check the picture or pass --um-per-px"
        )
    middle = float(np.median(estimates))
    return SlideScale(
        um_per_px=middle,
        source="estimated",
        spread=float(np.ptp(estimates)) / middle,
        rejected_um_per_px=float(np.median(known)) if known else None,
    )


def _estimates(slide: Slide, lights: Mapping[int, FieldLight], detector: Detector) -> list[float]:
    indices = sorted(lights)
    asked = {
        indices[round(place)] for place in np.linspace(0, len(indices) - 1, min(FIELDS_ASKED, len(indices)))
    }
    estimates = (
        _estimate(slide.fields[index], lights[index], place, detector)
        for index in sorted(asked)
        for place in _places(slide.fields[index], lights[index])
    )
    return [estimate for estimate in estimates if estimate is not None]


def _places(field: Field, light: FieldLight) -> list[tuple[float, float] | None]:
    """Where to look at a field: a photo's middle, a scan where there seem to be cells."""
    if field.width * field.height <= SCAN_PX:
        return [None]
    return list(probe_positions(field, light, PLACES_ASKED)) or [None]


def _estimate(
    field: Field, light: FieldLight, place: tuple[float, float] | None, detector: Detector
) -> float | None:
    """µm per px by the cells around a place; None where there are none or it cannot be read."""

    def view(um_per_px: float, side_px: int) -> NDArray[np.uint8] | None:
        return view_at(field, light, um_per_px, side_px, place)

    try:
        estimate = estimate_um_per_px(view, detector.network)
    except SlideError:
        return None
    return None if estimate is None else estimate[0]
