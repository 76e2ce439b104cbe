"""Damaged files, odd names, folders of strange things, and files of kinds that are no picture."""

import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.hostile.inputs import Inputs, Maker, Must, held

__all__ = ["damaged", "heads", "odd_names", "strange_places"]

_KEPT = (0.0, 0.05, 0.4, 0.9)  # of a file's bytes; and all but the last one
_FEW_ROWS, _ALL_BUT_SMALL = 0.05, 0.8
_FLIPS = 3
_NEEDS_ALL = {"progressive.jpg", "bmp", "webp", "avif", "jp2", "raw.tif", "lzw.tif", "jpeg.tif", "tiled.tif"}
_NOT_CHECKED = {"webp", "jp2"}
_WITHOUT_LOSS = {"png", "bmp", "webp", "jp2", "raw.tif", "lzw.tif", "tiled.tif"}
_OTHER_SUFFIX = {
    "jpg": "png",
    "png": "tif",
    "tif": "svs",
    "bmp": "jpg",
    "webp": "bmp",
    "avif": "jpg",
    "jp2": "mrxs",
}


def damaged(seeds: Mapping[str, bytes]) -> Inputs:
    """Each format cut off, with bits flipped, a gap of zeros, a garbled head, or another ending."""
    random = np.random.default_rng(9)
    for suffix, data in seeds.items():
        name = f"a.{suffix}"
        for kept in _KEPT:
            yield held(f"kept-{kept}.{suffix}", data[: int(len(data) * kept)], _when_cut(suffix, kept), name)
        yield held(f"less-1.{suffix}", data[:-1], "damage" if suffix in _NEEDS_ALL else "told", name)
        for number in range(_FLIPS):
            # Nothing in the packed px of these says which bits are right, and no decoder remarks it.
            must = "any" if suffix in _NOT_CHECKED and number else "told"
            yield held(f"flipped-{number}.{suffix}", _flipped(data, random, 10**number), must, name)
        middle = len(data) // 2
        gap = data[:middle] + bytes(min(4000, middle)) + data[middle + min(4000, middle) :]
        yield held(f"gap.{suffix}", gap, "damage", name)
        garbled = bytearray(data)
        garbled[16:80] = random.bytes(64)
        yield held(f"head.{suffix}", bytes(garbled), "damage", name)
        other = _OTHER_SUFFIX[suffix.rpartition(".")[2]]
        yield held(f"{suffix}-as-{other}", data, "same" if suffix in _WITHOUT_LOSS else "near", f"a.{other}")


def _when_cut(suffix: str, kept: float) -> Must:
    """What is right of a file of which a share was kept: of a photo the rows that came count."""
    if not kept:
        return "refused: is empty (0 bytes)"
    if suffix in {"jpg", "png"}:
        return "partial" if kept > _FEW_ROWS else "refused: truncated or damaged"
    if suffix in _NEEDS_ALL:
        return "damage"
    return "told" if kept > _ALL_BUT_SMALL else "damage"  # a pyramid, whose smaller level comes last


def odd_names(data: bytes) -> Inputs:
    """A good PNG under names that are hard to write down."""
    names = (
        b"=1+1", b"+1", b"-x", b"@SUM(A1)", b"\t=1", b"a\nb", b"a\rb", b"\x1b[2J", b"\xff\xfe", b"a,b;c\"d'e",
        "\u202egnp".encode(), "слайд".encode(), "薄い塗抹".encode(), "سلايد".encode(), "🩸".encode(),
        b"l" * 251, "ж".encode() * 120, b" ", b"a%sb%n", b"<img src=x onerror=alert(1)>", b"{0.__class__}",
        b"..a", b"CON", b"$(id)", b"a\\b", b"\xed\xa0\x80", b"\x7f\x07\x08",
    )  # fmt: skip
    for name in names:
        yield f"named {name[:12]!r}", _named(name + b".png", data), "same"


def heads() -> Inputs:
    """Beginnings of files that labs have and that are no picture, and what each must be called."""
    rest = bytes(300)
    no_scan, no_head = "cannot be opened as a whole slide", "the file is damaged in its head"
    known = {
        "dcm": (bytes(128) + b"DICM" + rest, "is a DICOM file that is cut off or damaged"),
        "gif": (b"GIF89a" + rest, "is a GIF"),
        "czi": (b"ZISRAWFILE" + rest, "is a Zeiss CZI file"),
        "nd2": (bytes.fromhex("dacebe0a") + rest, "is a Nikon ND2 file"),
        "lif": (bytes.fromhex("70000000") + rest, "is a Leica LIF file"),
        "oib": (bytes.fromhex("d0cf11e0a1b11ae1") + rest, "is an Olympus OIB, Zeiss ZVI or Office file"),
        "avi": (b"RIFF\0\0\0\0AVI " + rest, "is an AVI film"),
        "mp4": (b"\0\0\0\x18ftypmp42" + rest, "is an MP4 or QuickTime film"),
        "heic": (b"\0\0\0\x18ftypheic" + rest, no_head),
        "avif": (b"\0\0\0\x18ftypavif" + rest, no_head),
        "jp2": (bytes.fromhex("0000000c6a5020200d0a870a") + rest, no_head),
        "pdf": (b"%PDF-1.4\n" + rest, "is a PDF document"),
        "zip": (b"PK\3\4" + rest, "is a ZIP archive or an Office document"),
        "txt": (b"patient,count\n1,2\n", "is not a picture"),
        "zeros": (rest, "holds nothing but zeros"),
        "xml": (b"<?xml version='1.0'?>", "is not a picture"),
        "svs": (b"not a slide", no_scan),
        "mrxs": (b"", no_scan),
        "ndpi": (b"II*\0" + rest, "truncated or damaged: no picture in it"),
        "scn": (b"MM\0*" + rest, "truncated or damaged: no picture in it"),
    }
    for suffix, (data, words) in known.items():
        yield held(f"head of {suffix}", data, f"refused: {words}", f"a.{suffix}")


def strange_places(photo: bytes, result: Callable[[Path], object]) -> Inputs:
    """Folders and paths that hold something else than photos."""
    yield from _no_photos()
    yield from _beside_a_photo(photo)
    gone, short, none = "no such file or folder", "shorten the name", "no picture in"
    yield "gone", lambda folder: folder / "gone.png", f"refused: {gone}"
    yield "link to nowhere", _in_folder(_link("gone"), inner="a.png"), f"refused: {gone}"
    yield "name too long", lambda folder: folder / ("x" * 300), f"refused: {short}"
    yield "path too long", lambda folder: folder.joinpath(*["x" * 200] * 30), f"refused: {short}"
    good = partial(_good, photo=photo)
    yield "file as a folder", _in_folder(good, inner="good.png/a.png"), "refused: check the path"
    down = _in_folder(lambda folder: (folder / "in").mkdir(), _one_down(photo))
    yield "photos one folder down", down, f"refused: {none}"
    half = photo[: len(photo) // 2]
    yield "300 broken photos", _in_folder(lambda folder: _many(folder, half, 300)), "partial"
    yield "result folder", _in_folder(result, inner="out/good"), "passed over"


def _no_photos() -> Inputs:
    is_none, circle = "refused: is no file", "refused: mend the link"
    yield "pipe", _in_folder(_pipe, inner="b.png"), is_none
    yield "socket", _in_folder(_socket, inner="a.png"), is_none
    yield "zeros without end", _in_folder(_link("/dev/zero"), inner="a.png"), is_none
    yield "own memory", _in_folder(_link("/proc/self/mem"), inner="a.png"), "refused: cannot read"
    yield "link in a circle", _in_folder(_link("a.png"), inner="a.png"), circle
    none = "refused: no picture in"
    yield "empty folder", _in_folder(), none
    yield "folder of text", _in_folder(lambda folder: (folder / "a.txt").write_text("x")), none
    named = _in_folder(lambda folder: (folder / "a.png").mkdir(), inner="a.png")
    yield "folder named as a photo", named, none
    yield "2 GB of nothing", _in_folder(_sparse, inner="a.png"), "refused: holds nothing but zeros"


def _beside_a_photo(photo: bytes) -> Inputs:
    good = partial(_good, photo=photo)
    beside: dict[str, Callable[[Path], object]] = {
        "pipe": _pipe,
        "device": _link("/dev/zero"),
        "links": _link("a.png"),
        "2 GB of nothing": _sparse,
        "a broken photo": partial(_many, data=photo[:-50], number=1),
    }
    for name, fill in beside.items():
        yield f"{name} beside a photo", _in_folder(good, fill), "partial: same"
    yield "folder in a circle", _in_folder(good, _link(".")), "same"
    yield "hidden files", _in_folder(good, lambda folder: (folder / "._good.png").write_bytes(b"x")), "same"


def _named(name: bytes, data: bytes) -> Maker:
    def make(folder: Path) -> Path:
        path = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        path.write_bytes(data)
        return path

    return make


def _in_folder(*fills: Callable[[Path], object], inner: str = "") -> Maker:
    def make(folder: Path) -> Path:
        for fill in fills:
            fill(folder)
        return folder / inner if inner else folder

    return make


def _flipped(data: bytes, random: np.random.Generator, number: int) -> bytes:
    changed = np.frombuffer(data, np.uint8).copy()
    places = random.integers(0, len(changed), number)
    changed[places] ^= (1 << random.integers(0, 8, number)).astype(np.uint8)
    return changed.tobytes()


def _good(folder: Path, photo: bytes) -> None:
    (folder / "good.png").write_bytes(photo)


def _many(folder: Path, data: bytes, number: int) -> None:
    for index in range(number):
        (folder / f"{index}.png").write_bytes(data)


def _one_down(photo: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / "in" / "good.png").write_bytes(photo)


def _link(target: str) -> Callable[[Path], object]:
    return lambda folder: (folder / "a.png").symlink_to(target)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "b.png")


def _sparse(folder: Path) -> None:
    with (folder / "a.png").open("wb") as stream:
        stream.truncate(2 << 30)


def _socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)  # the name of a socket has at most 108 bytes
        try:
            listening.bind("a.png")
        finally:
            os.chdir(here)
