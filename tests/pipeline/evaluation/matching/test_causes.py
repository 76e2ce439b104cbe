"""What became of a labelled red cell that was not matched."""

import numpy as np
import pytest

from pipeline.evaluation.matching.causes import causes_of
from pipeline.evaluation.matching.cells import Places


def places(*centres: tuple[float, float], half: float = 10.0, boxed: bool = True) -> Places:
    centre = np.asarray(centres, float).reshape(-1, 2)
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    boxes = boxes if boxed else np.full_like(boxes, np.nan)
    return Places(centres=centre, boxes=boxes, cut=np.zeros(len(centre), bool))


@pytest.mark.parametrize("boxed", [True, False])
def test_each_cause_is_told_of_boxes_and_of_points(boxed: bool) -> None:
    missed = places((50, 50), (150, 50), (50, 150), (150, 150), (250, 50), boxed=boxed)
    found = places((53, 50), (151, 50), (50, 152), (155, 150), (55, 50))
    kinds = np.asarray(["white_cell", "artefact", "platelet", "red_cell", "red_cell"], object)
    # The last cell is nowhere near an object; the fourth lies in the box of another label.
    told = causes_of(missed, found, kinds, np.asarray([3, 4]), 20.0)
    assert told.tolist() == ["white_cell", "artefact", "platelet", "shared", "nothing"]


def test_a_red_cell_that_fits_badly_is_misplaced() -> None:
    found = places((50, 50))
    told = causes_of(places((58, 50), (90, 50)), found, np.asarray(["red_cell"], object), np.arange(0), 20.0)
    assert told.tolist() == ["misplaced", "nothing"]


def test_without_an_object_nothing_was_found() -> None:
    assert causes_of(places((5, 5)), places(), np.empty(0, object), np.arange(0), 20.0).tolist() == [
        "nothing"
    ]
