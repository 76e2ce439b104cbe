"""Every limit of quality control: what warns, and what refuses."""

from dataclasses import dataclass

from pipeline.planning.field import LEAST_BACKGROUND, MOST_BACKGROUND, MOST_DARK, MOST_WHITE

__all__ = ["QualityLimits", "VisibilityLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """Limits of quality control. A refusal takes a gross case; all else warns.

    Attributes
    ----------
    counted_min : red cells; CDC asks for 500 at least, DESIGN section 4.
    background_max, background_min : brightness of the background, 0 to 255.
    saturated_max : share of the view at full white, background included, 0 to 1.
    dark_max : share of the view too dark for a stained cell, 0 to 1.
    covered_max, overlaps_max : share of the view covered, and of the cells that overlap, of a film too thick
        to separate the cells; both must be passed, 0 to 1.
    covered_min : share of the view covered in a film too thin to be a fair part of the smear, 0 to 1.
    lattice_max : how far a regular pattern may stand out, natural logarithm of power; of 1,460 real fields
        none has more than 4.05, see docs/lab/novelty_pictures.md.
    hue_turns_max : how far the hue of the ground may turn, natural logarithm; of 1,460 real fields 0.018 at
        most, in one (the next 0.0157), of 27 photos of screens 25 more, see the same.
    brighter_max : how much brighter than the empty background the usual red cell may be in a channel,
        absorbance below 0 (natural logarithm); of 1,460 real fields 0.030 at most, in one (the next 0.017).
    scale_spread_max : relative difference between the fields' estimated scales.
    """

    counted_min: int = 500
    background_max: float = MOST_BACKGROUND
    background_min: float = LEAST_BACKGROUND
    saturated_max: float = MOST_WHITE
    dark_max: float = MOST_DARK
    covered_max: float = 0.7
    overlaps_max: float = 0.6
    covered_min: float = 0.02
    lattice_max: float = 4.6
    hue_turns_max: float = 0.022
    brighter_max: float = 0.045
    scale_spread_max: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityLimits:
    """Where infected cells are lost: warned of where a tenth of them are, refused where half of them are.

    Measured by degrading real fields step by step, see docs/lab/visibility.md, which also says where good
    fields forbid a stricter limit.

    Attributes
    ----------
    sharp_hidden : sharpness below which one infected cell in twenty was found at most, and hardly a ring.
    sharp_refuse : below which none was found, of any stage.
    px_warn, px_refuse : µm per px.
    cell_low_warn, cell_high_warn, cell_low_refuse, cell_high_refuse : median diameter of the red cells, µm.
    given_ratio : of a given size of a pixel and that by the cells, one way or the other, as for a file's.
    colour_min : largest difference of a channel from grey, levels, that one cell in ten passes.
    hue_min : spread of the hues of px of one brightness, levels: a grey picture that is toned, as sepia, has
        at most 1.6, one of 8 colours 1.3 in the middle, of 165 good fields none less than 3.5.
    faded_warn, faded_refuse : colour difference of the cells, as for `colour_min`, times the largest
        difference between the channels' absorbances of the deepest stain.
    clipped_warn, clipped_refuse : share of the view where a channel is at 0, 0 to 1.
    order_warn, order_refuse : logarithm of how much likelier another order of the channels is.
    enlarged_warn, enlarged_refuse : µm per px before a picture was enlarged.
    palette_max : different colours over the levels that a picture spans; of 202 good fields none has fewer
        than 9, photos at 3 to 10% of the light have 14.
    blocks_warn, blocks_refuse : step between the blocks of a JPEG file over that within; of good fields at
        most 2.7.
    light_noise_warn, light_noise_refuse, colour_noise_warn, colour_noise_refuse : over the contrast of the
        cells; of good fields at most 0.055 and 0.064.
    """

    sharp_hidden: float = 1.21
    sharp_refuse: float = 1.15
    px_warn: float = 0.33
    px_refuse: float = 0.5
    cell_low_warn: float = 5.5
    cell_high_warn: float = 9.0
    cell_low_refuse: float = 4.7
    cell_high_refuse: float = 10.2
    given_ratio: float = 1.6
    colour_min: float = 1.5
    hue_min: float = 2.3
    faded_warn: float = 1.4
    faded_refuse: float = 0.6
    clipped_warn: float = 0.0005
    clipped_refuse: float = 0.0015
    order_warn: float = 2.0
    order_refuse: float = 4.0
    enlarged_warn: float = 0.33
    enlarged_refuse: float = 0.55
    palette_max: float = 3.0
    blocks_warn: float = 2.8
    blocks_refuse: float = 3.3
    light_noise_warn: float = 0.065
    light_noise_refuse: float = 0.15
    colour_noise_warn: float = 0.07
    colour_noise_refuse: float = 0.1
