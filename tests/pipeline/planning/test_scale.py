"""Scale of a slide: what is given goes before the file, and a plausible file before the cells."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pytest

from models.manifest import read_manifest, shipped
from pipeline.errors import ScaleError, SlideError
from pipeline.networks import Detector
from pipeline.planning.field import field_light
from pipeline.planning.scale import find_scale
from pipeline.reader.slide import Slide
from pipeline.settings import CountSettings
from tests.segmentation.disc_pictures import DiscNetwork, draw_discs

CELL_PX = 64
TRUE = 7.5 / CELL_PX


@dataclass
class DrawnField:
    """A field in memory, as the reader gives one."""

    picture: np.ndarray
    um_per_px: float | None = None
    name: str = "drawn"

    @property
    def width(self) -> int:
        return self.picture.shape[1]

    @property
    def height(self) -> int:
        return self.picture.shape[0]

    def stored_shrink(self, shrink: int) -> int:
        """All of it is stored at full resolution."""
        return 1

    def read(self, x, y, width, height, shrink):
        part = np.pad(self.picture, ((0, 64), (0, 64), (0, 0)), mode="edge")[y : y + height, x : x + width]
        means = part.reshape(height // shrink, shrink, width // shrink, shrink, 3).mean(axis=(1, 3))
        return np.rint(means).astype(np.uint8)


@dataclass
class DrawnSlide:
    fields: tuple[DrawnField, ...]
    name: str = "slide"


def cells(um_per_px=None, cell_px=CELL_PX) -> DrawnField:
    places = np.arange(cell_px, 640, 1.5 * cell_px)
    discs = [(float(x), float(y), cell_px / 2) for x in places for y in places]
    return DrawnField(draw_discs(680, 680, discs), um_per_px)


def scale_of(*fields, **settings):
    slide = cast(Slide, DrawnSlide(fields))
    lights = {index: field_light(field) for index, field in enumerate(fields)}
    manifest = read_manifest(shipped("detector"), "detector")
    return find_scale(
        slide, lights, CountSettings(**settings), Detector(network=DiscNetwork(), manifest=manifest)
    )


def test_a_given_size_is_taken_as_it_is():
    found = scale_of(cells(0.3), um_per_px=0.2)
    assert (found.um_per_px, found.source, found.of_field(cells(0.3))) == (0.2, "given", 0.2)


def test_a_plausible_statement_of_the_file_goes_before_the_estimate():
    found = scale_of(cells(TRUE * 1.2))
    assert (found.um_per_px, found.source) == (TRUE * 1.2, "metadata")


@pytest.mark.parametrize("wrong", [3.0, 1 / 3])
def test_a_statement_that_the_cells_contradict_is_not_believed(wrong):
    found = scale_of(cells(TRUE * wrong))
    assert found.source == "estimated"
    assert found.um_per_px == pytest.approx(TRUE, rel=0.04)
    assert found.rejected_um_per_px == pytest.approx(TRUE * wrong)


def test_without_a_statement_the_cells_tell():
    found = scale_of(cells())
    assert found.source == "estimated"
    assert found.um_per_px == pytest.approx(TRUE, rel=0.04)
    assert found.spread == 0


def test_a_few_fields_speak_for_the_slide_and_their_difference_is_told():
    found = scale_of(cells(cell_px=60), cells(cell_px=64), cells(cell_px=68))
    assert found.um_per_px == pytest.approx(7.5 / 64, rel=0.04)
    assert found.spread == pytest.approx(8 / 64, rel=0.4)


def test_where_the_file_speaks_and_no_cell_is_found_the_file_is_believed():
    empty = DrawnField(np.full((680, 680, 3), 230, np.uint8), 0.1)
    assert scale_of(empty).source == "metadata"


def test_fields_that_state_their_own_size_keep_it():
    fields = (cells(TRUE), cells(TRUE * 1.1), cells())
    found = scale_of(*fields)
    assert [found.of_field(field) for field in fields[:2]] == [TRUE, TRUE * 1.1]
    assert found.of_field(fields[2]) == pytest.approx(TRUE * 1.05)


def darkened(field: DrawnField, share: float) -> DrawnField:
    return DrawnField((field.picture * share).astype(np.uint8), field.um_per_px)


@pytest.mark.parametrize("settings", [{}, {"um_per_px": 0.2}])
def test_photos_too_dark_to_be_judged_do_not_speak_for_the_slide(settings):
    good, dark = [cells()] * 2, [darkened(cells(cell_px=90), 0.2)] * 3
    found = scale_of(*good, *dark, **settings)
    assert (found.cells_um_per_px or found.um_per_px) == pytest.approx(TRUE, rel=0.04)
    assert set(found.others) == {2, 3, 4}
    alone = scale_of(*dark, **settings)
    assert (alone.cells_um_per_px or alone.um_per_px) == pytest.approx(7.5 / 90, rel=0.04)


def test_photos_too_dark_to_be_judged_do_not_contradict_the_file():
    found = scale_of(cells(TRUE), *[darkened(cells(TRUE, cell_px=130), 0.2)] * 2)
    assert (found.source, found.um_per_px) == ("metadata", TRUE)


def test_a_slide_without_cells_or_statement_says_what_to_do():
    with pytest.raises(ScaleError, match="--um-per-px") as caught:
        scale_of(DrawnField(np.full((680, 680, 3), 230, np.uint8)))
    assert "\n" not in str(caught.value)


def test_a_slide_whose_cells_cannot_be_read_is_told_as_damaged():
    class Damaged(DrawnField):
        def read(self, x, y, width, height, shrink):
            if shrink == 1 or height < self.height // 2:
                raise SlideError("drawn is truncated or damaged; copy it again")
            return super().read(x, y, width, height, shrink)

    with pytest.raises(SlideError, match="truncated or damaged"):
        scale_of(Damaged(np.full((680, 680, 3), 230, np.uint8)))
