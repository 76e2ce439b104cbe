"""Each photo of a slide is judged by itself: which of them are left out of its count, and why."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.planning.scale import SlideScale, agreeing, same_scale
from pipeline.planning.view_notices import named
from pipeline.quality.checks import FieldMeasures, SlideMeasures, check
from pipeline.quality.novelty import NoveltyManifest, measure_novelty, stain_difference
from pipeline.quality.reasons import advice_on
from pipeline.records import ExcludedField, Notice

__all__ = ["JudgedAs", "JudgedFields", "excluded_notices", "judge_fields", "refused_alone"]

_Stain = tuple[float, float, float]
"""What the usual red cell of a field absorbs in red, green and blue."""

ENOUGH_CELLS = 10
"""Red cells from which on a field of which little was counted is judged."""
MOST_COUNTED = 0.5
"""Share of a field from which on it is judged whatever was found in it."""
MOST_STAIN_DIFFERENCE = 0.8
"""Distance of a field's stain from the middle of the others, see `novelty.stain_difference`: within 13 real
slides 0.40 at most, between slides of two laboratories 2.0 in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAs:
    """A field as it was counted: µm per px, and the share of it that was counted, 0 to 1."""

    name: str
    um_per_px: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFields:
    """What became of the fields of a slide.

    Attributes
    ----------
    excluded : those left out, by their index.
    refusal : why none of them may be counted; they are all kept then.
    """

    excluded: Mapping[int, ExcludedField] = field(default_factory=dict)
    refusal: Notice | None = None


def judge_fields(
    slide: SlideMeasures,
    fields: Mapping[int, JudgedAs],
    scale: SlideScale,
    known: NoveltyManifest,
) -> JudgedFields:
    """Which fields are left out: what would be refused alone, then what is not like most of the others.

    A slide of one field is judged by `checks.check` alone.

    Parameters
    ----------
    fields : those of the slide, by their index, in the order of the measures.
    """
    measured = dict(zip(fields, slide.fields, strict=True))
    if len(measured) < 2:
        return JudgedFields()
    judged = {
        index: one
        for index, one in measured.items()
        if one.red_cells >= ENOUGH_CELLS or fields[index].share > MOST_COUNTED
    }
    alone = {
        index: _notices_alone(slide, one, fields[index].um_per_px, known) for index, one in judged.items()
    }
    refusals = {index: refusal for index, found in alone.items() if (refusal := _refusal(found)) is not None}
    if len(refusals) == len(measured):
        return JudgedFields(refusal=_commonest(refusals))
    reasons: dict[int, tuple[str, str]] = {
        index: (notice.code, notice.text) for index, notice in refusals.items()
    }
    for left_out in (_too_dark, _blurred):
        reasons |= left_out({index: found for index, found in alone.items() if index not in reasons})
    fit = {index: one for index, one in judged.items() if index not in reasons}
    burnt = {index for index in fit if _said(alone[index], "over_exposed")}
    others = _other_scale(fit, scale, burnt)
    reasons |= others
    reasons |= _other_stain({index: one for index, one in fit.items() if index not in others}, burnt)
    return JudgedFields(
        excluded={
            index: ExcludedField(name=fields[index].name, code=code, text=text)
            for index, (code, text) in sorted(reasons.items())
        }
    )


def refused_alone(
    slide: SlideMeasures, measured: FieldMeasures, um_per_px: float, known: NoveltyManifest
) -> Notice | None:
    """Why a field would be refused if it were the slide; None where it would not."""
    return _refusal(_notices_alone(slide, measured, um_per_px, known))


def excluded_notices(excluded: Iterable[ExcludedField], photos: int) -> tuple[Notice, ...]:
    """What is said where some of so many photos are left out for what they show."""
    every = list(excluded)
    strange = [one for one in every if one.code not in {"same_picture", "damaged"}]
    if not strange:
        return ()
    each = named(f"{one.name} ({one.code})" for one in strange)
    text = advice_on(
        "fields_excluded", f"{len(strange)} of {photos} photos are left out of the count ({each})"
    )
    said = Notice(code="fields_excluded", severity="warn", value=len(strange), limit=0, text=text)
    found = (said, *_mixed(strange, photos, photos - len(every)))
    others = sum(one.code == "other_scale" for one in strange)
    if not others:
        return found
    other = f"Left out for their scale: {others} of {photos} photos, of another objective or camera"
    text = advice_on("several_scales", other)
    return (*found, Notice(code="several_scales", severity="warn", value=others, limit=0, text=text))


def _mixed(strange: Sequence[ExcludedField], photos: int, counted: int) -> tuple[Notice, ...]:
    """Notice where those that are counted are no more than those that are only unlike them."""
    unlike = sum(one.code in {"other_scale", "other_light"} for one in strange)
    if not unlike or unlike < counted:
        return ()
    found = (
        f"{unlike} of {photos} photos were taken with another microscope or stain than the {counted} that "
        "are counted, and may show parasites that these do not"
    )
    text = advice_on("mixed_photos", found)
    return (Notice(code="mixed_photos", severity="warn", value=unlike, limit=counted, text=text),)


def _notices_alone(
    slide: SlideMeasures, measured: FieldMeasures, um_per_px: float, known: NoveltyManifest
) -> tuple[Notice, ...]:
    """What would be said of a field if it were the slide."""
    novelty = None if measured.features is None else measure_novelty([measured.features], known)
    return check(replace(slide, fields=(measured,), um_per_px=um_per_px, failed_parts=0), novelty)


def _refusal(notices: tuple[Notice, ...]) -> Notice | None:
    return next((notice for notice in notices if notice.severity == "refuse"), None)


def _blurred(alone: Mapping[int, tuple[Notice, ...]]) -> dict[int, tuple[str, str]]:
    """Fields so blurred that no ring can be seen in them, where most of the others are sharp."""
    hidden = {index: text for index, found in alone.items() if (text := _said(found, "rings_not_visible"))}
    if 2 * len(hidden) >= len(alone):
        return {}
    return {index: ("out_of_focus", text) for index, text in hidden.items()}


def _too_dark(alone: Mapping[int, tuple[Notice, ...]]) -> dict[int, tuple[str, str]]:
    """Fields too dark to be judged, where others are lit, however few: nothing is told from darkness."""
    dark = {index: text for index, found in alone.items() if (text := _said(found, "under_exposed"))}
    if len(dark) == len(alone):
        return {}
    return {index: ("under_exposed", text) for index, text in dark.items()}


def _said(notices: tuple[Notice, ...], code: str) -> str:
    """Text of the notice of that code; empty where there is none."""
    return next((notice.text for notice in notices if notice.code == code), "")


def _commonest(refusals: Mapping[int, Notice]) -> Notice:
    """The commonest refusal, of equally common ones the first, in the words of the first field it is of."""
    code, number = Counter(notice.code for notice in refusals.values()).most_common(1)[0]
    first = next(notice for notice in refusals.values() if notice.code == code)
    text = f"None of the {len(refusals)} photos can be counted, {number} for this reason: {first.text}"
    return replace(first, text=text)


def _other_scale(
    fit: Mapping[int, FieldMeasures], scale: SlideScale, burnt: Set[int]
) -> dict[int, tuple[str, str]]:
    """Fields whose cells have another size on the picture than those of most others that are fit.

    Parameters
    ----------
    burnt : fields too bright to say how the others look, if there are others.
    """
    usual = scale.cells_um_per_px or scale.um_per_px
    sizes = {index: scale.others.get(index, usual) for index in fit}
    kept = set(fit) - set(scale.others)
    if scale.source != "metadata" or not kept:
        voting = {index: sizes[index] for index in _voting(fit, burnt)}
        kept = set(agreeing(voting, {index: fit[index].red_cells for index in voting}))
    middle = float(np.median([sizes[index] for index in sorted(kept)])) if kept else usual
    kept |= {index for index in sizes.keys() & burnt if same_scale(sizes[index], middle)}
    return {
        index: ("other_scale", f"by its cells a pixel is {size:.3f} µm, in most others {middle:.3f} µm")
        for index, size in sizes.items()
        if index not in kept
    }


def _voting(fit: Iterable[int], burnt: Set[int]) -> list[int]:
    """Those that say how the slide looks: not the burnt ones, but where all are."""
    every = list(fit)
    return [index for index in every if index not in burnt] or every


def _other_stain(fit: Mapping[int, FieldMeasures], burnt: Set[int]) -> dict[int, tuple[str, str]]:
    """Fields whose red cells are stained or lit otherwise than those of most others; see `_other_scale`."""
    stains = {index: one.features.stain for index, one in fit.items() if one.features is not None}
    if len(stains) < 2:
        return {}
    usual = _usual_stain({index: stains[index] for index in _voting(stains, burnt)}, fit)
    differences = {index: stain_difference(stain, usual) for index, stain in stains.items()}
    return {
        index: (
            "other_light",
            "its red cells are stained or lit otherwise than in the other photos "
            f"(distance {difference:.2f}, at most {MOST_STAIN_DIFFERENCE:.2f})",
        )
        for index, difference in differences.items()
        if difference > MOST_STAIN_DIFFERENCE
    }


def _usual_stain(stains: Mapping[int, _Stain], fit: Mapping[int, FieldMeasures]) -> _Stain:
    """The middle of all where most are near it, else that of the largest group, of equal ones with the most
    cells: photos of two slides have no middle that is like either.
    """
    middle = _middle_stain([*stains.values()])
    if 2 * len(_near(stains, middle)) > len(stains):
        return middle
    groups = (_near(stains, stain) for stain in stains.values())
    largest = max(groups, key=lambda group: (len(group), sum(fit[index].red_cells for index in group)))
    return _middle_stain([stains[index] for index in largest])


def _near(stains: Mapping[int, _Stain], middle: _Stain) -> list[int]:
    return [
        index for index, stain in stains.items() if stain_difference(stain, middle) <= MOST_STAIN_DIFFERENCE
    ]


def _middle_stain(stains: Sequence[_Stain]) -> _Stain:
    red, green, blue = np.median(stains, axis=0).tolist()
    return red, green, blue
