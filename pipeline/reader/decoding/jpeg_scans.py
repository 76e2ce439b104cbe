"""Whether all scans of a JPEG picture are there, and all parts between the restart markers of each.

A decoder makes a picture of the scans that there are, coarse or grey, and says nothing; in place of a lost
part it puts grey or moved px.
"""

import re
from dataclasses import dataclass

from pipeline.reader.decoding.jpeg_segments import FIRST_RESTART, SCAN, segments

__all__ = ["lost_scans"]

_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
_RESTARTS = 8
_FRAMES, _PROGRESSIVE = (0xC0, 0xC1, 0xC2, 0xC9, 0xCA), (0xC2, 0xCA)  # Huffman and arithmetic codes
_INTERVAL = 0xDD
_BLOCK, _COEFFICIENTS = 8, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Size of a picture, px; blocks across and down of a unit by component."""

    height: int
    width: int
    sampling: dict[int, tuple[int, int]]
    progressive: bool

    def units(self, components: bytes) -> int:
        """Units that a scan of these components is made of; T.81, A.2."""
        across = max(h for h, _ in self.sampling.values())
        down = max(v for _, v in self.sampling.values())
        if len(components) > 1:
            return -(-self.width // (_BLOCK * across)) * -(-self.height // (_BLOCK * down))
        h, v = self.sampling[components[0]]
        return -(-self.width * h // (_BLOCK * across)) * -(-self.height * v // (_BLOCK * down))


def lost_scans(data: bytes) -> str | None:
    """What is missing of a picture whose scans can be followed to its end; None where nothing is.

    Parameters
    ----------
    data : from the first byte of the picture; what stands behind its end is not looked at.
    """
    frame: _Frame | None = None
    interval, refined = 0, dict[tuple[int, int], int]()
    for marker, content, start, end, _ in segments(data):
        if marker in _FRAMES:
            frame = _frame_of(content, progressive=marker in _PROGRESSIVE)
        elif marker == _INTERVAL and len(content) == 2:
            interval = int.from_bytes(content, "big")
        elif marker == SCAN:
            if frame is None or frame.height == 0 or not content:
                return None  # of another kind, or the decoder says what is wrong
            scan = _scan_of(content)
            if any(component not in frame.sampling for component in scan[0]) or not scan[0]:
                return None
            if interval and _lacks_parts(data, (start, end), -(-frame.units(scan[0]) // interval)):
                return "the JPEG data lacks a part between restart markers"
            for component in scan[0]:
                refined.update({(component, place): scan[3] for place in range(scan[1], scan[2] + 1)})
    if frame is None or not frame.progressive:
        return None
    missing = len(refined) < _COEFFICIENTS * len(frame.sampling) or any(refined.values())
    return "some of the scans of the JPEG data are missing" if missing else None


def _frame_of(content: bytes, *, progressive: bool) -> _Frame | None:
    if len(content) < 6 or len(content) < 6 + 3 * content[5]:
        return None
    each = [content[6 + 3 * index : 9 + 3 * index] for index in range(content[5])]
    sampling = {one[0]: (one[1] >> 4, one[1] & 15) for one in each}
    if not sampling or not all(across and down for across, down in sampling.values()):
        return None
    return _Frame(
        height=int.from_bytes(content[1:3], "big"),
        width=int.from_bytes(content[3:5], "big"),
        sampling=sampling,
        progressive=progressive,
    )


def _scan_of(content: bytes) -> tuple[bytes, int, int, int]:
    """Components, first and last coefficient, and the bits of these that later scans refine."""
    number = content[0]
    components = content[1 : 1 + 2 * number : 2]
    rest = content[1 + 2 * number : 4 + 2 * number]
    if len(rest) < 3:
        return b"", 0, 0, 0
    return components, rest[0], min(rest[1], _COEFFICIENTS - 1), rest[2] & 15


def _lacks_parts(data: bytes, packed: tuple[int, int], expected: int) -> bool:
    """Whether the restart markers of a scan are not one after the other, or too few; one behind it may be."""
    places = []
    for number, found in enumerate(_RESTART.finditer(data, *packed)):
        if data[found.start() + 1] - FIRST_RESTART != number % _RESTARTS:
            return True
        places.append(found.start())
    ends = [*places[: expected - 1], packed[1]]
    empty = any(end - start <= 2 for start, end in zip(places, ends[1:], strict=False))
    return len(places) not in (expected - 1, expected) or empty
