"""Lost rows of unpacked pictures are told where they are read, as if the whole file had been gone through."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from pipeline.errors import SlideError
from pipeline.reader.decoding.damage import DamageError
from pipeline.reader.decoding.lost_runs import Rows, lost_run
from pipeline.reader.parts import segments
from pipeline.reader.parts.raw_rows import RawRows
from pipeline.reader.slide import open_slide
from tests.pipeline.reader.reader_pictures import noise

WIDTH, HEIGHT, PX_BYTES = 300, 240, 3


def _changed() -> Iterator[NDArray[np.uint8]]:
    """Rows with runs of one byte of all lengths: lost ones, frames, bars, overexposed places."""
    random = np.random.default_rng(4)
    for _ in range(70):
        rows = random.integers(60, 220, (HEIGHT, WIDTH * PX_BYTES), np.uint8)
        flat = rows.reshape(-1)
        for _ in range(random.integers(1, 3)):
            start = int(random.integers(0, len(flat))) // int(random.choice([1, 512, 900])) * 900
            length = int(random.choice([512, 700, 900, 2000, 9000, 60_000]))
            flat[start : start + length] = random.choice([0, 255])
        if random.random() < 0.3:
            top = int(random.integers(0, HEIGHT - 2))
            rows[top, ::4] = flat[min(top * 900 + 900, len(flat) - 1)]
        yield rows


def _between(flat: NDArray[np.uint8], start: int, end: int) -> NDArray[np.uint8]:
    return flat[start:end]


@pytest.mark.parametrize("block", [1, 7, 64, 240])
def test_rows_are_judged_block_by_block_as_they_are_in_one(block: int) -> None:
    found = 0
    for changed in _changed():
        flat = changed.reshape(-1)
        rows = Rows(
            length=len(flat),
            row_bytes=WIDTH * PX_BYTES,
            px_bytes=PX_BYTES,
            place=9,
            at=partial(_between, flat),
        )
        expected = lost_run(changed, PX_BYTES, 9)
        lost: list[str] = []
        known = RawRows()
        for top in np.random.default_rng(block).permutation(HEIGHT // 8) * 8:
            try:
                known.check(rows, (int(top), int(top) + 8), block)
            except DamageError as error:
                lost.append(str(error))
        assert bool(lost) == (expected is not None)
        if expected is not None:
            found += 1
            assert any(f"rows {expected[0]} to {expected[1]} have a gap" in reason for reason in lost)
    assert 10 < found < 65


def test_an_unpacked_picture_is_opened_without_its_px_and_each_row_is_looked_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it was read at every open: 7.6 s and 1.26 GB of a picture of 1.08 GB."""
    path = tmp_path / "a.tif"
    picture = noise(1500, 4000)
    tifffile.imwrite(path, picture, photometric="rgb")
    asked: list[int] = []
    read = segments.bytes_at

    def counting(page: tifffile.TiffPage, offset: int, count: int) -> bytes:
        asked.append(count)
        return read(page, offset, count)

    monkeypatch.setattr(segments, "bytes_at", counting)
    monkeypatch.setattr(np, "fromfile", None)
    field = open_slide(path).fields[0]
    assert asked == []
    for _ in range(2):
        for left in range(0, 1500, 300):
            assert np.array_equal(field.read(left, 0, 300, 4000, 1), picture[:, left : left + 300])
    assert max(asked) < 3 << 20
    assert sum(asked) < 3.2 * picture.nbytes  # read twice, looked at once


def test_what_lies_far_from_lost_rows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    picture = noise(1500, 4000)
    tifffile.imwrite(path, picture, photometric="rgb")
    data = path.read_bytes()
    place = len(data) // 2
    path.write_bytes(data[:place] + bytes(40_000) + data[place + 40_000 :])
    field = open_slide(path).fields[0]
    assert np.array_equal(field.read(0, 0, 1500, 1000, 1), picture[:1000])
    for _ in range(2):
        with pytest.raises(
            SlideError, match=r"truncated or damaged at x 0, y 1500: rows 1999 to 2008 have a gap"
        ):
            field.read(0, 1500, 1500, 1000, 1)
