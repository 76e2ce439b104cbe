"""Px of the parts of a TIFF picture, and the bytes that these lie in: shared ones weigh once."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tifffile import TiffFrame, TiffPage

__all__ = ["px_and_bytes", "shared_offsets"]


def px_and_bytes(page: "TiffPage") -> tuple[int, int]:
    """Px of the parts of a picture that have data, and the bytes of the file that these lie in, each once."""
    if page.is_tiled:
        rows, columns = page.tilelength, page.tilewidth
    else:
        rows, columns = min(page.imagelength, page.rowsperstrip), page.imagewidth
    planes = page.shaped[0]
    number = -(-page.imagelength // rows) * -(-page.imagewidth // columns) * planes
    starts, counts = _places(page, number)
    if not len(starts):
        return 0, 0
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], (starts + counts)[order]
    reached = np.concatenate([[0], np.maximum.accumulate(ends)[:-1]])
    distinct = np.maximum(ends - np.maximum(starts, reached), 0)
    most = number * rows * columns if page.is_tiled else planes * page.imagelength * columns
    return min(len(starts) * rows * columns, most) // planes, int(
        min(distinct.sum(), page.parent.filehandle.size)
    )


def shared_offsets(page: "TiffPage | TiffFrame") -> frozenset[int]:
    """Where data begins that stands for several parts of a picture."""
    starts, _ = _places(page, len(page.dataoffsets))
    places, times = np.unique(starts, return_counts=True)
    return frozenset(int(place) for place in places[times > 1])


def _places(page: "TiffPage | TiffFrame", number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets and byte counts, float64 (n,), of those of the first parts that have data."""
    number = min(number, len(page.dataoffsets), len(page.databytecounts))
    starts = np.asarray(page.dataoffsets[:number], np.float64)  # damaged ones pass what an int64 holds
    counts = np.asarray(page.databytecounts[:number], np.float64)
    has_data = (starts > 0) & (counts > 0)
    return starts[has_data], counts[has_data]
