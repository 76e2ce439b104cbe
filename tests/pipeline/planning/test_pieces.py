"""A region is read in the largest pieces that can be read, each px once."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SlideError
from pipeline.planning.pieces import cut_across, cut_down, read_pieces
from pipeline.reader.field import Box

SIDE = 32


def _field(broken: tuple[int, int] | None, shrink: int) -> Any:
    """A field whose px tell their place; what touches the broken px cannot be read."""

    def read(x: int, y: int, width: int, height: int, asked: int) -> Any:
        assert asked == shrink
        columns, rows = np.arange(x, x + width, shrink) // shrink, np.arange(y, y + height, shrink) // shrink
        if broken is not None and broken[0] in columns and broken[1] in rows:
            raise SlideError("a damaged tile")
        return (rows[:, None] * SIDE + columns)[..., None].repeat(3, axis=2)

    return SimpleNamespace(read=read)


def _halves(box: Box) -> tuple[Box, ...]:
    x0, y0, x1, y1 = box
    if max(x1 - x0, y1 - y0) == 1:
        return ()
    return cut_across(box, (y0 + y1) // 2) if y1 - y0 >= x1 - x0 else cut_down(box, (x0 + x1) // 2)


@given(
    broken=st.none() | st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1)),
    shrink=st.sampled_from([1, 2, 8]),
)
def test_every_px_is_read_once_but_one_that_cannot_be(broken: tuple[int, int] | None, shrink: int) -> None:
    seen = np.full((SIDE, SIDE), -1)
    lost = []
    for (x0, y0, x1, y1), piece in read_pieces(_field(broken, shrink), (0, 0, SIDE, SIDE), shrink, _halves):
        if isinstance(piece, SlideError):
            lost.append((x0, y0, x1, y1))
            continue
        assert (seen[y0:y1, x0:x1] == -1).all()
        seen[y0:y1, x0:x1] = cast("Any", piece)[..., 0]
    expected = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    if broken is None:
        assert lost == []
    else:
        x, y = broken
        assert lost == [(x, y, x + 1, y + 1)]
        expected[y, x] = -1
    np.testing.assert_array_equal(seen, expected)


def test_what_may_not_be_cut_is_told_with_its_reason() -> None:
    ((box, piece),) = read_pieces(_field((3, 4), 1), (0, 0, SIDE, SIDE), 1, lambda _: ())
    assert box == (0, 0, SIDE, SIDE)
    assert isinstance(piece, SlideError)
