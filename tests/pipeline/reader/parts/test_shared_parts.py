"""Parts of a TIFF that hold the same bytes weigh once, and a picture that is put together of them is none."""

import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile

from benchmarks.hostile.tiff_by_hand import Tag, by_hand, rgb_tags
from pipeline.errors import SlideError
from pipeline.reader.parts import segments
from pipeline.reader.parts.weight import px_and_bytes
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_pictures import noise, whole

SIDE = 6000


def _repeated(strips: list[bytes], counts: list[int] | None = None, *, side: int = SIDE) -> bytes:
    """A picture whose rows are packed strips, one after the other and again from the first."""
    every, place = [], 8
    for strip in strips:
        every.append((place, len(strip)))
        place += len(strip) + len(strip) % 2
    chosen = [every[row % len(every)] for row in range(side)]
    tags: dict[int, Tag] = rgb_tags(side, side) | {259: (3, [8]), 278: (4, [1])}
    sizes = [size for _, size in chosen] if counts is None else counts
    return by_hand(strips, tags | {273: (4, [start for start, _ in chosen]), 279: (4, sizes)})


def test_a_picture_of_one_row_over_and_over_is_refused_undecoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of 400 megapixels was counted as a scan of that size: 41 s."""
    monkeypatch.setattr(segments, "_decoded", None)
    row = zlib.compress(bytes(SIDE * 3))
    path = tmp_path / "a.tif"
    longer = [len(row) + number % 7 for number in range(SIDE)]  # the same bytes and a few behind them
    for data in (_repeated([row]), _repeated([row], longer)):
        path.write_bytes(data)
        with pytest.raises(SlideError, match=r"holds 36 megapixels in \d+ bytes; expected a photo"):
            open_slide(path)


def test_parts_with_data_of_their_own_are_weighed_by_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    picture = noise(400, 300)
    for given in ({}, {"tile": (64, 64)}, {"rowsperstrip": 7}):
        for compression in (None, "deflate"):
            tifffile.imwrite(path, picture, photometric="rgb", compression=compression, **given)
            with tifffile.TiffFile(path) as tiff:
                page = tiff.pages.first
                px, data_bytes = px_and_bytes(page)
                assert data_bytes == sum(page.databytecounts)
                assert 400 * 300 <= px <= 448 * 320


def test_a_part_that_stands_in_several_places_is_damage_where_it_shows_something(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    textured = [zlib.compress(noise(300, 1, seed)[0].tobytes()) for seed in range(40)]
    path.write_bytes(_repeated(textured, side=300))
    with pytest.raises(SlideError, match="other parts of the picture hold the same bytes"):
        whole(open_slide(path).fields[0], 1)


def test_an_empty_tile_that_a_scanner_wrote_once_is_read_wherever_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    picture = noise(256, 256)
    picture[:64, :128] = 240
    tifffile.imwrite(path, picture, photometric="rgb", tile=(64, 64), compression="deflate")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for name in ("TileOffsets", "TileByteCounts"):
            tag = tiff.pages.first.tags[name]
            tag.overwrite([tag.value[1], *tag.value[1:]])
    assert np.array_equal(whole(open_slide(path).fields[0], 1), picture)
