"""A size of a pixel is taken from a file only where a microscope could have written it."""

import struct
from pathlib import Path
from typing import Any

import pytest
import tifffile

from pipeline.reader.pixel_size import plausible_um_per_px
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.pyramid_files import overwrite
from tests.pipeline.reader.reader_pictures import noise


def um_per_px(path: Path, **options: Any) -> float | None:
    tifffile.imwrite(path, noise(100, 80), photometric="rgb", **options)
    return open_slide(path).fields[0].um_per_px


def rewritten(path: Path, kind: int, value: bytes) -> None:
    """Give the resolution tags another kind of number (TIFF 6.0, section 2) and other bytes."""
    with tifffile.TiffFile(path) as tiff:
        tags = [tiff.pages.first.tags[code] for code in (282, 283)]
    for tag in tags:
        overwrite(path, tag.offset + 2, struct.pack("<H", kind))
        overwrite(path, tag.valueoffset, value)


def test_mean_of_both_axes_is_taken_where_they_agree():
    assert plausible_um_per_px(0.250, 0.252) == pytest.approx(0.251)
    assert plausible_um_per_px(0.25, 0.30) is None


@pytest.mark.parametrize("size", [None, 0.0, -0.25, 0.019, 2.1, float("nan"), float("inf")])
def test_absurd_size_is_not_taken(size: float | None):
    assert plausible_um_per_px(size, size) is None


def test_resolution_in_centimetres_and_inches_is_taken(tmp_path: Path):
    per_cm = um_per_px(tmp_path / "a.tif", resolution=(40_000, 40_000), resolutionunit="CENTIMETER")
    per_inch = um_per_px(tmp_path / "b.tif", resolution=(101_600, 101_600), resolutionunit="INCH")
    assert per_cm == pytest.approx(0.25)
    assert per_inch == pytest.approx(0.25)


@pytest.mark.parametrize(("dpi", "unit"), [(72, "INCH"), (300, "INCH"), (1, "NONE"), (40_000, "NONE")])
def test_resolution_of_a_screen_or_without_a_unit_is_not_taken(tmp_path: Path, dpi: int, unit: str):
    assert um_per_px(tmp_path / "a.tif", resolution=(dpi, dpi), resolutionunit=unit) is None


@pytest.mark.parametrize("resolution", [(0, 1), (1, 0), (0, 0), (1, 10**9), (10**9, 1), (2**32 - 1, 1)])
def test_absurd_resolution_is_not_taken(tmp_path: Path, resolution: tuple[int, int]):
    path = tmp_path / "a.tif"
    assert um_per_px(path, resolution=(1, 1), resolutionunit="CENTIMETER") is None
    for kind, form in ((5, "<II"), (10, "<ii")):
        rewritten(path, kind, struct.pack(form, *(min(part, 2**31 - 1) for part in resolution)))
        assert open_slide(path).fields[0].um_per_px is None


@pytest.mark.parametrize("size", [-1.0, float("nan"), float("inf"), 0.0, 1e-9, 1e9])
def test_resolution_written_as_another_kind_of_number_is_not_taken(tmp_path: Path, size: float):
    path = tmp_path / "a.tif"
    um_per_px(path, resolution=(1, 1), resolutionunit="CENTIMETER")
    rewritten(path, 12, struct.pack("<d", size))
    assert open_slide(path).fields[0].um_per_px is None
    rewritten(path, 10, struct.pack("<ii", -40_000, 1))
    assert open_slide(path).fields[0].um_per_px is None


@pytest.mark.parametrize(
    ("size", "unit", "expected"),
    [
        (0.11, "µm", 0.11),
        (110.0, "nm", 0.11),
        (0.00011, "mm", 0.11),
        (1.0, "pixel", None),
        (25.0, "µm", None),
    ],
)
def test_ome_physical_size_is_taken_in_its_unit(
    tmp_path: Path, size: float, unit: str, expected: float | None
):
    metadata = {
        "axes": "YXS",
        "PhysicalSizeX": size,
        "PhysicalSizeXUnit": unit,
        "PhysicalSizeY": size,
        "PhysicalSizeYUnit": unit,
    }
    stated = um_per_px(tmp_path / "a.ome.tif", metadata=metadata)
    assert stated == (None if expected is None else pytest.approx(expected))


def test_imagej_unit_is_taken(tmp_path: Path):
    stated = um_per_px(tmp_path / "a.tif", imagej=True, resolution=(8.0, 8.0), metadata={"unit": "um"})
    assert stated == pytest.approx(0.125)
