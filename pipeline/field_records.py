"""Records of the fields of a slide (what was found in one, left out, or could not be read) and of notices."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["ExcludedField", "FailedTile", "FieldResult", "Notice", "NoticeCode"]

NoticeCode = Literal[
    "cell_size",
    "channels_swapped",
    "clean_cells_doubtful",
    "compressed_picture",
    "enlarged_picture",
    "faded_colours",
    "few_cells",
    "few_colours",
    "fields_excluded",
    "fields_overlap",
    "grey_picture",
    "mixed_photos",
    "noisy_picture",
    "not_a_smear",
    "out_of_focus",
    "over_exposed",
    "own_pictures",
    "pages_left_out",
    "probabilities_shifted",
    "px_too_coarse",
    "regular_pattern",
    "rings_not_visible",
    "saturated_colours",
    "same_picture",
    "scale_estimated",
    "several_scales",
    "sharpest_plane",
    "tiles_failed",
    "too_dense",
    "too_sparse",
    "under_exposed",
    "unfamiliar_stain",
]
"""What a notice is about; docs/quality.md says what each means."""


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
class ExcludedField:
    """A photo of a slide that is left out of its count: reason code, docs/outputs.md, and one line why."""

    name: str
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldResult:
    """What was found in one field.

    Attributes
    ----------
    um_per_px : µm per level-0 px used for this field.
    detected : objects found, of every kind; detected == counted + sum(excluded.values()).
    infected : infected red cells among the counted.
    area_mm2 : mm² of each part, see docs/outputs.md; together all of the field.
    cell_absorbance : of the usual red cell in red, green and blue, by which the stain was evened.
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
    cell_absorbance: tuple[float, float, float] | None = None


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
