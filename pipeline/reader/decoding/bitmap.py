"""What the head of a BMP file says, and whether all px came: lost rows, packed rows that end early."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.reader.decoding.lost_runs import lost_run

__all__ = ["BitmapHead", "bitmap_head", "has_lost_rows", "is_core_bitmap"]

_FILE_HEAD_BYTES = 14
_CORE_HEAD_BYTES = 12  # OS/2, and Windows before version 3
_WHOLE, _RUNS_OF_8, _RUNS_OF_4, _BY_MASKS = 0, 1, 2, 3  # kinds of packing
_ROW_ENDS, _PICTURE_ENDS, _MOVES = 0, 1, 2  # codes within packed rows
_ROW_UNIT_BITS = 32  # to whole ones of which a row is filled up
_READ_MASKS = {
    16: {(0xF800, 0x7E0, 0x1F), (0x7C00, 0x3E0, 0x1F)},
    32: {(0xFF0000, 0xFF00, 0xFF)},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BitmapHead:
    """Size in px, where the px begin, bits of each, how they are packed, and masks of their colours."""

    width: int
    height: int
    place: int
    bits: int
    packing: int
    is_core: bool
    masks: tuple[int, int, int] | None

    @property
    def unread(self) -> str | None:
        """What is not read of a whole picture, and a way out; None where all is."""
        if self.masks is None or self.masks in _READ_MASKS.get(self.bits, {self.masks}):
            return None
        found = ", ".join(f"{mask:x}" for mask in self.masks)
        return f"has colours in other places (masks {found}); expected 5 or 8 bits each; save it as PNG"


def bitmap_head(start: bytes) -> BitmapHead | None:
    """Head of a BMP file by its first bytes; None where they are too few."""
    try:
        place, size = struct.unpack("<II", start[10:18])
        if size == _CORE_HEAD_BYTES:
            width, height, _, bits = struct.unpack("<HHHH", start[18:26])
            packing = _WHOLE
        else:
            width, height, _, bits, packing = struct.unpack("<iiHHI", start[18:34])
        masks = struct.unpack("<3I", start[54:66]) if packing == _BY_MASKS else None
    except struct.error:
        return None
    return BitmapHead(
        width=abs(width),
        height=abs(height),
        place=place,
        bits=bits,
        packing=packing,
        is_core=size == _CORE_HEAD_BYTES,
        masks=masks,
    )


def is_core_bitmap(data: NDArray[np.uint8]) -> bool:
    """Whether a BMP file has the head of the first age."""
    head = bitmap_head(data[:128].tobytes())
    return head is not None and head.is_core


def has_lost_rows(data: NDArray[np.uint8]) -> bool:
    """Whether some px of a BMP file were lost, or never written.

    Parameters
    ----------
    data : uint8 (n,), the bytes of the file.
    """
    head = bitmap_head(data[:128].tobytes())
    if head is None or not head.bits:
        return False
    if head.packing in (_RUNS_OF_8, _RUNS_OF_4):
        return _ends_early(data[head.place :], head)
    row_bytes = -(-head.width * head.bits // _ROW_UNIT_BITS) * (_ROW_UNIT_BITS // 8)
    rows = data[head.place : head.place + row_bytes * head.height]
    if not row_bytes or len(rows) < row_bytes * head.height:
        return False  # the decoder says so
    return lost_run(rows.reshape(head.height, row_bytes), max(1, head.bits // 8), head.place) is not None


def _ends_early(packed: NDArray[np.uint8], head: BitmapHead) -> bool:
    """Whether rows packed as runs of px are fewer than there should be."""
    # Whatever they mean, they come in twos: 0 and a code, or a number and the px that is repeated.
    twos = packed[: len(packed) // 2 * 2].reshape(-1, 2)
    codes = np.flatnonzero(twos[:, 0] == 0)
    place, row, column, index = 0, 0, 0, 0
    while row < head.height:
        if index == len(codes):  # the file ends before the picture
            column += int(twos[place:, 0].sum(dtype=np.int64))
            break
        found = int(codes[index])
        column += int(twos[place:found, 0].sum(dtype=np.int64))
        value = int(twos[found, 1])
        place, index = found + 1, index + 1
        if value == _ROW_ENDS:
            row, column = row + 1, 0
        elif value == _PICTURE_ENDS:
            break
        elif value == _MOVES:  # px that are left out are lost: nobody packs a photo so
            return True
        else:
            column += value
            place += -(-(value if head.packing == _RUNS_OF_8 else -(-value // 2)) // 2)
            while index < len(codes) and codes[index] < place:  # px as they are
                index += 1
    return row < head.height - 1 or (row == head.height - 1 and column < head.width)
