"""What lies under a path: its kind by content, whether a count wrote it, its name, errors about it."""

from pathlib import Path

from pipeline.errors import NotAnImageError, SlideError, mend_of, reason_of
from pipeline.names import for_line, for_path
from pipeline.reader.formats import SIGNATURE_BYTES, ContentKind, kind_of, why_not
from pipeline.records import PICTURE_MARK

__all__ = [
    "ContentKind",
    "content_kind",
    "file_error",
    "is_own_picture",
    "is_own_result",
    "shown",
    "slide_name",
    "start_of",
]

_OWN_FILES = ("summary.json", "run.json", "cells.csv")
# A file that holds this was drawn by a count: its marks are no cells.
_OWN = PICTURE_MARK.encode()


def content_kind(path: Path) -> ContentKind:
    """Kind of picture by the first bytes of the file, whatever its name says.

    Raises
    ------
    NotAnImageError
        The path is no file, or the file is empty, no kind of picture that can be read, or an overlay.
    SlideError
        The file is missing or may not be read.
    """
    try:
        if not path.is_file() and path.exists():  # reading a pipe or a device may never end
            raise NotAnImageError(f"{shown(path)} is no file; expected a picture; copy it to a disk")
        start = start_of(path)
    except OSError as error:
        raise file_error(path, error) from error
    kind = kind_of(start)
    if kind is None:
        raise NotAnImageError(f"{shown(path)} {why_not(start)}")
    if _is_marked(start):
        raise NotAnImageError(
            f"{shown(path)} is an overlay that a count drew, whose marks are no cells; expected a photo; "
            "hand in the photo that was counted"
        )
    return kind


def is_own_picture(path: Path) -> bool:
    """Whether a file is an overlay that a count drew."""
    try:
        return path.is_file() and _is_marked(start_of(path))
    except OSError:
        return False


def start_of(path: Path) -> bytes:
    """First bytes of a file, by which its kind is known."""
    with path.open("rb") as stream:
        return stream.read(SIGNATURE_BYTES)


def _is_marked(start: bytes) -> bool:
    return kind_of(start) == "JPEG" and _OWN in start


def is_own_result(folder: Path) -> bool:
    """Whether a folder is what a count wrote of a slide."""
    try:
        return all((folder / name).is_file() for name in _OWN_FILES)
    except OSError:
        return False


def file_error(path: Path, error: OSError) -> SlideError:
    """Error that says in one line why a file or folder cannot be read."""
    if isinstance(error, FileNotFoundError):
        return SlideError(f"no such file or folder: {shown(path)}; expected a picture, a folder of pictures "
                          "or a whole-slide scan; check the spelling")  # fmt: skip
    if isinstance(error, PermissionError):
        return SlideError(f"no permission to read {shown(path)}; expected a readable file or folder; "
                          "change its permissions or copy it to your own folder")  # fmt: skip
    return SlideError(
        f"cannot read {shown(path)}: {reason_of(error)}; expected a readable file; {mend_of(error)}"
    )


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
