"""Of a damaged scan the readable part is read, and what is broken is said: no wrong px, no early end."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile

from pipeline.errors import SlideError
from pipeline.planning.field import field_light
from pipeline.planning.overview import field_picture, sampled_picture
from pipeline.reader.decoding.jpeg import jpeg_damage
from pipeline.reader.field import Field
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.pyramid_files import (
    DAMAGES,
    break_tile,
    directory_places,
    levels_of,
    next_directory_at,
    overwrite,
    tile_places,
    write_scan,
)
from tests.pipeline.reader.reader_pictures import block_means, noise, smooth, whole

PICTURE = smooth(900, 700)
"""8 x 6 tiles of 128 px; the smallest level, 113 x 88 px, is one tile."""
LEVELS = levels_of(PICTURE, (2, 4, 8))


def field_of(path: Path) -> Field:
    return open_slide(path).fields[0]


def reason(read: Callable[[], object]) -> str:
    with pytest.raises(SlideError) as caught:
        read()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("packing", ["deflate", "jpeg"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_broken_tile_of_the_full_resolution_fails_alone(tmp_path: Path, damage, packing):
    path = write_scan(tmp_path / "a.tif", LEVELS, packing=packing)
    before = whole(field_of(path), 1)
    break_tile(path, 0, 10, damage)  # x 256 to 384, y 128 to 256
    scan = field_of(path)
    assert "truncated or damaged at x 380, y 250" in reason(lambda: scan.read(380, 250, 40, 40, 1))
    for box in ((0, 0, 256, 700), (384, 0, 516, 700), (256, 0, 128, 128), (256, 256, 128, 444)):
        x, y, width, height = box
        assert np.array_equal(scan.read(*box, 1), before[y : y + height, x : x + width])
    assert np.abs(scan.read(0, 0, 896, 696, 8) - block_means(PICTURE, 8)[:87, :112]).max() < 12


@pytest.mark.parametrize("packing", ["deflate", "jpeg"])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("level", [1, 3])
def test_broken_tile_of_a_small_level_is_made_from_the_next_finer_one(tmp_path: Path, level, damage, packing):
    path = write_scan(tmp_path / "a.tif", LEVELS, packing=packing)
    break_tile(path, level, 0, damage)
    shrink = 2**level
    scan = field_of(path)
    together = whole(scan, shrink)
    assert np.abs(together - block_means(PICTURE, shrink)).max() < (1.6 if packing == "deflate" else 12)
    for left, right in pairwise((0, 5, 60, 100, 112)):
        part = scan.read(left * shrink, 3 * shrink, (right - left) * shrink, 70 * shrink, shrink)
        assert np.array_equal(part, together[3:73, left:right])


def test_finer_levels_stand_in_one_after_the_other_but_not_without_bound(tmp_path: Path):
    path = write_scan(tmp_path / "a.tif", LEVELS)
    for level in (1, 2, 3):
        break_tile(path, level, 0, "zeros")
    assert np.abs(whole(field_of(path), 8) - block_means(PICTURE, 8)).max() < 1.6
    path = write_scan(tmp_path / "b.tif", levels_of(PICTURE, (16,)))
    break_tile(path, 1, 0, "zeros")
    assert "truncated or damaged" in reason(lambda: field_of(path).read(0, 0, 64, 64, 16))


@pytest.mark.parametrize("directories", ["front", "end"])
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_levels_behind_a_lost_one_are_still_read(tmp_path: Path, lost, directories):
    path = write_scan(tmp_path / "a.tif", LEVELS, directories=directories)
    places = directory_places(path)
    following = places[lost + 1] if lost < 3 else 0
    overwrite(path, next_directory_at(path, places[lost - 1]), struct.pack("<Q", following))
    scan = field_of(path)
    assert [scan.stored_shrink(shrink) for shrink in (2, 4, 8)] == [
        {1: 1, 2: 2, 3: 2}[lost],
        {1: 4, 2: 2, 3: 4}[lost],
        {1: 8, 2: 8, 3: 4}[lost],
    ]
    for shrink in (1, 2, 8):
        assert np.abs(whole(scan, shrink) - block_means(PICTURE, shrink)).max() < 1.6


@pytest.mark.parametrize("damage", [b"\xa7", b"\x00"])
@pytest.mark.parametrize("lost", [1, 2, 3])
def test_damaged_directory_of_a_small_level_leaves_the_picture_readable(tmp_path: Path, lost, damage):
    path = write_scan(tmp_path / "a.tif", LEVELS)
    overwrite(path, directory_places(path)[lost], damage * 200)
    scan = field_of(path)
    assert np.array_equal(whole(scan, 1), PICTURE)
    assert scan.stored_shrink(8) == 2 ** (lost - 1)
    assert np.abs(whole(scan, 8) - block_means(PICTURE, 8)).max() < 1.6


@pytest.mark.parametrize("damage", [b"\xa7", b"\x00"])
def test_damaged_directory_of_the_picture_itself_is_one_line(tmp_path: Path, damage):
    path = write_scan(tmp_path / "a.tif", LEVELS)
    overwrite(path, directory_places(path)[0], damage * 200)
    assert "truncated or damaged" in reason(lambda: open_slide(path))


def test_of_a_truncated_scan_what_was_copied_is_read(tmp_path: Path):
    path = write_scan(tmp_path / "a.tif", LEVELS)
    places = tile_places(path, 0)
    path.write_bytes(path.read_bytes()[: places[21][0] + 10])  # two rows of 8 tiles, 5 more, and 10 bytes
    scan = field_of(path)
    assert np.array_equal(scan.read(0, 0, 900, 256, 1), PICTURE[:256])
    assert np.array_equal(scan.read(0, 256, 640, 128, 1), PICTURE[256:384, :640])
    assert "the file ends" in reason(lambda: scan.read(640, 256, 128, 128, 1))
    assert np.abs(whole(scan, 4) - block_means(PICTURE, 4)).max() < 1.6


def test_scan_cut_before_its_first_px_or_before_its_directory_is_one_line(tmp_path: Path):
    path = write_scan(tmp_path / "a.tif", LEVELS)
    path.write_bytes(path.read_bytes()[: tile_places(path, 0)[0][0]])
    assert "before the first pixel" in reason(lambda: open_slide(path))
    path = write_scan(tmp_path / "b.tif", LEVELS, directories="end")
    path.write_bytes(path.read_bytes()[: directory_places(path)[0] - 10])
    assert "truncated or damaged" in reason(lambda: open_slide(path))


def test_scan_whose_writer_was_ended_before_it_listed_any_px_is_one_line(tmp_path: Path):
    path = write_scan(tmp_path / "a.tif", LEVELS)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for tag in ("TileOffsets", "TileByteCounts"):
            tiff.pages.first.tags[tag].overwrite([0] * 48)
    assert "never finished" in reason(lambda: open_slide(path))


def test_brightness_of_a_16_bit_scan_does_not_hang_on_its_smallest_level(tmp_path: Path):
    """Left to the broken level it would be taken for 12 bits and be 16 times too bright."""
    deep = [level.astype(np.uint16) << 8 for level in LEVELS]
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for number, level in enumerate(deep):
            reduced: dict[str, Any] = {"subfiletype": 1} if number else {"subifds": len(deep) - 1}
            tiff.write(level, photometric="rgb", tile=(128, 128), compression="zlib", **reduced)
    break_tile(path, 3, 0, "zeros")
    assert np.array_equal(whole(field_of(path), 1), PICTURE)


def test_scan_that_shrinks_while_it_is_read_fails_where_it_ends(tmp_path: Path):
    path = write_scan(tmp_path / "a.tif", LEVELS)
    scan = field_of(path)
    assert np.array_equal(scan.read(0, 0, 128, 128, 1), PICTURE[:128, :128])
    with path.open("r+b") as stream:
        stream.truncate(tile_places(path, 0)[8][0])
    assert np.array_equal(scan.read(0, 0, 900, 128, 1), PICTURE[:128])
    assert "the file ends" in reason(lambda: scan.read(0, 600, 128, 64, 1))
    assert np.array_equal(scan.read(256, 0, 128, 128, 1), PICTURE[:128, 256:384])


@pytest.mark.parametrize("fate", ["vanished", "replaced", "emptied"])
def test_scan_that_is_gone_or_another_when_it_is_opened_anew_is_one_line(tmp_path: Path, fate):
    path = write_scan(tmp_path / "a.tif", LEVELS)
    slide = open_slide(path)
    scan = slide.fields[0]
    scan.read(0, 0, 64, 64, 1)
    slide.close()
    if fate == "vanished":
        path.unlink()
    elif fate == "emptied":
        path.write_bytes(b"")
    else:
        write_scan(path, levels_of(noise(500, 400), (2,)))
    words = {
        "vanished": "no such file",
        "replaced": "another picture stands in its place",
        "emptied": "damaged",
    }
    assert words[fate] in reason(lambda: scan.read(0, 0, 64, 64, 1))


def test_gap_in_jpeg_data_is_found_and_a_blank_picture_is_no_gap():
    cells = np.kron(noise(32, 32), np.ones((8, 8, 1), np.uint8))
    data = bytes(imagecodecs.jpeg8_encode(cells, level=85))
    assert jpeg_damage(data) is None
    middle = len(data) // 2
    assert "gap of zeros" in str(jpeg_damage(data[:middle] + bytes(512) + data[middle + 512 :]))
    assert "no end" in str(jpeg_damage(data[:middle]))
    assert "interrupted" in str(jpeg_damage(data[:middle] + b"\xff\x45" + data[middle + 2 :]))
    for optimised in (False, True):
        blank = imagecodecs.jpeg8_encode(np.full((256, 256, 3), 240, np.uint8), optimize=optimised)
        assert jpeg_damage(bytes(blank)) is None


def test_jpeg_tables_kept_apart_are_joined_before_the_strict_look():
    blank = bytes(imagecodecs.jpeg8_encode(np.full((256, 256), 240, np.uint8), optimize=True))
    frame, scan = blank.index(b"\xff\xc0"), blank.index(b"\xff\xda")
    tables = blank[:2] + blank[20:frame] + blank[frame + 13 : scan] + b"\xff\xd9"
    assert jpeg_damage(blank[:2] + blank[frame : frame + 13] + blank[scan:], tables) is None


@dataclass
class PatchyField:
    """A field in memory of which only a part can be read."""

    picture: np.ndarray
    broken: Callable[[int, int, int, int], bool]
    asked: list[int] = field(default_factory=list)
    name: str = "patchy"
    um_per_px: float | None = None
    size: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        return self.size[0] if self.size else self.picture.shape[1]

    @property
    def height(self) -> int:
        return self.size[1] if self.size else self.picture.shape[0]

    def stored_shrink(self, shrink: int) -> int:
        """All of it is stored at full resolution."""
        return 1

    def read(self, x, y, width, height, shrink):
        if self.broken(x, y, x + width, y + height):
            raise SlideError(f"broken at {x}, {y}")
        self.asked.append(width * height)
        if self.size:
            return np.resize(self.picture, (height // shrink, width // shrink, 3))
        return self.picture[y : y + height : shrink, x : x + width : shrink]


def film() -> np.ndarray:
    """Glass of one colour with dark cells on it."""
    picture = np.full((700, 900, 3), (231, 214, 226), np.uint8)
    picture[::20, ::3] = (150, 70, 140)
    return picture


def test_light_comes_from_what_can_be_read():
    patchy = PatchyField(film(), lambda x0, y0, x1, y1: x1 > 300 and x0 < 560 and y0 < 260)
    light, everywhere = field_light(patchy), field_light(PatchyField(film(), lambda *_: False))
    assert light.white_point.tolist() == everywhere.white_point.tolist() == [231, 214, 226]
    assert light.view is None
    seen = field_picture(patchy, 1)
    assert 0.1 < 1 - seen.known.mean() < 0.25  # enough, were it dark, to be taken for a dark surround
    assert np.array_equal(seen.pixels[seen.known], film()[seen.known])
    with pytest.raises(SlideError, match="broken at 0, 0"):
        field_light(PatchyField(film(), lambda *_: True))


def test_unread_part_of_a_round_view_is_no_dark_surround():
    y, x = np.mgrid[:800, :800]
    picture = np.where((np.hypot(x - 400, y - 400) < 390)[..., None], np.uint8(220), np.uint8(3))
    patchy = PatchyField(
        np.repeat(picture, 3, axis=2), lambda x0, y0, x1, y1: x0 < 520 and x1 > 300 and y0 < 200
    )
    view = field_light(patchy).view
    assert view is not None
    assert view.mask[400, 400]
    assert view.mask.mean() == pytest.approx(np.pi / 4 * (780 / 800) ** 2, abs=0.05)


def test_light_of_gigapixels_without_small_levels_is_sampled_and_reads_little():
    patchy = PatchyField(film(), lambda x0, *_: 20_000 < x0 < 60_000, size=(100_000, 80_000))
    light = field_light(patchy)
    assert light.white_point.tolist() == [231, 214, 226]
    assert light.view is None
    assert sum(patchy.asked) < 80e6
    with pytest.raises(SlideError, match="broken at 0, 0"):
        sampled_picture(PatchyField(film(), lambda *_: True, size=(100_000, 80_000)), 64)
