"""What lies under a path: its kind by content, its name, and one-line errors about it."""

from pathlib import Path
from typing import Literal

from pipeline.errors import NotAnImageError, SlideError
from pipeline.names import for_line, for_path

__all__ = ["ContentKind", "content_kind", "file_error", "one_line", "shown", "slide_name"]

ContentKind = Literal["JPEG", "PNG", "WebP", "BMP", "TIFF"]

_SIGNATURE_BYTES = 16
_TIFF_SIGNATURES = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_HEIF_BRANDS = (b"heic", b"heix", b"heif", b"mif1", b"msf1", b"avif")
_EXPECTED = "expected a JPEG, PNG, WebP, BMP or TIFF picture or a whole-slide scan"


def content_kind(path: Path) -> ContentKind:
    """Kind of picture by the first bytes of the file, whatever its name says.

    Raises
    ------
    NotAnImageError
        The file is empty or no kind of picture that can be read.
    SlideError
        The file is missing or may not be read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(_SIGNATURE_BYTES)
    except OSError as error:
        raise file_error(path, error) from error
    if start.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return "WebP"
    if start.startswith(_TIFF_SIGNATURES):
        return "TIFF"
    if start.startswith(b"BM"):
        return "BMP"
    raise NotAnImageError(_not_a_picture(path, start))


def _not_a_picture(path: Path, start: bytes) -> str:
    if not start:
        return f"{shown(path)} is empty (0 bytes); {_EXPECTED}; copy the file again"
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        return f"{shown(path)} is a HEIC or AVIF picture; {_EXPECTED}; export it as JPEG"
    return (
        f"{shown(path)} is not a picture (it starts with {_legible(start)}); {_EXPECTED}; "
        "export it as JPEG or TIFF"
    )


def _legible(start: bytes) -> str:
    """First bytes of a file as their text, or in hexadecimal where they are none."""
    text = " ".join(start.decode("utf-8", "replace").split())
    return f'"{text}"' if text.isprintable() and "\ufffd" not in text and text else start.hex(" ")


def file_error(path: Path, error: OSError) -> SlideError:
    """Error that says in one line why a file or folder cannot be read."""
    if isinstance(error, FileNotFoundError):
        return SlideError(f"no such file or folder: {shown(path)}; expected a picture, a folder of pictures "
                          "or a whole-slide scan; check the spelling")  # fmt: skip
    if isinstance(error, PermissionError):
        return SlideError(f"no permission to read {shown(path)}; expected a readable file or folder; "
                          "change its permissions or copy it to your own folder")  # fmt: skip
    reason = one_line(error.strerror or str(error))
    return SlideError(f"cannot read {shown(path)}: {reason}; expected a readable file; check the disk")


def slide_name(path: Path) -> str:
    """Name of a slide: the folder's name, or the file's name without its ending(s), as `names.for_path`."""
    try:
        place = path.resolve()
        is_folder = place.is_dir()
    except (OSError, RuntimeError, ValueError):  # links in a circle, a null byte: opening it says so
        place, is_folder = path, False
    if is_folder:
        return for_path(place.name) or "slide"
    stem = place.stem
    return for_path(stem[:-4] if stem.lower().endswith(".ome") and len(stem) > 4 else stem)


def shown(path: Path) -> str:
    """Path as text for one line of a message."""
    return for_line(path)


def one_line(text: object) -> str:
    """Text of a foreign error folded into one line."""
    return for_line(" ".join(str(text).split()))
