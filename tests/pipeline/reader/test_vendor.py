"""A scanner maker's slide is read by region through OpenSlide."""

import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.slide import open_slide
from pipeline.reader.vendor import VendorField
from tests.pipeline.reader.reader_contract import ReaderContract
from tests.pipeline.reader.reader_pictures import (
    block_means,
    smooth,
    whole,
    write_aperio,
)


class TestAperio(ReaderContract):
    """1603 / 400 and 1201 / 300 are not whole: a read that began anywhere would be interpolated anew."""

    reader = VendorField
    file_name = "a.svs"
    size = (1603, 1201)
    slack, edge_slack = 4.0, 12.0

    @classmethod
    def write(cls, path: Path, picture: NDArray[np.uint8]) -> Path:
        return write_aperio(path, picture)


@pytest.mark.parametrize("name", ["slide.svs", "slide.tif"])
def test_vendor_slide_is_known_by_its_ending_or_its_content(tmp_path: Path, name: str):
    picture = smooth(1003, 601)
    with open_slide(write_aperio(tmp_path / name, picture)) as slide:
        (field,) = slide.fields
        assert isinstance(field, VendorField)
        assert (slide.name, field.width, field.height) == ("slide", 1003, 601)
        assert field.um_per_px == pytest.approx(0.25)
        assert np.array_equal(whole(field, 1), picture)


@pytest.mark.parametrize("shrink", [2, 4, 8, 32])
def test_reduced_vendor_slide_is_the_block_mean(tmp_path: Path, shrink: int):
    picture = smooth(1003, 601)
    field = open_slide(write_aperio(tmp_path / "a.svs", picture)).fields[0]
    difference = np.abs(whole(field, shrink) - block_means(picture, shrink))
    assert difference[: 601 // shrink, : 1003 // shrink].max() <= 4
    assert difference.max() <= 12


@pytest.mark.parametrize("mpp", ["0", "-0.25", "nan", "inf", "1e-9", "1e9", "0.25 um", ""])
def test_absurd_pixel_size_is_not_taken(tmp_path: Path, mpp: str):
    assert open_slide(write_aperio(tmp_path / "a.svs", smooth(300, 200), mpp=mpp)).fields[0].um_per_px is None


def test_slide_is_read_on_after_a_damaged_tile(tmp_path: Path):
    path = write_aperio(tmp_path / "a.svs", smooth(512, 512))
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages.first.dataoffsets[0]
    data = bytearray(path.read_bytes())
    data[offset : offset + 64] = bytes(64)
    path.write_bytes(data)
    field = open_slide(path).fields[0]
    for _ in range(2):
        with pytest.raises(SlideError, match="truncated or damaged at x 0, y 0") as caught:
            field.read(0, 0, 128, 128, 1)
        assert "its data cannot be decoded" in str(caught.value)
        assert not re.search("TIFF[A-Z]|Decode|scanline|\\n", str(caught.value)), "words of a library"
    assert (
        np.abs(field.read(256, 256, 128, 128, 1).astype(int) - smooth(512, 512)[256:384, 256:384]).max() <= 6
    )


def test_why_a_slide_cannot_be_opened_is_said_in_words_of_ours(tmp_path: Path):
    (tmp_path / "a.vms").write_text("[Virtual Microscope Specimen]\nNoLayers=1\nImageFile=gone.jpg\n")
    write_aperio(tmp_path / "b.svs", smooth(512, 512))
    data = (tmp_path / "b.svs").read_bytes()
    packed = data.index(bytes.fromhex("0301030001000000"))  # the tag of how the picture is packed
    (tmp_path / "b.svs").write_bytes(data[: packed + 8] + (34712).to_bytes(2, "little") + data[packed + 10 :])
    for name, words in (
        ("a.vms", "of no scanner that is known|cannot be decoded"),
        ("b.svs", "packed in a way"),
    ):
        with pytest.raises(SlideError, match=f"cannot be opened as a whole slide: .*({words})"):
            open_slide(tmp_path / name)


@pytest.mark.parametrize("name", ["a.svs", "a.ndpi", "a.mrxs"])
def test_file_that_is_no_slide_is_one_line(tmp_path: Path, name: str):
    (tmp_path / name).write_text("not a slide\n")
    with pytest.raises(SlideError, match=r"cannot be opened as a whole slide.*expected.*copy") as caught:
        open_slide(tmp_path / name)
    assert "\n" not in str(caught.value)
