"""Pictures of single, cut-out cells, which may be far smaller than a field, decoded whole."""

from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import NotAnImageError, SlideError, error_line
from pipeline.reader.decoding.damage import DECODE_ERRORS
from pipeline.reader.decoding.decoders import decoded_photo
from pipeline.reader.decoding.header import read_header
from pipeline.reader.decoding.wholeness import is_cut_off
from pipeline.reader.photo import check_installed
from pipeline.reader.pixels import orient, orientation_of
from pipeline.reader.source import ContentKind, content_kind, file_error, shown
from pipeline.reader.tiff_layout import opened_tiff

__all__ = ["read_crop"]

MOST_PAGES = 8
"""Of a TIFF, that are looked at: one for the picture, others for previews and masks."""
_MASK = 4
"""Bit of a page's kind that says that it is the mask of another (TIFF 6.0, NewSubfileType)."""
MOST_MEGAPIXELS = 64
"""No cell has so many; a whole field is decoded, to be told that it is no cell."""


def read_crop(path: Path) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) as displayed.

    Raises
    ------
    SlideError
        It is missing, no picture, damaged, or far larger than a cell.
    """
    kind = content_kind(path)
    if kind == "DICOM":
        raise NotAnImageError(f"{shown(path)} is a DICOM slide; expected the picture of one cell; count it")
    check_installed(path, kind)
    orientation = orientation_of(1)
    if kind == "TIFF":
        pixels = _tiff_pixels(path)
    else:
        header = read_header(path, kind)
        pixels, orientation = header.width * header.height, header.orientation
    if pixels > MOST_MEGAPIXELS * 1e6:
        raise SlideError(
            f"{shown(path)} has {pixels / 1e6:.0f} megapixels; expected the picture of one cell, of at most "
            f"{MOST_MEGAPIXELS}; count the field, or cut the cells out of it"
        )
    try:
        stored = None if is_cut_off(path, kind) else decoded_photo(np.fromfile(path, np.uint8), kind, 1)
    except OSError as error:
        raise file_error(path, error) from error
    except MemoryError as error:
        raise SlideError(f"{shown(path)}: {error_line(error)}") from error
    if stored is None or stored.shape[0] * stored.shape[1] != pixels:
        raise _damaged(path, kind)
    return orient(stored, orientation)


def _tiff_pixels(path: Path) -> int:
    """Pixels of the first picture of a TIFF file, which must hold no second one of its size.

    Raises
    ------
    SlideError
        It is damaged, or holds several pictures.
    """
    with opened_tiff(path) as tiff:
        try:
            first = tiff.pages.first
            size = int(first.imagewidth), int(first.imagelength)
            pages = [page.keyframe for page in islice(tiff.pages, 1, MOST_PAGES)]
            others = [page for page in pages if page is not None]
            alike = any(
                (page.imagewidth, page.imagelength) == size and not page.subfiletype & _MASK
                for page in others
            )
        except (*DECODE_ERRORS, ValueError) as error:
            raise _damaged(path, "TIFF") from error
    if alike:
        raise SlideError(
            f"{shown(path)} holds several pictures; expected the picture of one cell; save each as a file"
        )
    return size[0] * size[1]


def _damaged(path: Path, kind: ContentKind) -> SlideError:
    return SlideError(
        f"{shown(path)} is truncated or damaged ({path.stat().st_size} bytes found); "
        f"expected a whole {kind} picture; copy the file again"
    )
