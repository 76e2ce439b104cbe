"""What every reader owes, whatever the file it reads: one class of tests that each reader's tests inherit."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.field import Field
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_pictures import block_means, noise, smooth, whole

__all__ = ["ReaderContract"]

SHRINKS = (1, 2, 4, 8, 16, 64)
# Several classes run the same property, each on its own form of file: no example is bound to one of them.
_FEW = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
_DAMAGES = settings(_FEW, max_examples=15)


class ReaderContract(ABC):
    """Inherited by the tests of one reader and one form of file.

    Attributes
    ----------
    reader : class of the fields that the form is read by.
    file_name : whose ending tells the form.
    size : width and height of the picture; the default is a multiple of no shrink.
    slack, edge_slack : most that a reduced px differs from the mean of its block, grey levels; of blocks that
        lie whole in the picture, and of those that its last rows and columns are repeated for.
    """

    reader: ClassVar[type]
    file_name: ClassVar[str]
    size: ClassVar[tuple[int, int]] = (301, 203)
    slack: ClassVar[float] = 0.51
    edge_slack: ClassVar[float] = 0.51

    @classmethod
    @abstractmethod
    def write(cls, path: Path, picture: NDArray[np.uint8]) -> Path:
        """Write an RGB picture in this form, without loss where the form can."""

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("contract")

    @pytest.fixture(scope="class")
    @classmethod
    def field(cls, folder: Path) -> Iterator[Field]:
        """Noise: no two regions of it are alike."""
        with open_slide(cls.write(folder / cls.file_name, noise(*cls.size))) as slide:
            (field,) = slide.fields
            yield field

    def test_it_is_read_by_this_reader_in_its_full_size(self, field: Field) -> None:
        assert isinstance(field, self.reader)
        assert (field.width, field.height) == self.size
        assert whole(field, 1).shape == (*self.size[::-1], 3)
        assert whole(field, 1).dtype == np.uint8

    @_FEW
    @given(data=st.data(), shrink=st.sampled_from(SHRINKS))
    def test_a_region_is_what_is_cut_from_the_whole(self, field: Field, data: Any, shrink: int) -> None:
        full = whole(field, shrink)
        x0, x1, y0, y1 = (
            side
            for length in (full.shape[1], full.shape[0])
            for side in sorted(
                data.draw(st.lists(st.integers(0, length), min_size=2, max_size=2, unique=True))
            )
        )
        part = field.read(x0 * shrink, y0 * shrink, (x1 - x0) * shrink, (y1 - y0) * shrink, shrink)
        assert np.array_equal(part, full[y0:y1, x0:x1])

    @pytest.mark.parametrize("shrink", SHRINKS[1:])
    def test_a_reduced_px_is_the_mean_of_its_block(self, tmp_path: Path, shrink: int) -> None:
        """Past the last px the last row and column count as repeated."""
        with open_slide(self.write(tmp_path / self.file_name, smooth(*self.size))) as slide:
            (field,) = slide.fields
            found, expected = whole(field, shrink), block_means(whole(field, 1), shrink)
        assert found.shape == expected.shape
        difference = np.abs(found - expected)
        rows, columns = self.size[1] // shrink, self.size[0] // shrink
        assert difference[:rows, :columns].max() <= self.slack
        assert difference.max() <= self.edge_slack

    @_FEW
    @given(data=st.data(), shrink=st.sampled_from(SHRINKS))
    def test_a_region_off_the_grid_or_outside_is_refused(self, field: Field, data: Any, shrink: int) -> None:
        width, height = (-(-side // shrink) * shrink for side in self.size)
        wrong = [(-shrink, 0, shrink, shrink), (width, 0, shrink, shrink), (0, 0, shrink, height + shrink)]
        wrong += [(0, 0, 0, shrink), (0, 0, shrink, -shrink)]
        if shrink > 1:
            off = data.draw(st.integers(1, shrink - 1))
            wrong += [(off, 0, shrink, shrink), (0, 0, shrink, shrink + off)]
        x, y, w, h = data.draw(st.sampled_from(wrong))
        with pytest.raises(ValueError, match="region"):
            field.read(x, y, w, h, shrink)

    def test_what_was_read_is_the_callers_own(self, field: Field) -> None:
        for shrink in (1, 4):
            before = whole(field, shrink)
            whole(field, shrink)[:] = 7
            assert np.array_equal(whole(field, shrink), before)

    def test_what_is_decoded_is_never_coarser_than_what_is_asked_for(self, field: Field) -> None:
        for shrink in SHRINKS:
            assert 1 <= field.stored_shrink(shrink) <= shrink

    @_DAMAGES
    @given(place=st.floats(0.0, 1.0), kept=st.none() | st.floats(0.0, 1.0), filled=st.sampled_from([0, 255]))
    def test_a_damaged_file_is_read_in_full_size_or_refused_in_one_line(
        self, folder: Path, place: float, kept: float | None, filled: int
    ) -> None:
        """Some bytes are gone, or the end of the file is."""
        path = self.write(folder / f"damaged-{self.file_name}", noise(*self.size))
        data = bytearray(path.read_bytes())
        at = int(place * (len(data) - 1))
        data[at : at + 64] = bytes([filled]) * len(data[at : at + 64])
        path.write_bytes(data if kept is None else data[: int(kept * len(data))])
        try:
            with open_slide(path) as slide:
                (field,) = slide.fields
                for shrink in (1, 4):
                    picture = whole(field, shrink)
                    assert picture.shape == (-(-field.height // shrink), -(-field.width // shrink), 3)
        except SlideError as error:
            assert len(str(error).splitlines()) == 1
            assert "; " in str(error)

    def test_a_closed_slide_holds_no_file_and_is_opened_anew_for_a_later_read(self, tmp_path: Path) -> None:
        path = self.write(tmp_path / self.file_name, noise(*self.size))
        slide = open_slide(path)
        (field,) = slide.fields
        before = whole(field, 4)
        slide.close()
        held = [link for link in Path("/proc/self/fd").glob("*") if _leads_to(link, path)]
        assert held == []
        assert np.array_equal(whole(field, 4), before)
        slide.close()

    def test_another_picture_in_its_place_is_refused_in_one_line(self, tmp_path: Path) -> None:
        with open_slide(self.write(tmp_path / self.file_name, noise(*self.size))) as slide:
            (field,) = slide.fields
            self.write(tmp_path / self.file_name, noise(self.size[0] + 64, self.size[1] + 64))
            with pytest.raises(SlideError) as refused:
                field.read(0, 0, 64, 64, 1)
        assert "\n" not in str(refused.value)


def _leads_to(link: Path, path: Path) -> bool:
    try:
        return link.readlink() == path
    except OSError:
        return False
