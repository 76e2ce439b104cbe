"""Quality control of a slide: from measured values to notices that warn or refuse."""

from statistics import fmean, median

from pipeline.quality.limits import QualityLimits
from pipeline.quality.measured import FieldMeasures, SlideMeasures
from pipeline.quality.reasons import advice_on
from pipeline.quality.visibility import visibility
from pipeline.records import Notice, NoticeCode, Novelty

__all__ = ["FieldMeasures", "QualityLimits", "SlideMeasures", "check"]

_REASONS = {
    "": "many small differences",
    "detector_score": "unsure detections",
    "median_score": "unsure detections",
    "high_score": "unsure detections",
    "colour_spread": "cells of many colours",
    "depth_spread": "cells unequally dark",
    "unexplained": "dark parts that are no cells",
    "explained": "dark parts that do not fit the cells",
    "half_tones": "shades between background and cells",
    "darker": "parts much darker than the cells",
    "background": "background",
    "roundness": "ragged shapes",
    "usual_roundness": "ragged shapes",
    "oblong": "oblong shapes",
    "focus": "edges",
    "focus_spread": "edges unequally sharp",
    "depth": "depth of stain",
    "coverage": "share of the view that cells cover",
    "number": "number of cells",
    "size_spread": "cells of many sizes",
    "size_range": "cells of many sizes",
    "diameter": "size of the cells",
    "plausible": "size of the cells",
    "overlapping": "cells that touch",
    "others": "objects that are no red cells",
    "ground_level": "brightness of the background",
    "ground_colour": "colour of the background",
    "red_share": "colour of the cells",
    "green_share": "colour of the cells",
    "blue_share": "colour of the cells",
    "saturated": "pure white parts",
    "dark": "black parts",
    "glass": "background",
    "brighter": "parts brighter than the background",
    "deepest": "darkest parts",
}

_CHANNELS = ("red", "green", "blue")


def check(
    slide: SlideMeasures, novelty: Novelty | None = None, limits: QualityLimits | None = None
) -> tuple[Notice, ...]:
    """Notices of a slide, those that refuse first.

    Where no red cell was found, the slide looks like no thin film, or a regular pattern lies over it, that is
    the only notice: every other finding would only describe a picture that is no smear.

    Parameters
    ----------
    novelty : how far the slide is from known smears; None: not judged.
    """
    limits = limits or QualityLimits()
    if slide.failed_parts and not any(field.red_cells for field in slide.fields):
        return _nothing_came(slide)
    tiles = _tiles(slide)
    gross = _not_a_smear(slide, novelty) or _lit_from_the_front(slide, limits) or _pattern(slide, limits)
    if gross:
        return gross + tiles
    found = (
        _number(slide, limits)
        + _scale(slide, limits)
        + _film(slide, limits)
        + _light(slide, limits)
        + visibility(slide)
    )
    return tiles + found + _stain(novelty)


def _not_a_smear(slide: SlideMeasures, novelty: Novelty | None) -> tuple[Notice, ...]:
    red_cells = sum(field.red_cells for field in slide.fields)
    if red_cells == 0:
        text = "No red cell was found"
        return (_refuse("not_a_smear", 0.0, 1.0, text),)
    if novelty is None or novelty.smear_distance <= novelty.smear_limit:
        return ()
    text = (
        "Out of distribution: unlike the thin films this model knows (distance "
        f"{novelty.smear_distance:.2f}, at most "
        f"{novelty.smear_limit:.2f}; most by its {_REASONS[novelty.farthest]})"
    )
    return (_refuse("not_a_smear", novelty.smear_distance, novelty.smear_limit, text),)


def _lit_from_the_front(slide: SlideMeasures, limits: QualityLimits) -> tuple[Notice, ...]:
    """Of most fields: what lies on glass takes light away in every colour, things on a table add to it."""
    stains = [field.features.stain for field in slide.fields if field.features is not None]
    if not stains:
        return ()
    least = [median(channel) for channel in zip(*stains, strict=True)]
    brighter = -min(least)
    if brighter <= limits.brighter_max:
        return ()
    colour = _CHANNELS[least.index(min(least))]
    text = (
        f"Its objects are brighter in {colour} than the empty background ({brighter:.2f}, at most "
        f"{limits.brighter_max:.2f}), which no stain on glass can be, but things lit from the front are"
    )
    return (_refuse("not_a_smear", brighter, limits.brighter_max, text),)


def _pattern(slide: SlideMeasures, limits: QualityLimits) -> tuple[Notice, ...]:
    """Of most fields: a photo of a screen or a print, in whose dots no ring can be told."""
    strength = median(field.lattice for field in slide.fields)
    turns = median(field.hue_turns for field in slide.fields)
    grid = (
        "A regular pattern lies over the picture, as in a photo of a screen or a print "
        f"(strength {strength:.1f}, at most {limits.lattice_max:.1f})"
    )
    moire = (
        "The hue of the background goes round, as the moire in a photo of a screen does "
        f"({turns:.3f}, at most {limits.hue_turns_max:.3f})"
    )
    each = ((strength, limits.lattice_max, grid), (turns, limits.hue_turns_max, moire))
    found = (_refuse("regular_pattern", value, most, text) for value, most, text in each if value > most)
    return tuple(found)[:1]


def _stain(novelty: Novelty | None) -> tuple[Notice, ...]:
    if novelty is None or novelty.stain_distance <= novelty.stain_limit:
        return ()
    text = (
        f"The stain or light of the red cells is out of distribution (distance {novelty.stain_distance:.2f}, "
        f"at most {novelty.stain_limit:.2f})"
    )
    return (_warn("unfamiliar_stain", novelty.stain_distance, novelty.stain_limit, text),)


def _nothing_came(slide: SlideMeasures) -> tuple[Notice, ...]:
    """Of a damaged slide in what came of which there is no cell: whether it is a smear is not known."""
    text = f"Truncated or damaged: {_parts(slide)} could not be read, and no red cell was found in the rest"
    return (_refuse("tiles_failed", float(slide.failed_parts), 0.0, text),)


def _tiles(slide: SlideMeasures) -> tuple[Notice, ...]:
    if not slide.failed_parts:
        return ()
    text = f"{_parts(slide)} could not be read, this count is partial"
    return (_warn("tiles_failed", float(slide.failed_parts), 0.0, text),)


def _parts(slide: SlideMeasures) -> str:
    return "1 part of the slide" if slide.failed_parts == 1 else f"{slide.failed_parts} parts of the slide"


def _number(slide: SlideMeasures, limits: QualityLimits) -> tuple[Notice, ...]:
    if slide.counted >= limits.counted_min:
        return ()
    missing = limits.counted_min - slide.counted
    text = f"Only {slide.counted} red cells were counted, {missing} fewer than {limits.counted_min}"
    return (_warn("few_cells", float(slide.counted), float(limits.counted_min), text),)


def _scale(slide: SlideMeasures, limits: QualityLimits) -> tuple[Notice, ...]:
    if slide.scale_source != "estimated":
        return ()
    spread = slide.scale_spread or 0.0
    size = "" if slide.um_per_px is None else f" ({slide.um_per_px:.4f} µm per px)"
    if slide.rejected_um_per_px is not None:
        size += f"; the file states {slide.rejected_um_per_px:.4f}, at which its cells cannot be red cells"
    differing = "" if spread <= limits.scale_spread_max else ", and the cells differ much in size"
    text = f"The pixel size was estimated from the cells{size}{differing}"
    return (_warn("scale_estimated", spread, limits.scale_spread_max, text),)


def _film(slide: SlideMeasures, limits: QualityLimits) -> tuple[Notice, ...]:
    """How thickly the cells lie."""
    notices = []
    covered = _mean([field.covered_fraction for field in slide.fields])
    overlaps = _weighted_overlaps(slide.fields)
    if covered > limits.covered_max and overlaps > limits.overlaps_max:
        text = (
            f"Cells cover {covered:.0%} of the view and {overlaps:.0%} of them overlap, the film is too "
            "thick here to separate them"
        )
        notices.append(_warn("too_dense", covered, limits.covered_max, text))
    if covered < limits.covered_min:
        text = f"Cells cover only {covered:.1%} of the view"
        notices.append(_warn("too_sparse", covered, limits.covered_min, text))
    return tuple(notices)


def _light(slide: SlideMeasures, limits: QualityLimits) -> tuple[Notice, ...]:
    """How brightly the fields were taken."""
    notices = []
    background = _mean([field.background_level for field in slide.fields])
    saturated = _mean([field.saturated_fraction for field in slide.fields])
    dark = _mean([field.dark_fraction for field in slide.fields])
    if saturated > limits.saturated_max and background > limits.background_max:
        text = f"{saturated:.0%} of the view is pure white, pale parasites are lost"
        notices.append(_warn("over_exposed", saturated, limits.saturated_max, text))
    if background < limits.background_min:
        text = (
            f"The background is dark ({background:.0f} of 255, expected at least {limits.background_min:.0f})"
        )
        notices.append(_warn("under_exposed", background, limits.background_min, text))
    elif dark > limits.dark_max:
        text = f"{dark:.0%} of the view is nearly black (at most {limits.dark_max:.0%})"
        notices.append(_warn("under_exposed", dark, limits.dark_max, text))
    return tuple(notices)


def _weighted_overlaps(fields: tuple[FieldMeasures, ...]) -> float:
    cells = sum(field.red_cells for field in fields)
    return sum(field.overlaps_fraction * field.red_cells for field in fields) / cells if cells else 0.0


def _mean(values: list[float]) -> float:
    return fmean(values) if values else 0.0


def _refuse(code: NoticeCode, value: float, limit: float, finding: str) -> Notice:
    return Notice(code=code, severity="refuse", value=value, limit=limit, text=advice_on(code, finding))


def _warn(code: NoticeCode, value: float, limit: float, finding: str) -> Notice:
    return Notice(code=code, severity="warn", value=value, limit=limit, text=advice_on(code, finding))
