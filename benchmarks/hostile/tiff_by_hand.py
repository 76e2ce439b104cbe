"""TIFF files written tag by tag, for what no library writes."""

import struct
from collections.abc import Mapping, Sequence

__all__ = ["Tag", "by_hand", "rgb_tags"]

Tag = tuple[int, Sequence[int]]
"""Type of TIFF 6.0 (1 BYTE, 2 ASCII, 3 SHORT, 4 LONG, 5 RATIONAL as two LONGs) and values."""
_FORMATS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 7: "B"}
_OFFSETS, _COUNTS = 273, 279


def rgb_tags(width: int, height: int, bits: int = 8) -> dict[int, Tag]:
    """Tags of an uncompressed RGB picture in one strip."""
    return {
        256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * 3), 259: (3, [1]), 262: (3, [2]),
        277: (3, [3]), 278: (4, [height]), 284: (3, [1]),
    }  # fmt: skip


def by_hand(
    parts: Sequence[bytes],
    tags: Mapping[int, Tag],
    *,
    pages: int = 1,
    circle: bool = False,
    tiled: bool = False,
) -> bytes:
    """A little-endian TIFF of these strips, whose directory is repeated or points to itself.

    Offsets and byte counts that `tags` gives stay as they are given.
    """
    places, data = [], b""
    for part in parts:
        places.append(8 + len(data))
        data += part + bytes(len(part) % 2)
    every = {_OFFSETS: (4, places), _COUNTS: (4, [len(part) for part in parts])} | dict(tags)
    first = start = 8 + len(data)
    made = [struct.pack("<2sHI", b"II", 42, first), data]
    for page in range(pages):
        size = 2 + 12 * len(every) + 4
        entries, rest = b"", b""
        for code, (kind, values) in sorted(every.items()):
            packed = _packed(kind, values)
            count = len(values) // len(_FORMATS[kind])
            if len(packed) > 4:
                entries += struct.pack("<HHII", code, kind, count, start + size + len(rest))
                rest += packed + bytes(len(packed) % 2)
            else:
                entries += struct.pack("<HHI", code, kind, count) + packed.ljust(4, b"\0")
        following = start + size + len(rest)
        end = first if circle else following
        last = page == pages - 1 and not circle
        made += [struct.pack("<H", len(every)), entries, struct.pack("<I", 0 if last else end), rest]
        start = following
    return b"".join(made)


def _packed(kind: int, values: Sequence[int]) -> bytes:
    letter = _FORMATS[kind][0]
    return struct.pack(f"<{len(values)}{letter}", *values)
