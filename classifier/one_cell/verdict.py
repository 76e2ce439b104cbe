"""Whether a picture shows one red cell that fills it: by its size, its looks and what the detector finds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.one_cell.appearance import Appearance, appearance, without_surround
from classifier.one_cell.limits import OneCellLimits
from classifier.one_cell.nucleus import DarkPart, dark_part
from classifier.one_cell.objects import PictureObjects, find_objects
from classifier.tight import has_black_surround
from models.runtime import Network

__all__ = ["Verdict", "examine", "why_white_cell"]


CLOSED_SIDES = 3
"""Sides without ground from which on a picture shows no cell on its ground."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was found of one picture.

    Attributes
    ----------
    reason : what was measured that speaks against one red cell, one sentence; None where nothing does.
    white_fit : how well a white cell fits it, 0 to 1; see `why_white_cell`.
    """

    reason: str | None
    white_fit: float = 0.0


def examine(
    picture: NDArray[np.uint8],
    um_per_px: float | None,
    network: Network,
    limits: OneCellLimits | None = None,
) -> Verdict:
    """Whether the picture shows one red cell; it is called, then held against `why_white_cell`.

    Parameters
    ----------
    picture : uint8 (H, W, 3), RGB. um_per_px : as for `place_cell`. network : the detector.
    """
    limits = limits or OneCellLimits()
    height, width = picture.shape[:2]
    reason = _by_size((width, height), um_per_px, limits)
    if reason is not None:
        return Verdict(reason=reason)
    black = has_black_surround(picture)
    look = appearance(picture, black=black)
    reason = _by_focus_and_colour(look, limits, black=black)
    if reason is None and not black:
        reason = _by_stain(look, height / width, limits)
    if reason is not None:
        return Verdict(reason=reason)
    shown = without_surround(picture) if black else picture
    objects = find_objects(shown, um_per_px, network)
    least_fit = limits.cut_out_fit if black else limits.fit
    reason = _by_objects(objects, look.sharpness, least_fit, limits) or _by_nucleus(dark_part(shown), limits)
    return Verdict(reason=reason, white_fit=objects.white_fit)


def why_white_cell(verdict: Verdict, *, infected: bool, limits: OneCellLimits | None = None) -> str | None:
    """Why a cell that was called is rather a white one; None where it is not.

    A red cell full of a late parasite fits as a white cell too, but is called infected; a white cell is not.
    """
    limits = limits or OneCellLimits()
    if infected or verdict.white_fit <= limits.white_fit:
        return None
    return (
        f"it looks like a white cell, and no parasite was seen in it (fit {verdict.white_fit:.2f}, "
        f"expected at most {limits.white_fit:.2f})"
    )


def _by_size(size_px: tuple[int, int], um_per_px: float | None, limits: OneCellLimits) -> str | None:
    width, height = size_px
    if max(size_px) > limits.longest_px:
        return f"it is {width} x {height} px, expected at most {limits.longest_px} px for one cell"
    if max(size_px) > limits.aspect * min(size_px):
        return f"it is {width} x {height} px, expected sides of at most {limits.aspect:.0f} to 1 for one cell"
    if um_per_px is None:
        return None
    sides = f"it is {width * um_per_px:.1f} x {height * um_per_px:.1f} µm"
    if min(size_px) * um_per_px < limits.shortest_um or max(size_px) * um_per_px > limits.longest_um:
        return f"{sides}, expected {limits.shortest_um:.0f} to {limits.longest_um:.0f} µm for one red cell"
    if (width * height) ** 0.5 * um_per_px < limits.narrowest_um:
        return (
            f"{sides}, as small as a platelet; expected {limits.narrowest_um} µm on average for one red cell"
        )
    return None


def _by_focus_and_colour(look: Appearance, limits: OneCellLimits, *, black: bool) -> str | None:
    if min(look.different_px) < limits.fewest_px:
        across, down = look.different_px
        return f"it has {across} x {down} different px, expected at least {limits.fewest_px} for one cell"
    if look.sharpness is None or look.sharpness < limits.sharpness:
        return (
            f"it is blurred (sharpness {look.sharpness or 1.0:.2f}, expected at least {limits.sharpness}): "
            "no parasite could be seen in it"
        )
    if look.vivid > limits.vivid:
        return (
            f"something is drawn over it (colours differ by {look.vivid:.0f} levels, "
            f"expected at most {limits.vivid:.0f})"
        )
    if look.colour < limits.colour:
        return (
            f"it has no colour (difference {look.colour:.1f} levels, expected at least {limits.colour:.0f})"
        )
    if not black and look.ground < limits.ground:
        return (
            f"its brightest parts are dark (level {look.ground:.0f}, expected at least {limits.ground:.0f})"
        )
    red, green, blue = look.absorbance
    other = max(red, blue)
    if other > 0.1 and green < limits.green_share * other:
        return (
            f"it is greener than a stained cell (absorbs {green / other:.2f} times as much green as red or "
            f"blue, expected at least {limits.green_share}); its colour channels may be exchanged"
        )
    return None


def _by_stain(look: Appearance, tallness: float, limits: OneCellLimits) -> str | None:
    """By where stain is cut off: of a whole cell the corners are free, and no long side is stained alone."""
    if look.stained > limits.stained_share:
        return f"{look.stained:.0%} of it is as dark as a cell: no edge of one cell is in it"
    closed = sum(side > limits.closed_side for side in look.sides)
    if closed >= CLOSED_SIDES:
        return f"{closed} of its sides are as dark as a cell, expected the ground around one"
    if max(tallness, 1 / tallness) < limits.cut_aspect:
        return None
    pair = look.sides[2:] if tallness > 1 else look.sides[:2]
    if max(pair) > limits.cut_side and min(pair) < limits.free_side:
        return (
            f"it is cut off along one side ({max(pair):.0%} of that side is cell, of the opposite one "
            f"{min(pair):.0%}): a part of a cell cannot be called"
        )
    return None


def _by_objects(
    objects: PictureObjects, sharpness: float | None, least_fit: float, limits: OneCellLimits
) -> str | None:
    if objects.third >= limits.three_score:
        return "3 red cells or more were found in it, expected one"
    if objects.second >= limits.two_score:
        return f"2 red cells were found in it (score {objects.second:.2f}), expected one"
    if objects.small >= limits.small_cells:
        return f"{objects.small} small red cells were found in it, expected one that fills it"
    if objects.white_score > limits.white_score:
        return (
            f"it looks like a white cell (score {objects.white_score:.2f}, "
            f"expected at most {limits.white_score})"
        )
    if (
        objects.platelet_fit > limits.platelet_fit
        and objects.platelet_fit > limits.platelet_share * objects.red_fit
        and (sharpness or 1.0) < limits.platelet_sharpness
    ):
        return (
            f"it looks like a platelet (fit {objects.platelet_fit:.2f}, as a red cell {objects.red_fit:.2f})"
        )
    if objects.red_fit < least_fit:
        return (
            f"no red cell was found that fills it (fit {objects.red_fit:.2f}, "
            f"expected at least {least_fit:.2f})"
        )
    return None


def _by_nucleus(dark: DarkPart, limits: OneCellLimits) -> str | None:
    """By a violet nucleus: a red cell full of a late parasite is not told from a white one by its shape."""
    if (
        dark.share <= limits.nucleus_share
        or dark.green <= limits.nucleus_green
        or dark.red_share <= limits.nucleus_red
        or dark.blue_share >= limits.nucleus_blue
    ):
        return None
    return (
        f"it looks like a white cell: {dark.share:.0%} of it is as violet as a nucleus (absorbs "
        f"{dark.blue_share:.2f} times as much blue as green, expected at least {limits.nucleus_blue})"
    )
