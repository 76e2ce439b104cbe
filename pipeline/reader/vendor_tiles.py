"""Tiles of scans that OpenSlide reads, looked at beside it: it paints over wrong bits, and weighs nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import SlideError
from pipeline.reader.decoding.damage import DECODE_ERRORS, DamageError
from pipeline.reader.field import Box
from pipeline.reader.parts.damage import segment_damage
from pipeline.reader.parts.segments import bytes_at
from pipeline.reader.parts.weight import px_and_bytes
from pipeline.reader.tiff_layout import opened_tiff

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage

__all__ = ["VendorTiles"]

_MOST_PAGES = 64  # of a scan: its levels, label and overview
_MOST_BYTES = 16_000_000  # of a part: larger ones are whole levels


class VendorTiles:
    """Tiles of the levels of a scan, by the size of the level; none where the file is no TIFF of tiles.

    Each tile is looked at once, until `close`.
    """

    __slots__ = ("_damage", "_levels", "_tiff")

    def __init__(self, path: Path) -> None:
        self._tiff: TiffFile | None = None
        self._levels: dict[tuple[int, int], TiffPage] = {}
        self._damage: dict[tuple[int, int], str | None] = {}
        try:
            with path.open("rb") as stream:
                if stream.read(2) not in (b"II", b"MM"):
                    return
            self._tiff = opened_tiff(path)
            self._levels = _levels(self._tiff)
        except (*DECODE_ERRORS, SlideError):
            self.close()

    def close(self) -> None:
        """Close the file, and forget what was looked at."""
        if self._tiff is not None:
            self._tiff.close()
        self._tiff, self._levels, self._damage = None, {}, {}

    def weight(self, size: tuple[int, int]) -> tuple[int, int]:
        """Px of the tiles of the level of this width and height, and the bytes these lie in; 0 if unknown."""
        page = self._levels.get(size)
        return (0, 0) if page is None else px_and_bytes(page)

    def check(self, size: tuple[int, int], box: Box) -> None:
        """Refuse a box (level px) of a level of this width and height where the data of a tile is damaged.

        Raises
        ------
        DamageError
            What is wrong.
        """
        page = self._levels.get(size)
        if page is None:
            return
        x0, y0, x1, y1 = box
        across = -(-page.imagewidth // page.tilewidth)
        for row in range(y0 // page.tilelength, -(-y1 // page.tilelength)):
            for column in range(x0 // page.tilewidth, -(-x1 // page.tilewidth)):
                key = page.offset, row * across + column
                if key not in self._damage:
                    self._damage[key] = _damage_of(page, key[1])
                reason = self._damage[key]
                if reason is not None:
                    raise DamageError(reason)


def _levels(tiff: "TiffFile") -> dict[tuple[int, int], "TiffPage"]:
    from tifffile import TiffPage

    found: dict[tuple[int, int], TiffPage] = {}
    for number, page in enumerate(tiff.pages):
        if number == _MOST_PAGES:
            break
        if isinstance(page, TiffPage) and page.is_tiled and page.shaped[0] == 1:
            found.setdefault((int(page.imagewidth), int(page.imagelength)), page)
    return found


def _damage_of(page: "TiffPage", index: int) -> str | None:
    """What is wrong with a tile and is not told by OpenSlide, as it tells that the file ends."""
    if index >= min(len(page.dataoffsets), len(page.databytecounts)):
        return None
    offset, count = page.dataoffsets[index], page.databytecounts[index]
    if not (offset and 0 < count <= _MOST_BYTES):
        return None
    try:
        return segment_damage(bytes_at(page, offset, count), page.compression, page.jpegtables, (0, 0))
    except DECODE_ERRORS:
        return None
