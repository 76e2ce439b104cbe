"""Damaged files, odd names, folders of strange things, and files of kinds that are no picture."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.hostile.inputs import Maker

__all__ = ["damaged", "heads", "odd_names", "strange_places"]

_KEPT = (0.0, 0.05, 0.4, 0.9)  # of a file's bytes; and all but the last one
_FLIPS = 3
_OTHER_SUFFIX = {
    "jpg": "png",
    "png": "tif",
    "tif": "svs",
    "bmp": "jpg",
    "webp": "bmp",
    "avif": "jpg",
    "jp2": "mrxs",
}


def damaged(seeds: Mapping[str, bytes]) -> Iterator[tuple[str, Maker]]:
    """Each format cut off, with bits flipped, a gap of zeros, a garbled head, or another ending."""
    random = np.random.default_rng(9)
    for suffix, data in seeds.items():
        for kept in _KEPT:
            yield f"kept-{kept}.{suffix}", _file(f"a.{suffix}", data[: int(len(data) * kept)])
        yield f"less-1.{suffix}", _file(f"a.{suffix}", data[:-1])
        for number in range(_FLIPS):
            yield f"flipped-{number}.{suffix}", _file(f"a.{suffix}", _flipped(data, random, 10**number))
        middle = len(data) // 2
        gap = data[:middle] + bytes(min(4000, middle)) + data[middle + min(4000, middle) :]
        yield f"gap.{suffix}", _file(f"a.{suffix}", gap)
        garbled = bytearray(data)
        garbled[16:80] = random.bytes(64)
        yield f"head.{suffix}", _file(f"a.{suffix}", bytes(garbled))
        other = _OTHER_SUFFIX[suffix.rpartition(".")[2]]
        yield f"{suffix}-as-{other}", _file(f"a.{other}", data)


def odd_names(data: bytes) -> Iterator[tuple[str, Maker]]:
    """A good PNG under names that are hard to write down."""
    names = (
        b"=1+1", b"+1", b"-x", b"@SUM(A1)", b"\t=1", b"a\nb", b"a\rb", b"\x1b[2J", b"\xff\xfe", b"a,b;c\"d'e",
        "\u202egnp".encode(), "слайд".encode(), "薄い塗抹".encode(), "سلايد".encode(), "🩸".encode(),
        b"l" * 251, "ж".encode() * 120, b" ", b"a%sb%n", b"<img src=x onerror=alert(1)>", b"{0.__class__}",
        b"..a", b"CON", b"$(id)", b"a\\b", b"\xed\xa0\x80", b"\x7f\x07\x08",
    )  # fmt: skip
    for name in names:
        yield f"named {name[:12]!r}", _named(name + b".png", data)


def heads() -> Iterator[tuple[str, Maker]]:
    """Beginnings of files that labs have and that are no picture."""
    rest = bytes(300)
    known = {
        "dcm": bytes(128) + b"DICM" + rest,
        "gif": b"GIF89a" + rest,
        "czi": b"ZISRAWFILE" + rest,
        "nd2": bytes.fromhex("dacebe0a") + rest,
        "lif": bytes.fromhex("70000000") + rest,
        "oib": bytes.fromhex("d0cf11e0a1b11ae1") + rest,
        "avi": b"RIFF\0\0\0\0AVI " + rest,
        "mp4": b"\0\0\0\x18ftypmp42" + rest,
        "heic": b"\0\0\0\x18ftypheic" + rest,
        "avif": b"\0\0\0\x18ftypavif" + rest,
        "jp2": bytes.fromhex("0000000c6a5020200d0a870a") + rest,
        "pdf": b"%PDF-1.4\n" + rest,
        "zip": b"PK\3\4" + rest,
        "txt": b"patient,count\n1,2\n",
        "zeros": rest,
        "xml": b"<?xml version='1.0'?>",
        "svs": b"not a slide",
        "mrxs": b"",
        "ndpi": b"II*\0" + rest,
        "scn": b"MM\0*" + rest,
    }
    for suffix, data in known.items():
        yield f"head of {suffix}", _file(f"a.{suffix}", data)


def strange_places(photo: bytes, result: Callable[[Path], object]) -> Iterator[tuple[str, Maker]]:
    """Folders and paths that hold something else than photos."""
    good = partial(_good, photo=photo)
    yield "pipe", _in_folder(_pipe, inner="b.png")
    yield "pipe beside a photo", _in_folder(good, _pipe)
    yield "socket", _in_folder(_socket)
    yield "zeros without end", _in_folder(_link("/dev/zero"), inner="a.png")
    yield "device beside a photo", _in_folder(good, _link("/dev/zero"))
    yield "own memory", _in_folder(_link("/proc/self/mem"), inner="a.png")
    yield "link in a circle", _in_folder(_link("a.png"), inner="a.png")
    yield "link to nowhere", _in_folder(_link("gone"), inner="a.png")
    yield "links beside a photo", _in_folder(good, _link("a.png"))
    yield "folder in a circle", _in_folder(good, _link("."))
    yield "empty folder", _in_folder()
    yield "folder of text", _in_folder(lambda folder: (folder / "a.txt").write_text("x"))
    yield "folder named as a photo", _in_folder(lambda folder: (folder / "a.png").mkdir(), inner="a.png")
    yield "photos one folder down", _in_folder(lambda folder: (folder / "in").mkdir(), _one_down(photo))
    yield "gone", lambda folder: folder / "gone.png"
    yield "name too long", lambda folder: folder / ("x" * 300)
    yield "path too long", lambda folder: folder.joinpath(*["x" * 200] * 30)
    yield "file as a folder", _in_folder(good, inner="good.png/a.png")
    yield "300 broken photos", _in_folder(lambda folder: _many(folder, photo[: len(photo) // 2], 300))
    yield "a broken photo beside a good one", _in_folder(good, partial(_many, data=photo[:-50], number=1))
    yield "2 GB of nothing", _in_folder(_sparse, inner="a.png")
    yield "2 GB of nothing beside a photo", _in_folder(good, _sparse)
    yield "result folder", _in_folder(result, inner="out/good")
    yield "hidden files", _in_folder(good, lambda folder: (folder / "._good.png").write_bytes(b"x"))


def _file(name: str, data: bytes) -> Maker:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


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
