"""Slides that cannot be counted, each for another reason, and what lets modes of files hold."""

import os
import shutil
import zlib
from pathlib import Path

from tests.pipeline.jobs.drawn_slides import draw

BOMB_PX = 60_000


def make_bad_slides(folder: Path) -> dict[str, str]:
    """Six bad slides by name, and what the reason of each has to say."""
    whole = draw(folder / "whole" / "field.png", 99).read_bytes()
    shutil.rmtree(folder / "whole")
    (folder / "empty").mkdir()
    for name, content in {
        "truncated": whole[: len(whole) // 20],
        "wrong-type": b"A letter, not a picture.\n" * 40,
        "zero-bytes": b"",
        "bomb": _white_png(BOMB_PX),
        "forbidden": whole,
    }.items():
        path = folder / name / "field.png"
        path.parent.mkdir()
        path.write_bytes(content)
    (folder / "forbidden" / "field.png").chmod(0)
    return {
        "empty": "no picture in",
        "truncated": "truncated",
        "wrong-type": "is not a picture",
        "zero-bytes": "0 bytes",
        "bomb": "3600 megapixels",
        "forbidden": "no permission to read",
    }


def without_privileges() -> list[str] | None:
    """What goes before a command so that modes of files hold for it; None where that cannot be had."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        return None
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", f"--inh-caps={dropped}", f"--bounding-set={dropped}"]


def _white_png(side: int) -> bytes:
    """A white picture of 4 bits a pixel, a thousand times smaller than its pixels."""
    head = side.to_bytes(4) + side.to_bytes(4) + bytes([4, 0, 0, 0, 0])
    packer = zlib.compressobj(9)
    row = b"\0" + b"\xff" * (side // 2)
    rows = b"".join(packer.compress(row * 1000) for _ in range(side // 1000)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)
