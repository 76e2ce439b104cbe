"""Limits of a picture of one red cell."""

from dataclasses import dataclass

__all__ = ["OneCellLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCellLimits:
    """Limits of a picture of one cell; how many cells and other things pass each: docs/lab/one_cell.md.

    Attributes
    ----------
    longest_px : longest side; the largest red cell that is counted is 280 px across.
    fewest_px : shorter side; of a count's cells of 7.5 µm, 15 px across, half of the infected ones are lost.
    shortest_um, longest_um : sides at a stated scale, µm; of 900 counted cells none was longer than 11.
    narrowest_um : square root of the area at a stated scale, µm; most platelets are smaller.
    aspect : longest side / shortest.
    sharpness : of the strongest edges; see `segmentation.sharpness`.
    vivid : difference of a px's channels; drawn lines and letters have more, stain has not, levels of 255.
    colour : difference of a channel from grey that one px in ten of the cell passes, levels of 255.
    green_share : of the deeper of red's and blue's absorbance that green's is at least.
    ground : darkest channel of the brightest px, levels of 255.
    stained_share : of the picture that is stained.
    cut_aspect, cut_side, free_side : longest side / shortest from which on a cell is cut where a long side is
        stained to more than this share of its length and the opposite one to less than that.
    closed_side : the same share from which on a side is stained; of an inverted or framed picture three are.
    fit, cut_out_fit : least overlap of a found red cell's box with the picture's, times its score, of a
        picture with background around the cell, and of one with a black surround; 0 to 1.
    two_score, three_score : least detector score of each of two whole red cells in it, and of three.
    small_cells : red cells found, were the picture 2.5 cells wide; fewer are one cell.
    white_fit : fit as a white cell above which what is not called infected is one.
    white_score : detector's score as a white cell above which it is one even where it is called infected.
    platelet_fit, platelet_share : fit as a platelet above which it is one, and the same in units of the
        fit as a red cell, where it is less sharp than platelet_sharpness: it was enlarged.
    nucleus_share, nucleus_green, nucleus_red, nucleus_blue : a cell holds a nucleus where its dark part takes
        up more than this share of it and absorbs more green, and where the darkest of it absorbs more red and
        less blue than these times its green.
    """

    longest_px: int = 450
    fewest_px: int = 15
    shortest_um: float = 3.0
    longest_um: float = 14.0
    narrowest_um: float = 4.0
    aspect: float = 2.0
    sharpness: float = 1.15
    vivid: float = 225.0
    colour: float = 3.0
    green_share: float = 0.5
    ground: float = 60.0
    stained_share: float = 0.93
    cut_aspect: float = 1.42
    cut_side: float = 0.87
    free_side: float = 0.65
    closed_side: float = 0.8
    fit: float = 0.15
    cut_out_fit: float = 0.12
    two_score: float = 0.56
    three_score: float = 0.45
    small_cells: int = 8
    white_fit: float = 0.36
    white_score: float = 0.72
    platelet_fit: float = 0.15
    platelet_share: float = 0.6
    platelet_sharpness: float = 1.3
    nucleus_share: float = 0.2
    nucleus_green: float = 0.8
    nucleus_red: float = 0.45
    nucleus_blue: float = 0.25
