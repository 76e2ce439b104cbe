"""Whether parasites can be seen in a slide at all: focus, size of a pixel, size of the cells, colours."""

from collections.abc import Iterable
from statistics import median
from typing import Literal

from pipeline.quality.channels import channel_order, read_colours
from pipeline.quality.limits import VisibilityLimits
from pipeline.quality.measured import FieldMeasures, SlideMeasures
from pipeline.quality.reasons import advice_on
from pipeline.quality.spoiled import few_colours, spoiled
from pipeline.records import Notice, NoticeCode
from segmentation.scale import RED_CELL_UM

__all__ = ["visibility"]

_EXCHANGED = {"BGR": "red and blue", "GRB": "red and green", "RBG": "green and blue"}


def visibility(slide: SlideMeasures, limits: VisibilityLimits | None = None) -> tuple[Notice, ...]:
    """Notices on what hides parasites."""
    limits = limits or VisibilityLimits()
    return (
        *_focus(slide, limits),
        *_pixels(slide, limits),
        *_cells(slide, limits),
        *_colours(slide, limits),
        *_order(slide, limits),
        *spoiled(slide, limits),
    )


def _focus(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    sharp = _middle(field.sharpness for field in slide.fields)
    if sharp is None or sharp >= limits.sharp_hidden:
        return ()
    refused = sharp < limits.sharp_refuse
    limit = limits.sharp_refuse if refused else limits.sharp_hidden
    text = f"The picture is blurred (sharpness {sharp:.2f}, expected at least {limits.sharp_hidden:.2f})"
    blurred = _notice("out_of_focus", sharp, limit, text, refused=refused)
    text = f"At this sharpness ({sharp:.2f}) rings cannot be seen, so that none were found says nothing"
    return blurred, _notice("rings_not_visible", sharp, limits.sharp_hidden, text)


def _pixels(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    size = slide.um_per_px
    if size is None or size <= limits.px_warn:
        return ()
    refused = size >= limits.px_refuse
    text = f"A pixel is {size:.2f} µm, expected at most {limits.px_warn:.2f} µm to see rings"
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
        f"{limits.cell_high_warn:.0f} µm, by {pixel} ({slide.um_per_px or 0:.4f} µm{by_cells})"
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
        text = "The picture is grey, and without colour parasites are missed"
        return (_notice("grey_picture", colour, limits.colour_min, text, refused=True),)
    hues = _middle(field.hue_spread for field in slide.fields)
    if hues is not None and hues < limits.hue_min:
        text = (
            f"The picture has one hue for each brightness (spread {hues:.1f} levels, expected at least "
            f"{limits.hue_min:.1f}), as a toned grey picture or one of few colours, and parasites are missed"
        )
        grey = _notice("grey_picture", hues, limits.hue_min, text, refused=True)
        return (grey, *few_colours(slide, limits))
    return few_colours(slide, limits) + _faded(slide, limits) + _clipped(slide, limits)


def _faded(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    strength = _middle(_colour_strength(field) for field in slide.fields)
    if strength is None or strength >= limits.faded_warn:
        return ()
    refused = strength < limits.faded_refuse
    limit = limits.faded_refuse if refused else limits.faded_warn
    text = f"The colours are faded (strength {strength:.1f}, expected at least {limits.faded_warn:.1f})"
    return (_notice("faded_colours", strength, limit, text, refused=refused),)


def _colour_strength(field: FieldMeasures) -> float | None:
    """Difference of the channels in the cells times that of the deepest stain's absorbances."""
    colours = None if field.features is None else field.features.colours
    if colours is None or field.colour_difference is None:
        return None
    return field.colour_difference * (max(colours.deepest) - min(colours.deepest))


def _clipped(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    clipped = _middle(field.clipped_fraction for field in slide.fields)
    if clipped is None or clipped <= limits.clipped_warn:
        return ()
    refused = clipped > limits.clipped_refuse
    limit = limits.clipped_refuse if refused else limits.clipped_warn
    text = (
        f"The colours are exaggerated (a channel is at 0 in {clipped:.2%} of the view, expected in at most "
        f"{limits.clipped_warn:.2%})"
    )
    return (_notice("saturated_colours", clipped, limit, text, refused=refused),)


def _order(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    features = [field.features for field in slide.fields if field.features is not None]
    order = channel_order([one.colours for one in features if one.colours is not None], read_colours())
    if order is None or order.odds <= limits.order_warn:
        return ()
    refused = order.odds > limits.order_refuse
    limit = limits.order_refuse if refused else limits.order_warn
    exchanged = _EXCHANGED.get(order.name, "the colour channels")
    sure = ("are", "is") if refused else ("may be", "looks like")
    text = f"{exchanged.capitalize()} {sure[0]} exchanged (the order {sure[1]} {order.name})"
    return (_notice("channels_swapped", order.odds, limit, text, refused=refused),)


def _middle(values: Iterable[float | None]) -> float | None:
    """Median of the values that are known."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _notice(code: NoticeCode, value: float, limit: float, finding: str, *, refused: bool = False) -> Notice:
    severity: Literal["refuse", "warn"] = "refuse" if refused else "warn"
    return Notice(code=code, severity=severity, value=value, limit=limit, text=advice_on(code, finding))
