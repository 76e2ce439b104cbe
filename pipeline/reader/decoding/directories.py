"""How many directories a TIFF file has, counted without reading them: a library reads them all."""

import struct
from pathlib import Path
from typing import BinaryIO

__all__ = ["MOST_DIRECTORIES", "directories"]

MOST_DIRECTORIES = 4096
"""In the chain of a file: scans have a dozen, focus stacks some hundred. 60,000 took minutes and 4 GB."""
_ORDERS = {b"II": "<", b"MM": ">"}
_BIG = 43
_ENTRY_BYTES, _BIG_ENTRY_BYTES = 12, 20


def directories(path: Path) -> int:
    """Directories in the chain of a TIFF file, at most one more than MOST_DIRECTORIES; a circle ends it.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(16)
        order = _ORDERS.get(head[:2])
        if order is None or len(head) < 8:
            return 0
        big = struct.unpack(f"{order}H", head[2:4])[0] == _BIG
        word = f"{order}Q" if big else f"{order}I"
        place = struct.unpack(word, head[8:16] if big else head[4:8])[0] if len(head) == 16 or not big else 0
        seen: set[int] = set()
        while place and place not in seen and len(seen) <= MOST_DIRECTORIES:
            following = _next(stream, place, order, big=big)
            if following is None:
                break
            seen.add(place)
            place = following
    return len(seen)


def _next(stream: BinaryIO, place: int, order: str, *, big: bool) -> int | None:
    """Where the directory after the one at a place stands, 0 where it is the last; None outside the file."""
    number, word = (f"{order}Q", f"{order}Q") if big else (f"{order}H", f"{order}I")
    try:
        stream.seek(place)
        entries = struct.unpack(number, stream.read(struct.calcsize(number)))[0]
        stream.seek(entries * (_BIG_ENTRY_BYTES if big else _ENTRY_BYTES), 1)
        return int(struct.unpack(word, stream.read(struct.calcsize(word)))[0])
    except (struct.error, OSError, OverflowError, ValueError):
        return None
