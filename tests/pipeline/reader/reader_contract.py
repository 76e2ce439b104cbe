"""What every reader owes, whatever the file it reads."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from tests.pipeline.reader.reader_pictures import whole

__all__ = ["assert_a_region_is_its_cut"]


def assert_a_region_is_its_cut(field: Any, shrink: int, data: Any) -> None:
    """Any region is what is cut from the whole at the same place; `data` draws it (`hypothesis`)."""
    full = whole(field, shrink)
    x0, x1 = sorted(data.draw(st.lists(st.integers(0, full.shape[1]), min_size=2, max_size=2, unique=True)))
    y0, y1 = sorted(data.draw(st.lists(st.integers(0, full.shape[0]), min_size=2, max_size=2, unique=True)))
    part = field.read(x0 * shrink, y0 * shrink, (x1 - x0) * shrink, (y1 - y0) * shrink, shrink)
    assert np.array_equal(part, full[y0:y1, x0:x1])
