"""What the detector finds in a picture, were it as wide as a platelet, a red cell, two, or a white cell."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.tight import place_cell
from models.runtime import Network
from segmentation.detections import Detections, Kind, overlap_with
from segmentation.detector import detect
from segmentation.resample import DETECTOR_UM_PER_PX
from segmentation.scale import RED_CELL_UM

__all__ = ["PictureObjects", "find_objects"]

PLATELET_UM, LARGE_CELL_UM, WHITE_CELL_UM, SEVERAL_UM = 3.0, 10.0, 14.0, 2.5 * RED_CELL_UM
"""Widths that the picture is taken to have: of a platelet, of a red cell swollen by a late stage, of a white
cell or of two red cells, and of a part of a film (Turgeon, Clinical Hematology, 6th ed.)."""
SOUGHT_SCORE, SURE_SCORE = 0.1, 0.3
"""Least detector scores of the one object that is sought, and of each of several small ones."""
WHOLE = 0.8
"""Share of a cell's box inside the picture from which on it is whole in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureObjects:
    """What is found in a picture of any size.

    Attributes
    ----------
    red_fit, white_fit, platelet_fit : best overlap of an object's box with the picture's, times its score,
        0 to 1, at the widths of that kind.
    white_score : best score of a white cell, 0 to 1, were the picture as wide as one.
    second, third : score of the second surest whole red cell, and of the third surest of all, 0 to 1.
    small : red cells found, were the picture `SEVERAL_UM` wide.
    """

    red_fit: float
    white_fit: float
    platelet_fit: float
    white_score: float
    second: float
    third: float
    small: int


def find_objects(picture: NDArray[np.uint8], um_per_px: float | None, network: Network) -> PictureObjects:
    """What the detector finds in a picture, uint8 (H, W, 3), RGB, without a black surround.

    Parameters
    ----------
    um_per_px : µm per px of the picture; None where it is not known: it is as wide as each kind then.
    """
    usual, large, white, tiny, several = (
        _Found.of(picture, um, network)
        for um in (RED_CELL_UM, LARGE_CELL_UM, WHITE_CELL_UM, PLATELET_UM, SEVERAL_UM)
    )
    red = [usual, large]
    if um_per_px is not None:
        side = (picture.shape[0] * picture.shape[1]) ** 0.5
        red.append(_Found.of(picture, um_per_px * side, network))
    return PictureObjects(
        red_fit=max(found.fit(Kind.RED_CELL) for found in red),
        white_fit=white.fit(Kind.WHITE_CELL),
        platelet_fit=tiny.fit(Kind.PLATELET),
        white_score=float(white.of_kind(Kind.WHITE_CELL).scores.max(initial=0.0)),
        second=max(usual.whole_red(2), white.whole_red(2)),
        third=_nth(usual.of_kind(Kind.RED_CELL).scores, 3),
        small=int((several.of_kind(Kind.RED_CELL).scores >= SURE_SCORE).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Objects of the picture, in px of the detector, and the picture's own box."""

    objects: Detections
    box: NDArray[np.float32]

    @classmethod
    def of(cls, picture: NDArray[np.uint8], um: float, network: Network) -> "_Found":
        """Were the picture, or the square of its area, so many µm wide."""
        height, width = picture.shape[:2]
        placed = place_cell(picture, um / (height * width) ** 0.5)
        half = np.asarray(placed.side_um, np.float32) / DETECTOR_UM_PER_PX / 2
        middle = np.float32(placed.canvas.shape[0] / 2)
        return cls(
            objects=detect(placed.canvas, network, SOUGHT_SCORE),
            box=np.concatenate([middle - half, middle + half]),
        )

    def of_kind(self, kind: Kind) -> Detections:
        return self.objects.take(self.objects.kinds == kind)

    def fit(self, kind: Kind) -> float:
        """Best overlap of one of the kind with the picture, times its score, 0 to 1; 0 where none is."""
        some = self.of_kind(kind)
        return float((overlap_with(self.box, some.boxes) * some.scores).max(initial=0.0))

    def whole_red(self, number: int) -> float:
        """Score of the so many surest red cell that lies in the picture; 0 where there are fewer."""
        red = self.of_kind(Kind.RED_CELL)
        low, high = (
            np.maximum(red.boxes[:, :2], self.box[:2] - 1),
            np.minimum(red.boxes[:, 2:], self.box[2:] + 1),
        )
        inside = np.prod(np.maximum(high - low, 0), axis=1)
        whole = inside > WHOLE * np.prod(red.boxes[:, 2:] - red.boxes[:, :2], axis=1)
        return _nth(red.scores[whole], number)


def _nth(scores: NDArray[np.float32], number: int) -> float:
    """The so many highest score; 0 where there are fewer."""
    return float(np.sort(scores)[-number]) if len(scores) >= number else 0.0
