"""What quality control may find, for people: one table for pages, messages and documents."""

from dataclasses import dataclass
from typing import Literal

from pipeline.quality.limits import QualityLimits, VisibilityLimits
from pipeline.records import NoticeCode

__all__ = ["REASONS", "Action", "Reason", "advice_on", "reason_of"]

Action = Literal[
    "look by eye",
    "refocus",
    "more light",
    "less light",
    "camera settings",
    "stronger objective",
    "other field",
    "more fields",
    "pixel size",
    "files",
    "new smear",
    "nothing",
]
"""What is to be done, in a word or two, for a sign or a filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One finding of quality control, as a person reads it.

    Attributes
    ----------
    words : what it says of the slide, a part of a sentence.
    measured : what is measured, with its unit.
    warns, refuses : from which value on; empty where it never does.
    action : what is to be done, in a word or two. advice : the same as a part of a sentence.
    good_warned, good_refused : share of good fields, each counted alone, that it warns of or refuses, 0 to 1;
        None where a single field says nothing of it. See docs/quality.md.
    """

    code: NoticeCode
    words: str
    measured: str
    warns: str = ""
    refuses: str = ""
    action: Action
    advice: str
    good_warned: float | None = None
    good_refused: float = 0.0


_QUALITY, _VISIBLE = QualityLimits(), VisibilityLimits()

REASONS: tuple[Reason, ...] = (
    Reason(
        code="not_a_smear",
        words="no red cell was found, or it is unlike every thin film that is known",
        measured="red cells; `smear_distance` from known thin films",
        refuses="no cell; above `smear_limit`",
        action="new smear",
        advice="check that it is a stained thin blood film, in focus, with cells 18 to 220 px across",
        good_warned=0,
    ),
    Reason(
        code="regular_pattern",
        words="it is a photo of a screen or of a print, or a ruled grid lies over it",
        measured="power of the strongest line of the spectrum over its surroundings, natural logarithm",
        refuses=f"above {_QUALITY.lattice_max:.1f}",
        action="files",
        advice="hand in the picture as the camera of the microscope took it, without a grid in the eyepiece",
        good_warned=0,
    ),
    Reason(
        code="out_of_focus",
        words="the picture is blurred",
        measured="sharpness of the strongest edges, 1 and more",
        warns=f"below {_VISIBLE.sharp_hidden:.2f}",
        refuses=f"below {_VISIBLE.sharp_refuse:.2f}",
        action="refocus",
        advice="refocus on the cells, clean the lenses, and take the picture again",
        good_warned=0.014,
        good_refused=0.005,
    ),
    Reason(
        code="rings_not_visible",
        words="rings cannot be seen at this focus; where no parasite is seen, the slide is not countable",
        measured="sharpness of the strongest edges, 1 and more",
        warns=f"below {_VISIBLE.sharp_hidden:.2f}",
        action="refocus",
        advice="refocus before you read anything from it",
        good_warned=0.014,
    ),
    Reason(
        code="px_too_coarse",
        words="the pixels are too coarse for rings",
        measured="size of a pixel, µm",
        warns=f"above {_VISIBLE.px_warn:.2f}",
        refuses=f"from {_VISIBLE.px_refuse:.2f} on",
        action="stronger objective",
        advice="use a stronger objective, or hand in the picture as the camera took it, not a smaller copy",
        good_warned=0.0,
    ),
    Reason(
        code="cell_size",
        words="the red cells have the wrong size",
        measured="diameter of the usual red cell, µm",
        warns=f"outside of {_VISIBLE.cell_low_warn} to {_VISIBLE.cell_high_warn}",
        refuses=f"outside of {_VISIBLE.cell_low_refuse} to {_VISIBLE.cell_high_refuse}",
        action="pixel size",
        advice="correct the size of a pixel, or give none and let it be estimated from the cells",
        good_warned=0.0,
    ),
    Reason(
        code="grey_picture",
        words="the picture has no colour, or is toned, or has few colours",
        measured="difference of the channels in the cells; spread of the hues of one brightness, levels",
        refuses=f"below {_VISIBLE.colour_min}; below {_VISIBLE.hue_min}",
        action="camera settings",
        advice="take it in colour",
        good_warned=0.0,
    ),
    Reason(
        code="faded_colours",
        words="the colours are faded",
        measured="difference of the channels in the cells, levels, times that of the deepest stain",
        warns=f"below {_VISIBLE.faded_warn}",
        refuses=f"below {_VISIBLE.faded_refuse}",
        action="camera settings",
        advice="raise contrast and saturation of the camera to its usual settings, or stain anew",
        good_warned=0.023,
        good_refused=0.005,
    ),
    Reason(
        code="saturated_colours",
        words="the colours are exaggerated",
        measured="share of the view where a channel is at 0",
        warns=f"above {_VISIBLE.clipped_warn:.2%}",
        refuses=f"above {_VISIBLE.clipped_refuse:.2%}",
        action="camera settings",
        advice="turn off what the camera or the program does to colours, and take it again",
        good_warned=0.0,
    ),
    Reason(
        code="channels_swapped",
        words="colour channels are exchanged, red and blue as a rule",
        measured="logarithm of how much likelier another order of the channels is",
        warns=f"above {_VISIBLE.order_warn:.1f}",
        refuses=f"above {_VISIBLE.order_refuse:.1f}",
        action="camera settings",
        advice="if it looks wrong on a screen, save it as RGB, in the order red, green, blue",
        good_warned=0.009,
        good_refused=0.005,
    ),
    Reason(
        code="unfamiliar_stain",
        words="stained or lit like no film that is known",
        measured="`stain_distance` from known stains",
        warns="above `stain_limit`",
        action="look by eye",
        advice="check the calls by eye before you use this count; restain if the film looks pale or too blue",
        good_warned=0,
    ),
    Reason(
        code="probabilities_shifted",
        words="its probabilities lie apart from those that the threshold was set on",
        measured="median logit of the cells not called infected; not with --site",
        warns="outside of the slides that were left out",
        action="look by eye",
        advice="check the calls by eye before you use this count",
        good_warned=0.01,
    ),
    Reason(
        code="clean_cells_doubtful",
        words="many clean cells look a little infected, as on a badly dried film",
        measured="upper quartile of the logits of the cells not called infected; not with --site",
        warns="above that of nearly all slides that were measured",
        action="look by eye",
        advice="check the calls by eye before you use this count; dry a new film fast and stain it anew",
        good_warned=0.028,
    ),
    Reason(
        code="over_exposed",
        words="pale parasites are lost in white",
        measured="share of the view at full white",
        warns=f"above {_QUALITY.saturated_max:.0%}",
        action="less light",
        advice="shorten the exposure or lower the lamp",
        good_warned=0,
    ),
    Reason(
        code="under_exposed",
        words="cells are lost in darkness",
        measured="brightness of the background, levels of 255; nearly black share of the view",
        warns=f"below {_QUALITY.background_min:.0f}; above {_QUALITY.dark_max:.0%}",
        action="more light",
        advice="use more light or a longer exposure",
        good_warned=0,
    ),
    Reason(
        code="too_dense",
        words="most cells overlap",
        measured="share of the view that cells cover, and of the cells that overlap",
        warns=f"both above {_QUALITY.covered_max:.0%} and {_QUALITY.overlaps_max:.0%}",
        action="other field",
        advice="choose fields nearer the feathered edge, or make a thinner film",
        good_warned=0,
    ),
    Reason(
        code="too_sparse",
        words="cells cover very little of the view",
        measured="share of the view that cells cover",
        warns=f"below {_QUALITY.covered_min:.0%}",
        action="other field",
        advice="choose fields where the cells lie closer",
        good_warned=0,
    ),
    Reason(
        code="few_cells",
        words=f"fewer than {_QUALITY.counted_min} red cells were counted",
        measured="red cells counted",
        warns=f"below {_QUALITY.counted_min}",
        action="more fields",
        advice=f"add fields of the same slide until {_QUALITY.counted_min} are counted",
        good_warned=1.0,
    ),
    Reason(
        code="scale_estimated",
        words="the size of a pixel was estimated from the cells",
        measured="relative difference between the fields' estimates",
        warns="wherever neither given nor stated",
        action="pixel size",
        advice="give it with --um-per-px where you know it",
        good_warned=1.0,
    ),
    Reason(
        code="tiles_failed",
        words="a part could not be read: the count is partial",
        measured="parts that failed",
        warns="above 0",
        refuses="where no red cell was found in the rest",
        action="files",
        advice="copy the file from the microscope again",
    ),
    Reason(
        code="fields_excluded",
        words="photos that are no smear, or unlike the others, are left out of the count",
        measured="photos left out, see [outputs](outputs.md#photos-left-out)",
        warns="above 0",
        action="files",
        advice="look at them; hand in photos of one slide alone",
    ),
    Reason(
        code="several_scales",
        words="the photos were taken at several scales",
        measured="photos of another scale; or ratio of the sizes of a pixel that files state",
        warns="above 0; above 1.25",
        action="files",
        advice="count the photos of each microscope as a slide of their own",
    ),
    Reason(
        code="same_picture",
        words="photos show the same view; it was counted once",
        measured="photos left out",
        warns="above 0",
        action="nothing",
        advice="nothing is to be done",
    ),
    Reason(
        code="fields_overlap",
        words="photos overlap, so cells may be counted twice",
        measured="pairs of photos that share a twelfth of the view or more",
        warns="above 0",
        action="files",
        advice="move the stage farther between photos, or hand in one of each pair",
    ),
    Reason(
        code="sharpest_plane",
        words="of a stack of focus planes the sharpest alone was counted",
        measured="planes",
        warns="above 1",
        action="nothing",
        advice="nothing is to be done",
    ),
    Reason(
        code="own_pictures",
        words="overlays of an earlier count were passed over",
        measured="overlays",
        warns="above 0",
        action="files",
        advice="keep results and photos in folders of their own",
    ),
)

_BY_CODE: dict[str, Reason] = {reason.code: reason for reason in REASONS}


def reason_of(code: str) -> Reason | None:
    """The row of a code; None of one that this version does not know."""
    return _BY_CODE.get(code)


def advice_on(code: NoticeCode, finding: str) -> str:
    """One sentence: what was found, and what is to be done."""
    return f"{finding}: {_BY_CODE[code].advice}."
