"""Pictures of single cells: the crop of the gallery is the one that the classifier looked at."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.crops import red_cell_crops
from classifier.predict import predict
from classifier.stain import even_stain
from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.evaluation.plots.cell_views import PHOTO_PX, CellView, field_views
from pipeline.networks import load_classifier, load_detector
from pipeline.planning.field import read_window
from pipeline.planning.slide import plan_slide
from pipeline.reader.slide import open_slide
from pipeline.settings import CountSettings
from pipeline.synthetic.field import RenderSettings, render_set
from pipeline.training.data.fields import read_rgb
from segmentation.detections import Kind
from segmentation.segment import segment

UM_PER_PX = 0.12
SETTINGS = CountSettings(um_per_px=UM_PER_PX)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawn = RenderSettings(width=600, height=420, um_per_px=UM_PER_PX, seed=8, parasitaemia=0.4)
    folder = render_set(drawn, tmp_path_factory.mktemp("smear") / "set")
    return next((folder / "images").iterdir())


@pytest.fixture(scope="module")
def result(image: Path) -> CountResult:
    return count_slide(image, SETTINGS)


def views_of(image: Path, cells: pd.DataFrame) -> list[CellView]:
    return list(field_views(image, UM_PER_PX, cells, load_detector(SETTINGS)))


def crops_at(image: Path, cells: pd.DataFrame) -> np.ndarray:
    """The crops with their marks, of the counted cells, cut from the whole field at once."""
    detector = load_detector(SETTINGS)
    with open_slide(image) as slide:
        plan = plan_slide(slide, image, SETTINGS, detector).fields[0]
        window = (0, 0, plan.grid.width, plan.grid.height)
        picture = read_window(slide.fields[0], plan.grid, plan.light, window)
    core = (0, 0, plan.grid.width // 2, plan.grid.height // 2)
    cut = segment(picture, core, detector.network, detector.manifest.threshold)
    red = cut.found.take(cut.found.kinds == Kind.RED_CELL)
    apart = red.centres[None] * plan.step - cells[["x", "y"]].to_numpy(float)[:, None]
    return red_cell_crops(even_stain(picture, plan.absorbance), cut)[
        np.hypot(*apart.transpose(2, 0, 1)).argmin(axis=1)
    ]


def test_the_crop_of_the_gallery_has_the_probability_of_the_count(image: Path, result: CountResult) -> None:
    cells = result.cells[result.cells["kind"] == "red_cell"].iloc[::4]
    crops = [view.seen for view in views_of(image, cells)]
    assert len(crops) >= 8 and all(crop is not None for crop in crops)
    classifier = load_classifier(SETTINGS)
    marked = crops_at(image, cells)
    np.testing.assert_array_equal(np.stack([crop for crop in crops if crop is not None]), marked[..., :3])
    again = predict(marked, classifier.network, classifier.calibration).p_infected
    np.testing.assert_allclose(again, cells["p_infected"].to_numpy(float), atol=1e-6)


def test_the_box_lies_on_the_cell_in_the_photo(image: Path, result: CountResult) -> None:
    picture = read_rgb(image)
    cells = result.cells[(result.cells["kind"] == "red_cell") & result.cells["counted"]].iloc[:6]
    for cell, view in zip(cells.to_dict("records"), views_of(image, cells), strict=True):
        assert view.photo.shape == (PHOTO_PX, PHOTO_PX, 3) and view.box is not None
        x_min, y_min, x_max, y_max = view.box
        scale = (x_max - x_min) / (cell["x_max"] - cell["x_min"])
        assert scale == pytest.approx((y_max - y_min) / (cell["y_max"] - cell["y_min"]))
        middle = picture[round(cell["y"]), round(cell["x"])].astype(int)
        shown = view.photo[round((y_min + y_max) / 2), round((x_min + x_max) / 2)].astype(int)
        assert np.abs(middle - shown).max() <= 40
        assert 0 <= x_min < x_max <= PHOTO_PX and 0 <= y_min < y_max <= PHOTO_PX


def test_a_cell_that_was_not_detected_has_a_box_of_the_usual_size_and_no_crop(image: Path) -> None:
    nowhere = dict.fromkeys(("x_min", "y_min", "x_max", "y_max", "p_infected"), np.nan)
    (view,) = views_of(image, pd.DataFrame([{"x": 2.0, "y": 2.0, **nowhere}]))
    assert view.seen is None and view.box is not None
    side = 7.5 / UM_PER_PX * PHOTO_PX / (2 * round(2.4 * 7.5 / UM_PER_PX / 2))
    assert view.box[2] - view.box[0] == pytest.approx(side)
    assert (view.photo[:20, :20] == 255).all(), "white lies beyond the border of the photo"
