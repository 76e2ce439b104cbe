"""What quality control may find, for people: one table for pages, messages and documents."""

from pipeline.quality.hiding_reasons import HIDING
from pipeline.quality.limits import QualityLimits
from pipeline.quality.reason import Reason
from pipeline.records import NoticeCode

__all__ = ["REASONS", "advice_on", "reason_of"]

_QUALITY = QualityLimits()

REASONS: tuple[Reason, ...] = (
    Reason(
        code="not_a_smear",
        words="no red cell was found, or it is unlike every thin film that is known",
        measured="red cells; `smear_distance` from known thin films; how much brighter than glass cells are",
        refuses=f"no cell; above `smear_limit`; above {_QUALITY.brighter_max}",
        action="new smear",
        advice="check that it is a stained thin blood film, in focus, with cells 18 to 220 px across",
        good_warned=0,
    ),
    Reason(
        code="regular_pattern",
        words="it is a photo of a screen or of a print, or a ruled grid lies over it",
        measured="power of the strongest line of the spectrum over its surroundings, natural logarithm; "
        "how far the hue of the ground turns, the same of ratios",
        refuses=f"above {_QUALITY.lattice_max:.1f}; above {_QUALITY.hue_turns_max}",
        action="files",
        advice="hand in the picture as the camera of the microscope took it, without a grid in the eyepiece",
        good_warned=0,
    ),
    *HIDING,
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
        good_warned=0.023,
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
        code="mixed_photos",
        words="half of the photos or more are of another microscope or stain: none is not claimed",
        measured="photos left out for their scale or light",
        warns="from the number that is counted on",
        action="files",
        advice="count the photos of each microscope and stain as a slide of their own",
    ),
    Reason(
        code="same_picture",
        words="photos show the same view; it was counted once",
        measured="photos left out",
        warns="above 0",
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
    ),
    Reason(
        code="pages_left_out",
        words="files hold more pictures, of other views; of each file the largest alone was counted",
        measured="pictures left out",
        warns="above 0",
        action="files",
        advice="export each as a file of its own into one folder",
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
