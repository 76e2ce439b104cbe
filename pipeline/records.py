"""The frozen records that flow from one step of a count to the next."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    pass

__all__ = [
    "CELL_COLUMNS",
    "FailedTile",
    "FieldResult",
    "GoalResult",
    "Notice",
    "Novelty",
    "ScaleSource",
    "SlideSummary",
    "Verdict",
]

CELL_COLUMNS: tuple[str, ...] = (
    "slide",  # name of the slide
    "field",  # name of the field (photo) within the slide
    "cell",  # running number within the slide, from 1, ordered by field, then y, then x
    "x",  # centre, level-0 px of the picture as displayed
    "y",
    "x_min",  # bounding box, level-0 px
    "y_min",
    "x_max",
    "y_max",
    "diameter_um",  # of the circle with the mask's area
    "area_um2",
    "circularity",  # 4 pi area / perimeter^2, 1 for a circle
    "at_border",  # cut by the picture's border or the bright view's edge
    "overlaps",  # shares pixels or an edge with a neighbour
    "focus",  # edge sharpness, 0 (blurred) to 1 (sharp)
    "kind",  # red_cell, white_cell, platelet, artefact
    "p_infected",  # calibrated probability, red cells only (empty otherwise)
    "infected",  # p_infected >= the model's threshold
    "stage",  # life stage, 'unknown' where the model tells none; empty where not infected
    "counted",  # in the denominator
    "excluded_because",  # empty where counted: at_border, white_cell, platelet, artefact
    "reviewed_as",  # a person's later decision; empty
    "model",  # name of the classifier
)

Verdict = Literal["parasites seen", "none distinguishable", "not countable"]
ScaleSource = Literal["given", "metadata", "estimated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One finding of quality control.

    Attributes
    ----------
    code : one of the reason codes (not_a_smear, out_of_focus, too_dense, too_sparse, over_exposed,
        under_exposed, unfamiliar_stain, few_cells, scale_estimated, tiles_failed).
    severity : 'refuse' (the count must not be used) or 'warn'.
    value, limit : what was measured and the limit it was held against, same unit.
    text : one sentence for a person.
    """

    code: str
    severity: Literal["refuse", "warn"]
    value: float
    limit: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Novelty:
    """How far a slide is from what is known; the middle of its fields.

    Attributes
    ----------
    smear_distance : 0 where the slide shows nothing that known thin films do not; above `smear_limit` it is
        refused.
    stain_distance : to the nearest known stain; warned of above `stain_limit`.
    farthest : the value that adds most to `smear_distance`; empty where it is 0.
    """

    smear_distance: float
    smear_limit: float
    stain_distance: float
    stain_limit: float
    farthest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTile:
    """A tile that could not be read or worked on; box in level-0 px of its field."""

    field: str
    x: int
    y: int
    width: int
    height: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldResult:
    """What was found in one field.

    Attributes
    ----------
    um_per_px : µm per level-0 px used for this field.
    detected : objects found, of every kind; detected == counted + sum(excluded.values()).
    infected : infected red cells among the counted.
    area_mm2 : mm² of each part: counted, empty_glass, feathered_edge, thick_end, outside_region,
        not_reached, unreadable; together all of the field.
    """

    name: str
    width: int
    height: int
    um_per_px: float
    detected: int
    counted: int
    infected: int
    excluded: dict[str, int]
    area_mm2: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalResult:
    """What a counting protocol asked for.

    Attributes
    ----------
    name, source : of the protocol, and where its number comes from.
    wanted, missing : red cells to be counted, and how many of them are still to be.
    """

    name: str
    source: str
    wanted: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideSummary:
    """The count of one slide, as written to summary.json.

    Attributes
    ----------
    status : 'complete', or 'partial' where a tile or a field failed.
    verdict : what may be claimed; never more than was seen.
    parasitaemia, low, high : pooled fraction (0 to 1) infected / counted and its 95% Wilson interval;
        None where nothing was counted.
    stages : infected cells among the counted by life stage, `unknown` where it is not sure.
    asexual_parasitaemia, asexual_low, asexual_high : the same without gametocytes, which stand beside it;
        None where nothing was counted or the classifier tells no stage.
    false_positive_rate : per uninfected cell, as the classifier's manifest states it.
    limit_of_detection : lowest fraction told from none at this number of cells (95%), or None.
    area_mm2 : mm² of each part of the slide, see `FieldResult.area_mm2`.
    goal : what a counting protocol asked for; None where every cell was counted.
    novelty : how far the slide is from known thin films and stains; None where no red cell was found.
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
