"""What spoils a picture, measured on parts of it as it is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.artefacts.enlarged import both_ways, enlarged_times
from segmentation.artefacts.moire import hue_turns
from segmentation.artefacts.noise import Noise, noise_of
from segmentation.artefacts.palette import colours_a_level
from segmentation.artefacts.stored_blocks import stored_blocks

__all__ = ["Artefacts", "find_artefacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefacts:
    """Measures of a picture.

    Attributes
    ----------
    enlarged : times it was enlarged after it was taken; 1 where nothing tells.
    blocks : step between blocks of 8 px over that within them; 1 where none are seen.
    colours_a_level : different colours over the levels that it spans; None: not measured.
    noise : over the contrast of the cells; None: not measured.
    hue_turns : how far the hue of the ground turns, see `segmentation.artefacts.moire`.
    """

    enlarged: float = 1.0
    blocks: float = 1.0
    colours_a_level: float | None = None
    noise: Noise | None = None
    hue_turns: float = 0.0


def find_artefacts(
    windows: Sequence[NDArray[np.uint8]], white: NDArray[np.float32], film: Sequence[float]
) -> Artefacts:
    """Measures of a picture by parts of it, uint8 (h, w, 3) each, as stored; the rest as `noise_of`."""
    sides = [side for window in windows for side in both_ways(window)]
    enlarged = enlarged_times(sides)
    return Artefacts(
        enlarged=enlarged,
        blocks=stored_blocks(sides) if enlarged == 1 else 1.0,
        colours_a_level=colours_a_level(windows),
        noise=noise_of(windows, white, film),
        hue_turns=hue_turns(windows),
    )
