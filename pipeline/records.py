"""The frozen records that flow from one step of a count to the next."""

from dataclasses import dataclass, field
from typing import Literal

from pipeline.cell_columns import CELL_COLUMNS, CELL_TABLE, CellColumn
from pipeline.field_records import ExcludedField, FailedTile, FieldResult, Notice, NoticeCode

__all__ = [
    "CELL_COLUMNS",
    "CELL_TABLE",
    "PICTURE_MARK",
    "CellColumn",
    "DebrisControl",
    "ExcludedField",
    "FailedTile",
    "FieldResult",
    "GoalResult",
    "Headline",
    "Notice",
    "NoticeCode",
    "Novelty",
    "OwnLayer",
    "ScaleSource",
    "SecondLook",
    "SlideSummary",
    "Verdict",
]

PICTURE_MARK = "overlay drawn by smearcount"
"""Stands in the comment of each overlay, so that none is ever counted as a photo."""

Verdict = Literal["parasites seen", "uncertain", "none distinguishable", "not countable"]
ScaleSource = Literal["given", "metadata", "estimated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """How far a slide is from what is known; the middle of its fields.

    Attributes
    ----------
    smear_distance : near 0 for what known thin films show; above `smear_limit` it is refused.
    stain_distance : to the nearest known stain; warned of above `stain_limit`.
    farthest : the feature that adds most to `smear_distance`; empty where none adds.
    """

    smear_distance: float
    smear_limit: float
    stain_distance: float
    stain_limit: float
    farthest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLayer:
    """What the last layer that was fitted to a slide changed.

    Attributes
    ----------
    laid_called_shipped : specks laid on clean cells that the shipped layer calls.
    called_shipped, called : red cells that the shipped layer calls, and the slide's own one.
    """

    laid_called_shipped: int
    called_shipped: int
    called: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DebrisControl:
    """The slide's own negative control: false calls that the dirt of its own ground explains.

    Attributes
    ----------
    specks, grains : dark specks on the empty ground, of all sizes and up to 0.8 µm².
    ground_mm2, cells_mm2 : area of that ground and of the red cells.
    laid, laid_called : specks laid on clean cells of this slide, and how many of these cells were called.
    expected_on_cells : specks that lie on red cells, if they lie there as often as on the ground.
    expected_called : false calls they explain. expected_called_grains : grains alone.
    explained : what the verdict takes off: the first; where larger specks may be parasites, the second; and
        nothing where the called cells are `surer` than clean ones with specks laid on them.
    uncertainty : standard error of `explained`.
    expected_doubtful_grains : cells of p 0.05 and more that grains explain, at the upper end of 95%.
    own_layer : of a slide whose cells a last layer of its own decides; what is called is by that layer then.
    """

    specks: int
    grains: int
    ground_mm2: float
    cells_mm2: float
    laid: int
    laid_called: int
    expected_on_cells: float
    expected_called: float
    expected_called_grains: float
    explained: float
    uncertainty: float
    surer: bool = False
    expected_doubtful_grains: float = 0.0
    own_layer: OwnLayer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """Counted cells that stand far above the slide's own clean ones.

    Attributes
    ----------
    middle, spread : median logit of the counted cells, and its robust standard deviation, taken below it.
    least_p : probability from which on a cell stands out.
    cells : how many do. expected : how many a clean slide of this size and dirt has on average.
    lifted : cells called infected that would not be, were its clean cells no more probable than those of
        the slides that the threshold was set on; no more than that explains them. All of them where
        parasites would be claimed though rings cannot be seen or the colours are in doubt.
    clean_quartile : logit that three quarters of the cells not called do not pass; None where not known.
    """

    middle: float
    spread: float
    least_p: float
    cells: int
    expected: float
    lifted: int = 0
    clean_quartile: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalResult:
    """What a counting protocol asked for.

    Attributes
    ----------
    name, source : of the protocol, and where its number comes from.
    wanted, missing : red cells to be counted, and how many of them are still to be.
    year, link : of the source; 0 and empty where a person asked for a number.
    fields : views that were asked for; 0 where red cells were.
    """

    name: str
    source: str
    wanted: int
    missing: int
    year: int = 0
    link: str = ""
    fields: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The figure that a count stands behind.

    Attributes
    ----------
    kind : 'asexual', or 'all stages' where the classifier tells none.
    infected : red cells called infected, without those with a gametocyte.
    gametocytes : cells with one; None where the classifier tells no stage.
    parasitaemia : infected / counted, 0 to 1, as called.
    low, high : 95% interval of the true fraction, see `method`.
    corrected : Rogan-Gladen estimate at the mean error rates; None where these tell nothing.
    clipped : whether it would be below 0 or above 1.
    design_effect, groups : variance over that of independent cells, at least 1, and the fields or blocks
        that tell it; 0 groups: too few to tell.
    errors : where sensitivity and false calls come from.
    parasites_per_ul, parasites_per_ul_low, parasites_per_ul_high : the fractions times red cells per µL.
    red_cells_per_ul, red_cells_source : 'given', or 'assumed' as 5,000,000.
    """

    kind: Literal["asexual", "all stages"]
    infected: int
    gametocytes: int | None
    parasitaemia: float
    low: float
    high: float
    corrected: float | None
    clipped: bool
    design_effect: float
    groups: int
    method: str
    errors: str
    parasites_per_ul: float
    parasites_per_ul_low: float
    parasites_per_ul_high: float
    red_cells_per_ul: float
    red_cells_source: Literal["given", "assumed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideSummary:
    """The count of one slide, as written to summary.json.

    Attributes
    ----------
    status : 'complete', or 'partial' where a tile or a field failed.
    verdict : what may be claimed; never more than was seen.
    parasitaemia, low, high : pooled fraction (0 to 1) infected / counted and its 95% interval;
        None where nothing was counted.
    stages : infected cells among the counted by life stage, `unknown` where it is not sure.
    asexual_parasitaemia, asexual_low, asexual_high : the same without gametocytes, which stand beside it;
        None where nothing was counted or the classifier predicts no stage.
    false_positive_rate : per uninfected cell, as the classifier's manifest states it.
    limit_of_detection : lowest fraction distinguished from none with so many cells (95%), or None.
    area_mm2 : mm² of each part of the slide, see `FieldResult.area_mm2`.
    goal : what a counting protocol asked for; None where every cell was counted.
    novelty : how far the slide is from known thin films and stains; None where no red cell was found.
    debris : the slide's own negative control, which the verdict takes into account.
    second_look : cells that stand out; None where nothing was counted.
    site : the site file that corrected the classifier, its cells and figures; None where none was used.
    headline : asexual parasitaemia with an interval that holds; None where nothing was counted.
    limit_of_blank : highest fraction called infected on 95 in 100 slides without an infected cell, or None.
    cells_needed : red cells to count for a limit of detection, by that limit; None where none is enough.
    notes : lines that are read with the count.
    excluded_fields : its other photos; those of `fields` and these are all of them.
    """

    slide: str
    source: str
    status: Literal["complete", "partial"]
    verdict: Verdict
    um_per_px: float | None
    scale_source: ScaleSource
    detected: int
    counted: int
    infected: int
    excluded: dict[str, int]
    parasitaemia: float | None
    low: float | None
    high: float | None
    stages: dict[str, int]
    asexual_parasitaemia: float | None
    asexual_low: float | None
    asexual_high: float | None
    interval_method: str
    false_positive_rate: float
    limit_of_detection: float | None
    white_cells: int
    platelets: int
    area_mm2: dict[str, float]
    goal: GoalResult | None
    fields: tuple[FieldResult, ...]
    notices: tuple[Notice, ...]
    failed_tiles: tuple[FailedTile, ...]
    detector: str
    classifier: str
    novelty: Novelty | None = None
    debris: DebrisControl | None = None
    second_look: SecondLook | None = None
    site: dict[str, object] | None = None
    headline: Headline | None = None
    limit_of_blank: float | None = None
    cells_needed: dict[str, int | None] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    excluded_fields: tuple[ExcludedField, ...] = ()
