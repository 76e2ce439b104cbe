"""What quality control judges: the measures of a field and of a slide."""

from dataclasses import dataclass

from pipeline.quality.novelty import FieldFeatures
from pipeline.records import ScaleSource

__all__ = ["FieldMeasures", "SlideMeasures"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMeasures:
    """What was measured of one field.

    Attributes
    ----------
    red_cells : red cells found, also those at the border.
    objects : everything found, of every kind.
    covered_fraction : share of the view that red cells cover, 0 to 1.
    overlaps_fraction : share of the red cells that touch or overlap another, 0 to 1.
    sharpness : of the strongest edges of the view, 1 (blurred) and more, see `segmentation.sharpness`; None
        where there is none.
    clipped_fraction : share of the view, black left out, where a channel is at 0: colours stronger than a
        picture can hold, 0 to 1.
    background_level : brightness of the empty background, 0 to 255.
    saturated_fraction : share of the view at 255 in every channel, 0 to 1.
    dark_fraction : share of the view darker than a stained cell can be (below 40 of 255), 0 to 1.
    median_diameter_um : median diameter of the red cells, µm; None where there is no cell.
    colour_difference : largest difference of a channel from grey, levels, that one red cell in ten passes.
    hue_spread : how far px of one brightness differ in hue, levels; None: not measured.
    features : what is compared with known thin films; None where there is no red cell.
    lattice : how far a regular pattern stands out, natural logarithm of power, see `segmentation.lattice`.
    hue_turns : how far the hue of the ground turns, as moire does, see `segmentation.artefacts.moire`.
    enlarged : times that it was enlarged after it was taken; 1 where nothing tells.
    blocks : step between the blocks of a JPEG file over that within them.
    colours_a_level : different colours over the levels that it spans; None: not measured.
    light_noise, colour_noise : noise at crop scale, and of the colour at twice its px, over the contrast of
        the cells; None: not measured. See `segmentation.artefacts`.
    """

    red_cells: int
    objects: int
    covered_fraction: float
    overlaps_fraction: float
    sharpness: float | None
    clipped_fraction: float
    background_level: float
    saturated_fraction: float
    dark_fraction: float
    median_diameter_um: float | None = None
    colour_difference: float | None = None
    hue_spread: float | None = None
    features: FieldFeatures | None = None
    lattice: float = 0.0
    hue_turns: float = 0.0
    enlarged: float = 1.0
    blocks: float = 1.0
    colours_a_level: float | None = None
    light_noise: float | None = None
    colour_noise: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideMeasures:
    """What was measured of a slide.

    Attributes
    ----------
    fields : one record a field that was read.
    counted : red cells in the denominator.
    um_per_px : µm per level-0 px, None where it could not be found.
    scale_spread : largest relative difference between the fields' estimated scales, None where the scale was
        not estimated.
    rejected_um_per_px : pixel size that the file states and the cells contradict; None where they agree.
    cells_um_per_px : pixel size by the cells, where another was given; None where none was given or no cell
        could be measured.
    failed_parts : parts that could not be worked on.
    """

    fields: tuple[FieldMeasures, ...]
    counted: int
    um_per_px: float | None
    scale_source: ScaleSource
    scale_spread: float | None = None
    rejected_um_per_px: float | None = None
    cells_um_per_px: float | None = None
    failed_parts: int = 0
