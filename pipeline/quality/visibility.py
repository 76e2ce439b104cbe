"""Whether parasites can be seen in a slide at all: focus, size of a pixel, size of the cells, colours."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from pipeline.quality.measured import SlideMeasures
from pipeline.records import Notice, NoticeCode, Novelty
from segmentation.scale import RED_CELL_UM

__all__ = ["VisibilityLimits", "visibility"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityLimits:
    """Where infected cells are lost: warned of where a tenth of them are, refused where half of them are.

    Measured by degrading real fields step by step, see docs/lab/visibility.md, which also says where good
    fields forbid a stricter limit.

    Attributes
    ----------
    focus_hidden : focus of the sharpest tenth of the cells, below which most rings are lost; focus_refuse :
        below which no parasite of any stage was found.
    px_warn, px_refuse : µm per px.
    cell_low_warn, cell_high_warn, cell_low_refuse, cell_high_refuse : median diameter of the red cells, µm.
    given_ratio : of a given size of a pixel and that by the cells, one way or the other, as for a file's.
    colour_min : largest difference of a channel from grey, levels, that one cell in ten passes.
    saturation_warn, saturation_refuse : of the usual red cell, 0 to 1.
    swapped_nearer, swapped_near : by how much the stain is nearer to a known one with red and blue exchanged,
        and how near it then has to be; distances of `Novelty`.
    """

    focus_hidden: float = 0.62
    focus_refuse: float = 0.42
    px_warn: float = 0.33
    px_refuse: float = 0.5
    cell_low_warn: float = 5.5
    cell_high_warn: float = 9.0
    cell_low_refuse: float = 4.7
    cell_high_refuse: float = 10.2
    given_ratio: float = 1.6
    colour_min: float = 1.5
    saturation_warn: float = 0.72
    saturation_refuse: float = 0.8
    swapped_nearer: float = 0.6
    swapped_near: float = 0.5


def visibility(
    slide: SlideMeasures, novelty: Novelty | None = None, limits: VisibilityLimits | None = None
) -> tuple[Notice, ...]:
    """Notices on what hides parasites."""
    limits = limits or VisibilityLimits()
    return (
        *_focus(slide, limits),
        *_pixels(slide, limits),
        *_cells(slide, limits),
        *_colours(slide, limits),
        *_swapped(novelty, limits),
    )


def _focus(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    focus = _middle(field.sharp_focus for field in slide.fields)
    if focus is None or focus >= limits.focus_hidden:
        return ()
    refused = focus < limits.focus_refuse
    limit = limits.focus_refuse if refused else limits.focus_hidden
    text = f"The cells are blurred (focus {focus:.2f}, expected at least {limits.focus_hidden:.2f}): refocus."
    blurred = _notice("out_of_focus", focus, limit, text, refused=refused)
    text = f"At this focus ({focus:.2f}) rings cannot be seen: that few or none were found says nothing."
    return blurred, _notice("rings_not_visible", focus, limits.focus_hidden, text)


def _pixels(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    size = slide.um_per_px
    if size is None or size <= limits.px_warn:
        return ()
    refused = size >= limits.px_refuse
    text = (
        f"A pixel is {size:.2f} µm, expected at most {limits.px_warn:.2f} µm to see rings: use a stronger "
        "objective, or hand in the picture as the camera took it."
    )
    limit = limits.px_refuse if refused else limits.px_warn
    return (_notice("px_too_coarse", size, limit, text, refused=refused),)


def _cells(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    size = _cell_um(slide, limits)
    if size is None or limits.cell_low_warn <= size <= limits.cell_high_warn:
        return ()
    small = size < limits.cell_low_warn
    refused = size < limits.cell_low_refuse or size > limits.cell_high_refuse
    limit = limits.cell_low_warn if small else limits.cell_high_warn
    if refused:
        limit = limits.cell_low_refuse if small else limits.cell_high_refuse
    named = {"given": "the given size of a pixel", "metadata": "the size of a pixel in the file"}
    pixel = named.get(slide.scale_source, "the estimated size of a pixel")
    by_cells = "" if slide.cells_um_per_px is None else f", by the cells {slide.cells_um_per_px:.4f} µm"
    text = (
        f"The usual red cell is {size:.1f} µm across, expected {limits.cell_low_warn} to "
        f"{limits.cell_high_warn:.0f} µm: check {pixel} ({slide.um_per_px or 0:.4f} µm{by_cells})."
    )
    return (_notice("cell_size", size, limit, text, refused=refused),)


def _cell_um(slide: SlideMeasures, limits: VisibilityLimits) -> float | None:
    """Diameter of the usual red cell, µm: measured, or by their own scale where a given one contradicts it.

    At a wrong scale the detector finds parts of cells, or several as one, and measures these.
    """
    if slide.scale_source == "given" and slide.cells_um_per_px and slide.um_per_px:
        ratio = slide.um_per_px / slide.cells_um_per_px
        if not 1 / limits.given_ratio < ratio < limits.given_ratio:
            return RED_CELL_UM * ratio
    return _middle(field.median_diameter_um for field in slide.fields)


def _colours(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    colour = _middle(field.colour_difference for field in slide.fields)
    if colour is not None and colour < limits.colour_min:
        text = "The picture is grey: without colour half of the parasites are missed; take it in colour."
        return (_notice("grey_picture", colour, limits.colour_min, text, refused=True),)
    saturation = _middle(field.saturation for field in slide.fields)
    if saturation is None or saturation <= limits.saturation_warn:
        return ()
    refused = saturation > limits.saturation_refuse
    limit = limits.saturation_refuse if refused else limits.saturation_warn
    text = (
        f"The colours are exaggerated (saturation of the usual red cell {saturation:.2f}, expected at most "
        f"{limits.saturation_warn:.2f}): turn off what the camera does to colours."
    )
    return (_notice("saturated_colours", saturation, limit, text, refused=refused),)


def _swapped(novelty: Novelty | None, limits: VisibilityLimits) -> tuple[Notice, ...]:
    if novelty is None or novelty.swapped_stain_distance is None:
        return ()
    nearer = novelty.stain_distance - novelty.swapped_stain_distance
    if nearer <= limits.swapped_nearer or novelty.swapped_stain_distance > limits.swapped_near:
        return ()
    text = (
        "Red and blue seem to be exchanged: with them changed back the stain is like a known one; save the "
        "picture as RGB."
    )
    return (_notice("channels_swapped", nearer, limits.swapped_nearer, text),)


def _middle(values: Iterable[float | None]) -> float | None:
    """Median of the values that are known."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _notice(code: NoticeCode, value: float, limit: float, text: str, *, refused: bool = False) -> Notice:
    return Notice(code=code, severity="refuse" if refused else "warn", value=value, limit=limit, text=text)
