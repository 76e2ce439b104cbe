"""Records of the fields of a slide: what was found in one, left out, or could not be read."""

from dataclasses import dataclass, field

__all__ = ["ExcludedField", "FailedTile", "FieldResult"]


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
