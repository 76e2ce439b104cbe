"""What a camera, a file or a program did to a picture that hides parasites, or makes some."""

from collections.abc import Iterable
from statistics import median

from pipeline.quality.limits import VisibilityLimits
from pipeline.quality.measured import SlideMeasures
from pipeline.quality.reasons import advice_on
from pipeline.records import Notice, NoticeCode

__all__ = ["few_colours", "spoiled"]


def spoiled(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    """Notices on enlargement, noise and compression, by the middle of the fields."""
    return (*_enlarged(slide, limits), *_noise(slide, limits), *_blocks(slide, limits))


def few_colours(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    """Notice on a picture stored with a palette."""
    colours = _middle(field.colours_a_level for field in slide.fields)
    if colours is None or colours >= limits.palette_max:
        return ()
    text = (
        f"The picture has few colours ({colours:.1f} for each level of light that it spans, expected at "
        f"least {limits.palette_max:.0f}), as one stored with a palette, and parasites are missed"
    )
    return (_notice("few_colours", colours, (limits.palette_max, limits.palette_max), text, refused=True),)


def _enlarged(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    times = median(field.enlarged for field in slide.fields) if slide.fields else 1.0
    before = times * (slide.um_per_px or 0.0)
    if times <= 1 or before <= limits.enlarged_warn:
        return ()
    text = (
        f"The picture was enlarged {times:.1f} times after it was taken: a pixel was {before:.2f} µm, "
        f"expected at most {limits.enlarged_warn:.2f} µm to see rings"
    )
    both = limits.enlarged_warn, limits.enlarged_refuse
    return (_notice("enlarged_picture", before, both, text, refused=before >= limits.enlarged_refuse),)


def _noise(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    of_light = limits.light_noise_warn, limits.light_noise_refuse
    of_colour = limits.colour_noise_warn, limits.colour_noise_refuse
    found = (
        ("", _middle(field.light_noise for field in slide.fields), of_light),
        ("in colour ", _middle(field.colour_noise for field in slide.fields), of_colour),
    )
    beyond = [(kind, share, both) for kind, share, both in found if share is not None and share > both[0]]
    if not beyond:
        return ()
    kind, share, both = max(beyond, key=lambda one: one[1] / one[2][1])
    text = (
        f"The picture is noisy {kind}({share:.0%} of the contrast of the cells, expected at most "
        f"{both[0]:.0%})"
    )
    return (_notice("noisy_picture", share, both, text, refused=share > both[1]),)


def _blocks(slide: SlideMeasures, limits: VisibilityLimits) -> tuple[Notice, ...]:
    ratio = median(field.blocks for field in slide.fields) if slide.fields else 1.0
    if ratio <= limits.blocks_warn:
        return ()
    text = (
        "The picture was compressed until its blocks show (steps between them are "
        f"{ratio:.1f} times those within, expected at most {limits.blocks_warn:.1f} times)"
    )
    both = limits.blocks_warn, limits.blocks_refuse
    return (_notice("compressed_picture", ratio, both, text, refused=ratio > limits.blocks_refuse),)


def _middle(values: Iterable[float | None]) -> float | None:
    """Median of the values that are known."""
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _notice(
    code: NoticeCode, value: float, limits: tuple[float, float], finding: str, *, refused: bool
) -> Notice:
    """Parameters: `limits` from which on it warns, and refuses."""
    return Notice(
        code=code,
        severity="refuse" if refused else "warn",
        value=value,
        limit=limits[1] if refused else limits[0],
        text=advice_on(code, finding),
    )
