"""Whole slides in a scanner maker's format, through OpenSlide, by region."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SlideError, reason_of
from pipeline.reader.decoding.damage import DamageError, damage_of
from pipeline.reader.field import Box, Turn
from pipeline.reader.formats import SIGNATURE_BYTES, kind_of
from pipeline.reader.pixel_size import plausible_um_per_px
from pipeline.reader.pixels import Orientation, check_region, on_white, too_empty, too_small
from pipeline.reader.pyramid import Level, Pyramid, best_level, read_region, whole_factor
from pipeline.reader.source import file_error, shown
from pipeline.reader.vendor_tiles import VendorTiles

if TYPE_CHECKING:
    from openslide import OpenSlide

__all__ = [
    "VENDOR_SUFFIXES",
    "VendorField",
    "bounds_origin",
    "dicom_slide",
    "is_dicom",
    "is_known_scan",
    "is_vendor_tiff",
    "open_vendor_slide",
]

VENDOR_SUFFIXES = frozenset({".bif", ".mrxs", ".ndpi", ".scn", ".svs", ".svslide", ".vms", ".vmu"})

_SAID = (
    (re.compile("Unsupported or missing image"), "its content is of no scanner that is known"),
    (re.compile("ompression"), "it is packed in a way that is not read"),
    (
        re.compile("No such file|[Cc]ouldn't open|[Cc]an't open|not found"),
        "a file that belongs to it is missing",
    ),
    (re.compile("beyond end|[Ee]nd of file|[Ss]hort read|EOF"), "it ends too early"),
)
"""What OpenSlide says, and what of it is said."""
_BLOCK_PX = 256  # of a level whose downsample is not whole; see _read_blocks


class VendorField:
    """A vendor's whole slide as one field; the file is open while the field has its turn.

    Attributes
    ----------
    name : of the field.
    width, height : level-0 px.
    um_per_px : `openslide.mpp-x` and `-y`, None where missing or absurd.
    """

    __slots__ = ("_parts", "_path", "_pyramid", "_slide", "_turn", "height", "name", "um_per_px", "width")

    def __init__(self, path: Path, name: str, slide: "OpenSlide", turn: Turn) -> None:
        self.name = name
        self.width, self.height = slide.dimensions
        self.um_per_px = plausible_um_per_px(
            _number(slide.properties.get("openslide.mpp-x")), _number(slide.properties.get("openslide.mpp-y"))
        )
        self._path = path
        self._pyramid = _pyramid(slide)
        self._slide: OpenSlide | None = None
        self._parts: VendorTiles | None = None
        self._turn = turn

    def read(self, x: int, y: int, width: int, height: int, shrink: int) -> NDArray[np.uint8]:
        """RGB uint8 (height / shrink, width / shrink, 3) of a region in level-0 px; see `reader.Field`."""
        box = x, y, x + width, y + height
        check_region((self.width, self.height), box, shrink)
        self._turn.take(self._release)
        from openslide import OpenSlideError

        slide = self._slide = self._slide or _opened(self._path)
        if slide.dimensions != (self.width, self.height):
            self._release()
            raise SlideError(
                f"{shown(self._path)}: another picture stands in its place since it was opened; "
                "expected the same slide until it is counted; count it again"
            )

        parts = self._parts = self._parts or VendorTiles(self._path)

        def fetch(level: Level, level_box: Box) -> NDArray[np.uint8]:
            parts.check(slide.level_dimensions[level.index], level_box)
            return _read_blocks(slide, level, level_box)

        try:
            return read_region(self._pyramid, box, shrink, fetch)
        except DamageError as error:
            raise SlideError(
                f"{shown(self._path)} is truncated or damaged at x {x}, y {y}: {damage_of(error)}; "
                "expected a whole slide; copy it again"
            ) from error
        except (OpenSlideError, OSError) as error:
            # OpenSlide refuses every later call on a file that failed once: it must be opened anew.
            self._release()
            raise SlideError(
                f"{shown(self._path)} is truncated or damaged at x {x}, y {y}: {_in_words(error)}; "
                "expected a whole slide; copy it again"
            ) from error

    def stored_shrink(self, shrink: int) -> int:
        """See `Field.stored_shrink`: the factor of the level that is read."""
        return best_level(self._pyramid, shrink).factor

    def _release(self) -> None:
        if self._slide is not None:
            self._slide.close()
        if self._parts is not None:
            self._parts.close()
        self._slide = self._parts = None


def is_known_scan(path: Path) -> bool:
    """Whether OpenSlide knows a file, as a scanner maker's slide or as tiles of no maker."""
    from openslide import OpenSlide

    return OpenSlide.detect_format(path) is not None


def is_vendor_tiff(path: Path) -> bool:
    """Whether a file with TIFF content is a scanner maker's slide (Aperio, Philips, Ventana and others)."""
    from openslide import OpenSlide

    return OpenSlide.detect_format(path) not in (None, "generic-tiff")


def is_dicom(path: Path) -> bool:
    """Whether a file has DICOM content.

    Raises
    ------
    SlideError
        It is missing or may not be read.
    """
    try:
        with path.open("rb") as stream:
            return kind_of(stream.read(SIGNATURE_BYTES)) == "DICOM"
    except OSError as error:
        raise file_error(path, error) from error


def dicom_slide(folder: Path) -> Path | None:
    """A file of the one DICOM slide in a folder, by which all of them are found; None where there is none.

    Raises
    ------
    SlideError
        There are several slides, or none of the files can be opened.
    """
    files = sorted(path for path in folder.glob("*.dcm") if path.is_file() and not path.name.startswith("."))
    series: dict[str, Path] = {}
    failures: list[SlideError] = []
    for path in files:
        try:
            with _opened(path) as slide:
                series.setdefault(slide.properties.get("dicom.SeriesInstanceUID", ""), path)
        except SlideError as error:  # a label or an overview lies beside the slide
            failures.append(error)
    if len(series) > 1:
        raise SlideError(
            f"{shown(folder)} holds {len(series)} DICOM slides; expected one; give each a folder of its own"
        )
    if failures and not series:
        raise failures[0]
    return next(iter(series.values()), None)


def open_vendor_slide(path: Path, name: str, turn: Turn) -> VendorField:
    """Field of a vendor's whole slide; associated images (label, macro) are left aside.

    Raises
    ------
    SlideError
        OpenSlide cannot open the file, or the slide is too small, or of far more px than its bytes can show.
    """
    with _opened(path) as slide:
        reason = too_small(*slide.dimensions)
        if reason is not None:
            raise SlideError(f"{shown(path)}: {reason}")
        parts = VendorTiles(path)
        empty = too_empty(*parts.weight(slide.dimensions))
        parts.close()
        if empty is not None:
            raise SlideError(f"{shown(path)} {empty}")
        return VendorField(path, name, slide, turn)


def bounds_origin(path: Path) -> tuple[int, int]:
    """x, y, level-0 px, of the point that QuPath calls 0, 0.

    It cuts scans of makers such as 3DHISTECH and Leica to what was scanned (OpenSlide's bounds); 0, 0 for
    every other slide.

    Raises
    ------
    SlideError
        The file of a maker's slide cannot be opened: without it nobody knows where its bounds are.
    """
    is_tiff = path.suffix.lower() in {".tif", ".tiff"} and path.is_file()
    if path.suffix.lower() not in VENDOR_SUFFIXES and not (is_tiff and is_vendor_tiff(path)):
        return 0, 0
    with _opened(path) as slide:
        x, y = (_number(slide.properties.get(f"openslide.bounds-{side}")) for side in "xy")
    return round(x or 0.0), round(y or 0.0)


def _opened(path: Path) -> "OpenSlide":
    from openslide import OpenSlide, OpenSlideError

    try:
        return OpenSlide(path)
    except (OpenSlideError, OSError) as error:
        if is_dicom(path):
            raise SlideError(
                f"{shown(path)} is a DICOM file that is cut off or damaged, or shows no whole slide "
                f"({_in_words(error)}); expected a slide of VL whole slide microscopy with all of its files; "
                "copy all of them again, or export the picture as TIFF"
            ) from error
        raise SlideError(
            f"{shown(path)} cannot be opened as a whole slide: {_in_words(error)}; "
            f"expected a slide of {', '.join(sorted(VENDOR_SUFFIXES))}, .dcm with all files and folders that "
            "belong to it; copy all of them again"
        ) from error


def _in_words(error: Exception) -> str:
    """What is wrong with a slide; the words of OpenSlide and of what it calls are for their makers."""
    if isinstance(error, OSError) and error.errno is not None:
        return reason_of(error)
    return next((words for said, words in _SAID if said.search(str(error))), "its data cannot be decoded")


def _pyramid(slide: "OpenSlide") -> Pyramid:
    width, height = slide.dimensions
    levels = [Level(index=0, width=width, height=height, factor=1)]
    for index in range(1, slide.level_count):
        factor = whole_factor(slide.level_downsamples[index], max(width, height))
        if factor is not None:
            level_width, level_height = slide.level_dimensions[index]
            # Some levels are padded to whole tiles; what lies past the picture is not read.
            levels.append(
                Level(
                    index=index,
                    width=min(level_width, -(-width // factor)),
                    height=min(level_height, -(-height // factor)),
                    factor=factor,
                )
            )
    return Pyramid(width=width, height=height, levels=tuple(levels), orientation=Orientation())


def _read_blocks(slide: "OpenSlide", level: Level, box: Box) -> NDArray[np.uint8]:
    """Box of a level (level px) as RGB uint8, the same value a px whatever box it is read in.

    Where the downsample is not whole (4.0003), OpenSlide interpolates between level px, by a shift that
    depends on where the box begins. Such a level is read in blocks that always begin at the same places.
    """
    x0, y0, x1, y1 = box
    if slide.level_downsamples[level.index] == level.factor:
        return _read_box(slide, level, box)
    result = np.empty((y1 - y0, x1 - x0, 3), np.uint8)
    for top in range(y0 // _BLOCK_PX * _BLOCK_PX, y1, _BLOCK_PX):
        for left in range(x0 // _BLOCK_PX * _BLOCK_PX, x1, _BLOCK_PX):
            right, bottom = min(left + _BLOCK_PX, level.width), min(top + _BLOCK_PX, level.height)
            block = _read_box(slide, level, (left, top, right, bottom))
            xa, ya, xb, yb = max(x0, left), max(y0, top), min(x1, right), min(y1, bottom)
            part = block[ya - top : yb - top, xa - left : xb - left]
            result[ya - y0 : yb - y0, xa - x0 : xb - x0] = part
    return result


def _read_box(slide: "OpenSlide", level: Level, box: Box) -> NDArray[np.uint8]:
    x0, y0, x1, y1 = box
    corner = x0 * level.factor, y0 * level.factor
    rgba = np.asarray(slide.read_region(corner, level.index, (x1 - x0, y1 - y0)), np.uint8)
    return np.ascontiguousarray(on_white(rgba[:, :, :3], rgba[:, :, 3]))


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
