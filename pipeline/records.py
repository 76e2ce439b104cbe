"""The frozen records that flow from one step of a count to the next."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "CELL_COLUMNS",
    "CELL_TABLE",
    "PICTURE_MARK",
    "CellColumn",
    "DebrisControl",
    "FailedTile",
    "FieldResult",
    "GoalResult",
    "Notice",
    "NoticeCode",
    "Novelty",
    "ScaleSource",
    "SlideSummary",
    "Verdict",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellColumn:
    """One column of the table of cells: cells.csv and docs/outputs.md are made from these.

    Attributes
    ----------
    dtype : of its values: 'str', 'int', 'float', or 'bool', which cells.csv writes as 0 and 1.
    unit : of a number; empty where it has none.
    decimals : of a float in cells.csv.
    text : what it means, for a person.
    """

    name: str
    dtype: Literal["str", "int", "float", "bool"]
    text: str
    unit: str = ""
    decimals: int | None = None


def _px(name: str, text: str) -> CellColumn:
    return CellColumn(name=name, dtype="float", unit="px", decimals=1, text=text)


CELL_TABLE: tuple[CellColumn, ...] = (
    CellColumn(name="slide", dtype="str", text="name of the slide"),
    CellColumn(name="field", dtype="str", text="name of the photo within the slide"),
    CellColumn(
        name="cell", dtype="int", text="running number within the slide, from 1, by field, then y, then x"
    ),
    _px("x", "centre, level-0 px of the picture as displayed"),
    _px("y", "centre"),
    _px("x_min", "left side of the bounding box"),
    _px("y_min", "upper side"),
    _px("x_max", "right side"),
    _px("y_max", "lower side"),
    CellColumn(
        name="diameter_um", dtype="float", unit="µm", decimals=3, text="of the circle with the cell's area"
    ),
    CellColumn(name="area_um2", dtype="float", unit="µm²", decimals=2, text="area of the cell"),
    CellColumn(name="circularity", dtype="float", decimals=3, text="4π area / perimeter², 1 for a circle"),
    CellColumn(
        name="at_border", dtype="bool", text="cut by the picture's border or by the edge of the round view"
    ),
    CellColumn(name="overlaps", dtype="bool", text="touches or overlaps a neighbour"),
    CellColumn(
        name="focus", dtype="float", decimals=3, text="sharpness of the edge, 0 (blurred) to 1 (sharp)"
    ),
    CellColumn(name="kind", dtype="str", text="red_cell, white_cell, platelet, artefact"),
    CellColumn(
        name="p_infected",
        dtype="float",
        decimals=4,
        text="calibrated probability of a red cell to be infected; empty for all else",
    ),
    CellColumn(name="infected", dtype="bool", text="p_infected reaches the network's threshold"),
    CellColumn(
        name="stage",
        dtype="str",
        text="life stage of the parasite: `ring`, `trophozoite`, `schizont`, `gametocyte`, or `unknown` "
        "where it is not sure enough; empty where not infected",
    ),
    CellColumn(name="counted", dtype="bool", text="in the denominator"),
    CellColumn(
        name="excluded_because",
        dtype="str",
        text="why not: at_border, white_cell, platelet, artefact; empty where counted",
    ),
    CellColumn(name="reviewed_as", dtype="str", text="a person's later decision; empty"),
    CellColumn(name="model", dtype="str", text="name of the network that decided"),
)
CELL_COLUMNS: tuple[str, ...] = tuple(column.name for column in CELL_TABLE)

PICTURE_MARK = "overlay drawn by smearcount"
"""Stands in the comment of each overlay, so that none is ever counted as a photo."""

Verdict = Literal["parasites seen", "none distinguishable", "not countable"]
ScaleSource = Literal["given", "metadata", "estimated"]
NoticeCode = Literal[
    "few_cells",
    "not_a_smear",
    "out_of_focus",
    "over_exposed",
    "own_pictures",
    "scale_estimated",
    "sharpest_plane",
    "tiles_failed",
    "too_dense",
    "too_sparse",
    "under_exposed",
    "unfamiliar_stain",
]
"""What a notice is about; docs/outputs.md says what each means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One finding of quality control.

    Attributes
    ----------
    code : what it is about, for a program.
    severity : 'refuse' (the count must not be used) or 'warn'.
    value, limit : what was measured and the limit it was held against, same unit.
    text : one sentence for a person.
    """

    code: NoticeCode
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
class DebrisControl:
    """The slide's own negative control: false calls that the dirt of its own ground explains.

    Attributes
    ----------
    specks, grains : dark specks on the empty ground, of all sizes and up to 0.8 µm².
    ground_mm2, cells_mm2 : area of that ground and of the red cells.
    laid, laid_called : specks laid on clean cells of this slide, and how many of these cells were called.
    expected_on_cells : specks that lie on red cells, if they lie there as often as on the ground.
    expected_called : false calls that they explain. expected_called_grains : that grains alone explain,
        which the verdict takes off: larger specks may be parasites that left their cells.
    uncertainty : standard error of `expected_called_grains`.
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
    uncertainty: float


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
        None where nothing was counted or the classifier predicts no stage.
    false_positive_rate : per uninfected cell, as the classifier's manifest states it.
    limit_of_detection : lowest fraction distinguished from none with so many cells (95%), or None.
    area_mm2 : mm² of each part of the slide, see `FieldResult.area_mm2`.
    goal : what a counting protocol asked for; None where every cell was counted.
    novelty : how far the slide is from known thin films and stains; None where no red cell was found.
    debris : the slide's own negative control, which the verdict takes into account.
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
