"""Photos of every format: of each kind a camera or a program may write, and with parts that are lost."""

import io
import re
import struct
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pillow_heif
from PIL import Image

from benchmarks.hostile.arithmetic import arithmetic_jpeg
from benchmarks.hostile.inputs import Inputs, Picture, held, saved

__all__ = ["jpeg_scan_starts", "photos", "restart_parts", "with_gap"]

_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_LOST = 2000  # bytes of a gap: four sectors


def photos(field: Picture) -> Inputs:
    """JPEG, WebP, AVIF, JPEG 2000 and HEIC."""
    yield from _jpegs(field)
    yield from _packed_with_gaps(field)


def with_gap(data: bytes, place: float, size: int = _LOST, fill: bytes = b"\0") -> bytes:
    """Bytes of which a run, from this share of them on, is another byte."""
    start = int(len(data) * place)
    size = min(size, len(data) - start)
    return data[:start] + fill * size + data[start + size :]


def _restarts(rgb: Image.Image) -> Inputs:
    restarts = saved(rgb, "JPEG", quality=95, restart_marker_blocks=30)
    yield held("restarts.jpg", restarts, "near")
    for number in (0, 3, 12):
        yield held(f"restart-{number}-lost.jpg", _without_restart(restarts, number), "told")
        yield held(f"restart-{number}-empty.jpg", _emptied_restart(restarts, number), "told")
    # Each part is whole and in an order that nothing contradicts.
    yield held("restarts-swapped.jpg", _swapped_restarts(restarts), "any")


def _jpegs(field: Picture) -> Inputs:
    rgb = Image.fromarray(field)
    yield from _restarts(rgb)
    yield from _inks_and_depths(field)
    yield from _several(rgb)
    plain = saved(rgb, "JPEG", quality=95)
    for name, marker in (("arithmetic", 0xC9), ("hierarchical", 0xC5), ("unknown", 0xCF)):
        data = bytearray(plain)
        data[data.index(b"\xff\xc0") + 1] = marker
        yield held(f"{name}-claimed.jpg", bytes(data), "told")
    for progressive in (False, True):
        made = arithmetic_jpeg(field, progressive=progressive)
        if made is not None:
            name = "arithmetic-progressive" if progressive else "arithmetic"
            yield held(f"{name}.jpg", made, "near")
            yield held(f"{name}-cut.jpg", made[:-4000], "told")
            yield held(f"{name}-gap.jpg", with_gap(made, 0.5), "told")
    yield held("no-tables.jpg", _without_segments(plain, b"\xff\xdb"), "told")
    # A decoder takes the codes of the standard, as films in Motion JPEG leave them out.
    yield held("no-codes.jpg", _without_segments(plain, b"\xff\xc4"), "any")
    for sampling, code in (("411", 0x411111), ("440", 0x121111), ("420", 0x221111)):
        options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, code]
        _, coded = cv2.imencode(".jpg", np.ascontiguousarray(field[:, :, ::-1]), options)
        yield held(f"{sampling}.jpg", coded.tobytes(), "near")
    yield held("height-0.jpg", _of_height(plain, 0), "told")
    yield held("more-rows-claimed.jpg", _of_height(plain, len(field) + 200), "told")
    yield held("twice-end.jpg", plain + _END + b"x" * 100, "near")
    yield held("comment-long.jpg", _with_comments(plain, 40), "near")


def _inks_and_depths(field: Picture) -> Inputs:
    for mode in ("CMYK", "YCCK"):
        data, name = _four_inks(field, mode), mode.lower()
        yield held(f"{name}.jpg", data, "near")
        yield held(f"{name}-cut.jpg", data[: len(data) * 2 // 3], "told")
        yield held(f"{name}-gap.jpg", with_gap(data, 0.6), "told")
    for bits in (12, 16):
        wide = field.astype(np.uint16) << (bits - 8)
        given: dict[str, Any] = {"lossless": True} if bits == 16 else {"level": 95}
        data = bytes(imagecodecs.jpeg8_encode(wide, bitspersample=bits, **given))
        yield held(f"{bits}bit.jpg", data, "refused")
        yield held(f"{bits}bit-cut.jpg", data[: len(data) // 2], "refused")
    lossless = bytes(imagecodecs.jpeg8_encode(field, lossless=True, predictor=1))
    yield held("lossless.jpg", lossless, "same")
    yield held("jpeg-ls.jpg", bytes(imagecodecs.jpegls_encode(field)), "refused")


def _several(rgb: Image.Image) -> Inputs:
    """Several scans or pictures in one file."""
    progressive = saved(rgb, "JPEG", quality=95, progressive=True)
    for scans in (1, 2, 4, 7):
        yield held(f"{scans}-scans.jpg", _first_scans(progressive, scans), "told")
    two = saved(rgb, "MPO", save_all=True, append_images=[rgb.resize((160, 120))], quality=95)
    yield held("two.mpo.jpg", two, "near")
    yield held("two-cut.mpo.jpg", two[:-200], "near")
    yield held("two-first-gap.mpo.jpg", with_gap(two, 0.4), "told")
    small = saved(rgb.resize((160, 120)), "JPEG")
    whole = saved(rgb, "JPEG", quality=95, exif=_with_thumbnail(small))
    yield held("thumbnail-inside.jpg", whole, "near")
    head = whole[: whole.index(small) + len(small) + 40]
    yield held("thumbnail-only.jpg", head, "refused")


def _packed_with_gaps(field: Picture) -> Inputs:
    rgb = Image.fromarray(field)
    heic = pillow_heif.from_pillow(rgb)
    memory = io.BytesIO()
    heic.save(memory, quality=95)
    made: dict[str, bytes] = {
        "lossy.webp": saved(rgb, "WEBP", quality=95),
        "lossless.webp": saved(rgb, "WEBP", lossless=True),
        "lossy.avif": saved(rgb, "AVIF", quality=95),
        "layers.jp2": saved(rgb, "JPEG2000", quality_layers=[20, 10, 5], irreversible=True),
        "tiles.jp2": saved(rgb, "JPEG2000", tile_size=(128, 128)),
        "tiles.j2k": saved(rgb, "JPEG2000", tile_size=(128, 128), no_jp2=True),
        "whole.j2k": saved(rgb, "JPEG2000", no_jp2=True),
        "photo.heic": memory.getvalue(),
    }
    for name, data in made.items():
        exact = name in {"lossless.webp", "tiles.jp2", "tiles.j2k", "whole.j2k"}
        yield held(f"whole-{name}", data, "same" if exact else "near")
        for place in (0.3, 0.7):
            yield held(f"gap-{place}-{name}", with_gap(data, place), "told")
        yield held(f"ones-{name}", with_gap(data, 0.5, fill=b"\xff"), "told")
        yield held(f"half-{name}", data[: len(data) // 2], "told")
        yield held(f"hole-{name}", data[: len(data) // 2] + data[len(data) // 2 + _LOST :], "told")
    for name in ("tiles.jp2", "tiles.j2k"):
        yield held(f"tile-lost-{name}", _without_tile(made[name], 4), "told")
        yield held(f"last-tile-lost-{name}", _without_tile(made[name], -1), "told")


def _segments(data: bytes) -> list[tuple[int, bytes]]:
    """Segments of a JPEG before its first scan: marker and all bytes."""
    place, found = 2, []
    while data[place : place + 2] != _SCAN:
        length = int.from_bytes(data[place + 2 : place + 4], "big") + 2
        found.append((place, data[place : place + length]))
        place += length
    return found


def _without_segments(data: bytes, marker: bytes) -> bytes:
    for _, segment in _segments(data):
        if segment.startswith(marker):
            data = data.replace(segment, b"", 1)
    return data


def jpeg_scan_starts(data: bytes) -> list[int]:
    starts, place = [], data.find(_SCAN)
    while place >= 0:
        starts.append(place)
        place = data.find(_SCAN, place + 2)
    return starts


def _first_scans(data: bytes, number: int) -> bytes:
    starts = jpeg_scan_starts(data)
    end = starts[number] if number < len(starts) else len(data) - 2
    # The tables of the scan that is gone stand before it.
    tables = data.rfind(b"\xff\xc4", starts[number - 1], end)
    return data[: tables if tables > 0 else end] + _END


def restart_parts(data: bytes) -> tuple[bytes, list[bytes]]:
    """A JPEG with restart markers: all up to the first of them, and each part with its marker."""
    places = [
        i for i in range(data.index(_SCAN), len(data) - 1) if data[i] == 0xFF and 0xD0 <= data[i + 1] <= 0xD7
    ]
    return data[: places[0]], [data[a:b] for a, b in zip(places, [*places[1:], len(data)], strict=True)]


def _without_restart(data: bytes, number: int) -> bytes:
    head, parts = restart_parts(data)
    return head + b"".join(part for index, part in enumerate(parts) if index != number)


def _emptied_restart(data: bytes, number: int) -> bytes:
    head, parts = restart_parts(data)
    parts[number] = parts[number][:2]
    return head + b"".join(parts)


def _swapped_restarts(data: bytes) -> bytes:
    head, parts = restart_parts(data)
    parts[2], parts[10] = parts[2][:2] + parts[10][2:], parts[10][:2] + parts[2][2:]
    return head + b"".join(parts)


def _four_inks(field: Picture, mode: str) -> bytes:
    if mode == "CMYK":
        return saved(Image.fromarray(field).convert("CMYK"), "JPEG", quality=95)
    inks = 255 - np.asarray(Image.fromarray(field).convert("CMYK"))
    return bytes(imagecodecs.jpeg8_encode(inks, level=95, colorspace="CMYK", outcolorspace="YCCK"))


def _with_thumbnail(small: bytes) -> bytes:
    """An EXIF block with a thumbnail in its second directory."""
    entries = [(0x0103, 3, 1, 6), (0x0201, 4, 1, 0), (0x0202, 4, 1, len(small))]
    first = struct.pack("<H", 1) + struct.pack("<HHII", 0x0112, 3, 1, 1) + struct.pack("<I", 26)
    offset = 8 + len(first) + 2 + 12 * len(entries) + 4
    entries[1] = (0x0201, 4, 1, offset)
    second = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + small


def _of_height(data: bytes, height: int) -> bytes:
    changed = bytearray(data)
    place = changed.index(b"\xff\xc0") + 5
    changed[place : place + 2] = struct.pack(">H", height)
    return bytes(changed)


def _with_comments(data: bytes, number: int) -> bytes:
    return data[:2] + (b"\xff\xfe" + struct.pack(">H", 65_535) + b"x" * 65_533) * number + data[2:]


def _without_tile(data: bytes, number: int) -> bytes:
    """A JPEG 2000 code stream of which the part of one tile is gone."""
    starts, place = [], data.find(b"\xff\x90\x00\x0a")
    while place >= 0:
        starts.append(place)
        place = data.find(b"\xff\x90\x00\x0a", place + 4)
    starts.append(data.rfind(_END))
    number = range(len(starts) - 1)[number]
    return data[: starts[number]] + data[starts[number + 1] :]
