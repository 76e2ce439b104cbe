"""Whether all tiles of a JPEG 2000 picture are there: a decoder paints those that are not."""

import struct
from collections import Counter

__all__ = ["lacks_tiles"]

_START = b"\xff\x4f\xff\x51"  # markers SOC and SIZ; T.800, A.4.1 and A.5.1
_SIZE = struct.Struct(">8I")  # of the grid, its offset, a tile, the offset of the tiles; x before y
_SIZE_AT = 8  # bytes from SOC
_TILE_PART, _END = b"\xff\x90", b"\xff\xd9"
_PART = struct.Struct(">HHIBB")  # length, tile, bytes of the part, its number, parts of the tile
_MOST_TILES = 65_535  # T.800, A.5.1


def lacks_tiles(data: bytes) -> bool:
    """Whether a tile, a part of one, or the end is missing; False where the head cannot be followed.

    Parameters
    ----------
    data : the file, or the code stream alone.
    """
    place = data.find(_START)
    if place < 0 or len(data) < place + _SIZE_AT + _SIZE.size:
        return False
    width, height, _, _, tile_width, tile_height, left, top = _SIZE.unpack_from(data, place + _SIZE_AT)
    if not tile_width or not tile_height:
        return False
    tiles = -(-(width - left) // tile_width) * -(-(height - top) // tile_height)
    if not 0 < tiles <= _MOST_TILES:
        return False
    place += 2
    while data[place : place + 1] == b"\xff" and data[place : place + 2] not in (_TILE_PART, _END):
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    found, parts = Counter[int](), dict[int, int]()
    while data[place : place + 2] == _TILE_PART and len(data) >= place + 2 + _PART.size:
        _, tile, size, _, number = _PART.unpack_from(data, place + 2)
        found[tile] += 1
        parts[tile] = max(number, parts.get(tile, 0))
        place = place + size if size else len(data)  # the last part may reach to the end
    whole = all(found[tile] >= max(1, parts.get(tile, 0)) for tile in range(tiles))
    return not whole or data[place : place + 2] not in (_END, b"")
