"""The stain of a slide is evened wherever on it the cells lie."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_field

UM_PER_PX = 0.25
SIDE_PX = 640


def counted(picture: np.ndarray, path: Path) -> CountResult:
    cv2.imwrite(str(path), picture[..., ::-1])
    return count_slide(path, CountSettings(um_per_px=UM_PER_PX))


def test_cells_that_lie_aside_of_the_middle_are_judged_as_those_in_it(tmp_path: Path) -> None:
    settings = RenderSettings(width=SIDE_PX, height=SIDE_PX, um_per_px=UM_PER_PX, parasitaemia=0.1)
    field = render_field(settings, np.random.default_rng(2)).image
    glass = np.median(field[field[..., 1] > np.percentile(field[..., 1], 80)], axis=0).astype(np.uint8)
    wide = np.full((3 * SIDE_PX, 3 * SIDE_PX, 3), glass)
    wide[:SIDE_PX, :SIDE_PX] = field
    alone, aside = counted(field, tmp_path / "alone.png"), counted(wide, tmp_path / "aside.png")
    (near,), (far,) = alone.summary.fields, aside.summary.fields
    assert near.cell_absorbance is not None
    assert far.cell_absorbance == pytest.approx(near.cell_absorbance, rel=0.2, abs=0.02)
    cells = [result.cells[result.cells["kind"] == "red_cell"] for result in (alone, aside)]
    both = cells[0].round({"x": 0, "y": 0}).merge(cells[1].round({"x": 0, "y": 0}), on=["x", "y"])
    assert len(both) > 0.5 * len(cells[0]) > 40
    infected = both["p_infected_x"] >= 0.5
    assert infected.sum() >= 4
    assert ((both["p_infected_x"] - both["p_infected_y"]).abs() < 0.25).mean() > 0.97
