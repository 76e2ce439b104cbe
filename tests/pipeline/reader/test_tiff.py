"""TIFF files of every build are read by region, from the level that is needed, in true colours."""

from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader import tiff as tiff_module
from pipeline.reader.field import Field
from pipeline.reader.parts.cache import SegmentCache
from pipeline.reader.slide import open_slide
from pipeline.reader.tiff import TiffField
from tests.pipeline.reader.reader_contract import ReaderContract
from tests.pipeline.reader.reader_pictures import (
    block_means,
    displayed,
    noise,
    smooth,
    whole,
    write_pyramid,
)


def field_of(path: Path) -> Field:
    return open_slide(path).fields[0]


def written(path: Path, pixels: Any, **options: Any) -> Path:
    tifffile.imwrite(path, pixels, **options)
    return path


BUILDS: dict[str, dict[str, Any]] = {
    "one strip": {"rowsperstrip": 151},
    "strips": {"rowsperstrip": 7},
    "packed strips": {"rowsperstrip": 16, "compression": "lzw", "predictor": True},
    "tiles": {"tile": (64, 48)},
    "packed tiles": {"tile": (32, 32), "compression": "zlib"},
    "big": {"tile": (64, 64), "bigtiff": True, "byteorder": ">"},
}


class TestStrips(ReaderContract):
    """One level, in packed strips."""

    reader = TiffField
    file_name = "a.tif"

    @classmethod
    def write(cls, path: Path, picture: NDArray[np.uint8]) -> Path:
        return written(path, picture, photometric="rgb", rowsperstrip=9, compression="zlib")


class TestPyramid(ReaderContract):
    """Three levels, in tiles."""

    reader = TiffField
    file_name = "a.tif"
    slack, edge_slack = 1.1, 4.0

    @classmethod
    def write(cls, path: Path, picture: NDArray[np.uint8]) -> Path:
        return write_pyramid(path, picture, (2, 4))


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_picture_is_read_exactly_however_the_file_is_built(tmp_path: Path, build: str, planes: str):
    picture = noise(203, 151)
    pixels = picture if planes == "contig" else np.moveaxis(picture, 2, 0)
    path = written(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig=planes, **BUILDS[build])
    field = field_of(path)
    assert isinstance(field, TiffField)
    assert (field.width, field.height) == (203, 151)
    assert np.array_equal(whole(field, 1), picture)
    for shrink in (2, 16):
        assert np.abs(whole(field, shrink) - block_means(picture, shrink)).max() <= 0.51


def test_tiles_packed_as_pictures_are_read_in_true_colours(tmp_path: Path):
    picture = smooth(203, 151)
    for packing in ("jpeg", "webp", "jpeg2000"):
        path = written(
            tmp_path / f"{packing}.tif", picture, photometric="rgb", tile=(64, 64), compression=packing
        )
        difference = np.abs(whole(field_of(path), 1).astype(int) - picture)
        assert difference[:128, :192].max() <= 8


@pytest.mark.parametrize("exif", range(1, 9))
@pytest.mark.parametrize("shrink", [1, 4, 16])
def test_tiff_is_read_as_displayed_for_each_orientation(tmp_path: Path, exif: int, shrink: int):
    """The level of factor 4 fits the 203 px wide picture only where it is not mirrored along that side."""
    stored = smooth(203, 152)
    path = write_pyramid(tmp_path / "a.tif", stored, (4,), extratags=[(274, "H", 1, exif, True)])
    field = field_of(path)
    expected = block_means(displayed(stored, exif), shrink)
    assert np.abs(whole(field, shrink) - expected).max() <= 1.1
    part = field.read(3 * shrink, 2 * shrink, 5 * shrink, 4 * shrink, shrink)
    assert np.abs(part - expected[2:6, 3:8]).max() <= 1.1


def test_nearest_level_that_is_not_coarser_is_read(tmp_path: Path):
    """Each level is of one shade, so that the shade tells where a px came from."""
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        options: dict[str, Any] = {"photometric": "rgb", "tile": (64, 64)}
        tiff.write(np.full((512, 640, 3), 10, np.uint8), subifds=2, **options)
        for factor, shade in ((4, 40), (16, 160)):
            level = np.full((512 // factor, 640 // factor, 3), shade, np.uint8)
            tiff.write(level, subfiletype=1, **options)
    shades = [int(field_of(path).read(128, 64, 64, 64, shrink)[0, 0, 0]) for shrink in (1, 2, 4, 8, 16, 64)]
    assert shades == [10, 10, 40, 40, 160, 160]


def test_levels_in_pages_of_their_own_are_found(tmp_path: Path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        for factor, shade in ((1, 10), (2, 20), (4, 40)):
            level = np.full((512 // factor, 640 // factor, 3), shade, np.uint8)
            tiff.write(level, photometric="rgb", tile=(64, 64), subfiletype=int(factor > 1), metadata=None)
    field = field_of(path)
    assert [int(field.read(0, 0, 64, 64, shrink).max()) for shrink in (1, 2, 4, 8)] == [10, 20, 40, 40]


def test_region_larger_than_what_is_held_at_once_is_put_together_in_place(tmp_path: Path):
    picture = smooth(2600, 2300)
    for name, options in (("tiles.tif", {"tile": (256, 256)}), ("strips.tif", {"rowsperstrip": 32})):
        path = written(tmp_path / name, picture, photometric="rgb", compression="zlib", **options)
        assert np.array_equal(whole(field_of(path), 1), picture)
        assert np.abs(whole(field_of(path), 8) - block_means(picture, 8)).max() <= 0.51


def test_small_region_decodes_only_what_it_touches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    decoded: list[int] = []

    class Counting(SegmentCache):
        def get(self, offset: int, decode: Any) -> Any:
            segment = super().get(offset, decode)
            decoded.append(0 if segment is None else segment.nbytes)
            return segment

    monkeypatch.setattr(tiff_module, "SegmentCache", Counting)
    picture = noise(2048, 4096)
    path = written(tmp_path / "a.tif", picture, photometric="rgb", tile=(256, 256), compression="zlib")
    part = field_of(path).read(1000, 2000, 64, 64, 1)
    assert np.array_equal(part, picture[2000:2064, 1000:1064])
    assert 0 < sum(decoded) <= 1 << 20


@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_small_region_of_an_uncompressed_picture_reads_only_its_own_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planes: str
):
    picture = noise(2048, 4096)
    pixels = picture if planes == "contig" else np.ascontiguousarray(np.moveaxis(picture, 2, 0))
    path = written(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig=planes, rowsperstrip=4096)
    field = field_of(path)
    asked: list[int] = []
    read = tifffile.FileHandle.read

    def counting(handle: tifffile.FileHandle, size: int = -1, /) -> bytes:
        asked.append(size)
        return read(handle, size)

    monkeypatch.setattr(tifffile.FileHandle, "read", counting)
    field.read(0, 2000, 1, 64, 1)  # the rows beside it are looked at once, whether any were lost
    assert sum(asked) < 10 << 20
    asked.clear()
    assert np.array_equal(field.read(1000, 2000, 64, 64, 1), picture[2000:2064, 1000:1064])
    assert sum(asked) == 64 * 64 * 3


def test_segments_held_in_memory_stay_within_their_limit():
    cache = SegmentCache()
    decodes: list[int] = []

    def decode(offset: int) -> NDArray[np.uint8]:
        decodes.append(offset)
        return np.zeros((1 << 20, 5, 4), np.uint8)

    for offset in (1, 2, 3, 1, 4, 1, 2):
        cache.get(offset, partial(decode, offset))
    assert decodes == [1, 2, 3, 4, 2]
    assert sum(segment.nbytes for segment in cache._segments.values() if segment is not None) <= 64 << 20


def test_grey_inverted_and_palette_pictures_become_rgb(tmp_path: Path):
    grey = noise(100, 80)[:, :, 0]
    rgb = np.stack([grey] * 3, axis=2)
    assert np.array_equal(whole(field_of(written(tmp_path / "g.tif", grey)), 1), rgb)
    inverted = written(tmp_path / "w.tif", grey, photometric="miniswhite")
    assert np.array_equal(whole(field_of(inverted), 1), 255 - rgb)
    palette = np.arange(768, dtype=np.uint16).reshape(3, 256) * 85
    coloured = written(tmp_path / "p.tif", grey, photometric="palette", colormap=palette)
    assert np.array_equal(whole(field_of(coloured), 1), (palette >> 8).astype(np.uint8).T[grey])


def test_three_channels_in_pages_of_their_own_are_red_green_blue(tmp_path: Path):
    picture = noise(100, 80)
    planes = np.ascontiguousarray(np.moveaxis(picture, 2, 0))
    path = written(tmp_path / "a.ome.tif", planes, photometric="minisblack", metadata={"axes": "CYX"})
    assert np.array_equal(whole(field_of(path), 1), picture)
    assert open_slide(path).name == "a"


def test_alpha_is_laid_on_white(tmp_path: Path):
    rgba = np.dstack([noise(100, 80), np.full((80, 100), 255, np.uint8)])
    rgba[:, 50:, 3] = 0
    rgba[:10] = (100, 50, 0, 128)
    straight = written(tmp_path / "s.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
    picture = whole(field_of(straight), 1)
    assert np.array_equal(picture[10:, :50], rgba[10:, :50, :3])
    assert (picture[10:, 50:] == 255).all()
    assert picture[0, 0].tolist() == [177, 152, 127]
    premultiplied = written(tmp_path / "p.tif", rgba, photometric="rgb", extrasamples=["assocalpha"])
    assert whole(field_of(premultiplied), 1)[0, 0].tolist() == [227, 177, 127]
    ignored = written(tmp_path / "i.tif", rgba, photometric="rgb", extrasamples=["unspecified"])
    assert np.array_equal(whole(field_of(ignored), 1), rgba[:, :, :3])


def test_16_bit_picture_is_scaled_by_the_bits_in_use_whatever_region_is_read_first(tmp_path: Path):
    picture = noise(300, 200)
    picture[:64, :64] = 3  # alone, this corner would be taken for 12 bits
    for shift, name in ((8, "full.tif"), (4, "camera12.tif"), (0, "eight.tif")):
        deep = picture.astype(np.uint16) << shift
        path = written(tmp_path / name, deep, photometric="rgb", tile=(64, 64))
        assert np.array_equal(field_of(path).read(0, 0, 64, 64, 1), picture[:64, :64])
        assert np.array_equal(whole(field_of(path), 1), picture)


@pytest.mark.parametrize(("stated", "bits"), [(4095, 12), (16383, 14), (65535, 10), (255, 10), (0, 10)])
def test_the_largest_sample_that_a_file_states_says_how_many_bits_are_in_use(
    tmp_path: Path, stated: int, bits: int
):
    """A dim photo of 12 bits is as dim as others of its folder; a tag that the samples pass says nothing."""
    dim = noise(90, 70).astype(np.uint16) << 2
    dim[0, 0] = 1000
    path = written(tmp_path / "a.tif", dim, photometric="rgb", extratags=[(281, "H", 3, (stated,) * 3, True)])
    assert np.array_equal(whole(field_of(path), 1), dim >> (bits - 8))


def test_one_bright_strip_among_many_says_how_many_bits_are_in_use(tmp_path: Path):
    deep = (noise(90, 100).astype(np.uint16) & 15) << 8
    deep[51] = 255 << 8
    path = written(tmp_path / "a.tif", deep, photometric="rgb", rowsperstrip=1, compression="zlib")
    assert np.array_equal(whole(field_of(path), 1), deep >> 8)


def test_tile_without_data_is_empty_glass(tmp_path: Path):
    def tiles() -> Any:
        for k in range(4):
            yield None if k == 1 else np.full((64, 64, 3), 90, np.uint8)

    path = written(
        tmp_path / "a.tif", tiles(), shape=(128, 128, 3), dtype=np.uint8, photometric="rgb", tile=(64, 64)
    )
    picture = whole(field_of(path), 1)
    assert (picture[:64, 64:] == 255).all()
    assert (picture[64:] == 90).all()


def test_damaged_tile_fails_alone(tmp_path: Path):
    picture = noise(512, 512)
    path = written(tmp_path / "a.tif", picture, photometric="rgb", tile=(256, 256), compression="zlib")
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages.first.dataoffsets[1]
    data = bytearray(path.read_bytes())
    data[offset : offset + 64] = bytes(64)
    path.write_bytes(data)
    field = field_of(path)
    with pytest.raises(SlideError, match="truncated or damaged at x 256, y 0") as caught:
        field.read(256, 0, 256, 256, 1)
    assert "\n" not in str(caught.value)
    assert np.array_equal(field.read(0, 0, 256, 256, 1), picture[:256, :256])
    assert np.array_equal(field.read(0, 256, 512, 256, 1), picture[256:])


@pytest.mark.parametrize("options", [{}, {"tile": (64, 64)}, {"rowsperstrip": 16, "compression": "lzw"}])
def test_truncated_tiff_is_one_line_and_prints_nothing(tmp_path: Path, capfd: Any, options: dict[str, Any]):
    path = written(tmp_path / "a.tif", noise(300, 200), photometric="rgb", **options)
    data = path.read_bytes()
    for kept in (10, 200, len(data) // 2):
        path.write_bytes(data[:kept])
        with pytest.raises(SlideError) as caught:
            whole(field_of(path), 1)
        assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("tag", ["ImageWidth", "ImageLength", "TileWidth", "TileLength"])
def test_directory_without_a_size_is_one_line(tmp_path: Path, tag: str):
    path = written(tmp_path / "a.tif", noise(300, 200), photometric="rgb", tile=(64, 64))
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags[tag].overwrite(0)
    with pytest.raises(SlideError, match="truncated or damaged") as caught:
        open_slide(path)
    assert "\n" not in str(caught.value)


def test_piece_that_would_fill_the_memory_is_refused_in_one_line(tmp_path: Path):
    path = written(tmp_path / "a.tif", noise(300, 200), photometric="rgb", compression="lzw")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for tag, value in (("ImageWidth", 100_000), ("ImageLength", 2_100), ("RowsPerStrip", 2_100)):
            tiff.pages.first.tags[tag].overwrite(value)
    with pytest.raises(SlideError, match=r"one piece of 210 megapixels.*at most 200.*tiled TIFF") as caught:
        open_slide(path)
    assert "\n" not in str(caught.value)


def test_stack_of_pictures_is_refused(tmp_path: Path):
    stack = np.stack([noise(100, 80, seed) for seed in range(5)])
    path = written(tmp_path / "a.tif", stack, photometric="rgb")
    with pytest.raises(SlideError, match=r"several pictures.*5 pages.*100 x 80 px.*into one folder"):
        open_slide(path)
    with tifffile.TiffWriter(tmp_path / "b.tif") as tiff:
        for picture in stack[:2]:
            tiff.write(picture, photometric="rgb", metadata=None)
    with pytest.raises(SlideError, match="several pictures"):
        open_slide(tmp_path / "b.tif")


def view(seed: int, width: int = 400, height: int = 320) -> np.ndarray:
    return cv2.resize(noise(50, 40, seed), (width, height), interpolation=cv2.INTER_NEAREST)


OTHER_PAGES: dict[str, tuple[int, list[np.ndarray]]] = {
    "another size": (2, [view(1, 380, 300), view(2, 360, 320)]),
    "the same smaller size": (3, [view(seed, 380, 300) for seed in range(1, 4)]),
    "half the size": (1, [view(1, 200, 160)]),
    "grey": (1, [view(1)[..., 1]]),
    "turned": (1, [np.ascontiguousarray(np.rot90(view(1)))]),
    "none": (0, []),
    "the same view in half the size": (0, [view(0, 200, 160)]),
    "the same view in grey": (0, [view(0)[..., 1]]),
}


@pytest.mark.parametrize("pages", OTHER_PAGES)
def test_pages_of_other_views_are_left_out_and_that_is_said(tmp_path: Path, pages: str):
    number, pictures = OTHER_PAGES[pages]
    with tifffile.TiffWriter(tmp_path / "film.tif") as tiff:
        for picture in (view(0), *pictures):
            tiff.write(picture, photometric="rgb" if picture.ndim == 3 else "minisblack", metadata=None)
    written(tmp_path / "other.tif", view(9), photometric="rgb")
    for source in (tmp_path / "film.tif", tmp_path):
        with open_slide(source) as slide:
            assert np.array_equal(slide.fields[0].read(0, 0, 400, 320, 1), view(0))
            half = slide.fields[0].read(0, 0, 400, 320, 2)
            assert np.abs(half.astype(int) - block_means(view(0), 2)).max() <= 1
        said = [(one.code, one.value) for one in slide.notices]
        assert said == ([("pages_left_out", number)] if number else [])
        assert all(f"film: {number}" in one.text for one in slide.notices)


def test_the_label_and_the_small_pictures_of_a_scan_are_no_other_views(tmp_path: Path):
    path = tmp_path / "a.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as tiff:
        tiff.write(view(0), photometric="rgb", metadata={"axes": "YXS"})
        tiff.write(view(1, 100, 300), photometric="rgb", metadata={"axes": "YXS", "Name": "label image"})
    assert open_slide(path).notices == ()
    with tifffile.TiffWriter(tmp_path / "b.tif") as tiff:
        tiff.write(view(0), photometric="rgb", metadata=None)
        tiff.write(view(1, 100, 90), photometric="rgb", metadata=None, subfiletype=1)
    assert open_slide(tmp_path / "b.tif").notices == ()


def focus_planes(sharpest: int) -> np.ndarray:
    view = cv2.resize(noise(50, 40), (400, 320), interpolation=cv2.INTER_NEAREST)
    return np.stack([cv2.GaussianBlur(view, (0, 0), 0.4 + abs(plane - sharpest)) for plane in range(4)])


@pytest.mark.parametrize("sharpest", [0, 2])
@pytest.mark.parametrize("build", ["pages", "imagej", "one by one"])
def test_pages_of_one_view_are_focus_planes_whatever_the_file_says_of_them(
    tmp_path: Path, build: str, sharpest: int
):
    planes, path = focus_planes(sharpest), tmp_path / "a.tif"
    if build == "one by one":
        with tifffile.TiffWriter(path) as tiff:
            for plane in planes:
                tiff.write(plane, photometric="rgb", metadata=None)
    else:
        options = {"imagej": True} if build == "imagej" else {"photometric": "rgb"}
        tifffile.imwrite(path, planes, **options)
    with open_slide(path) as slide:
        (field,) = slide.fields
        assert np.array_equal(field.read(0, 0, 400, 320, 1), planes[sharpest])
    (notice,) = slide.notices
    assert notice.code == "sharpest_plane"
    assert f"plane {sharpest + 1}" in notice.text


@pytest.mark.parametrize(
    ("pixels", "options", "words"),
    [
        (
            np.zeros((80, 100), np.float32),
            {},
            "samples of 32 bits, floating point; expected whole numbers of 8 to 16 bits",
        ),
        (
            np.zeros((80, 100, 4), np.uint8),
            {"photometric": "separated"},
            "colours of printing.*expected grey or RGB",
        ),
        (np.zeros((80, 100), np.int16), {}, "samples of 16 bits, with a sign"),
        (np.zeros((80, 100), bool), {}, "samples of 1 bit, black and white"),
        (np.zeros((80, 100), np.uint8), {"photometric": 32803}, r"raw data of a camera \(DNG\).*develop it"),
        (
            np.zeros((80, 100, 3), np.uint8),
            {"photometric": "cielab"},
            "CIELab colours.*export it as 8-bit RGB",
        ),
        (
            np.zeros((300, 64, 64), np.uint8),
            {"metadata": {"axes": "ZYX"}},
            "holds 300 pages.*at most 256 focus planes",
        ),
        (np.zeros((1, 1, 3), np.uint8), {"photometric": "rgb"}, "1 x 1 px; a field needs at least 64 x 64"),
    ],
)
def test_picture_that_cannot_be_counted_is_refused_in_one_line(
    tmp_path: Path, pixels: Any, options: dict[str, Any], words: str
):
    with pytest.raises(SlideError, match=words) as caught:
        open_slide(written(tmp_path / "a.tif", pixels, **options))
    assert "\n" not in str(caught.value)


def test_only_the_field_read_last_keeps_its_file_open(tmp_path: Path):
    for name in ("a.tif", "b.tif"):
        written(tmp_path / name, noise(100, 80), photometric="rgb")
    with open_slide(tmp_path) as slide:
        first, second = slide.fields
        assert isinstance(first, TiffField)
        assert isinstance(second, TiffField)
        whole(first, 1)
        whole(second, 1)
        assert first._file is None
        assert second._file is not None
    assert second._file is None
