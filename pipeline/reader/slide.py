"""Opening a slide: one photo, a folder of photos of one slide, or a whole-slide scan."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pipeline.errors import EmptySlideError, SlideError
from pipeline.names import for_path
from pipeline.reader.field import BrokenField, Field, Turn
from pipeline.reader.formats import kind_of
from pipeline.reader.photo import PhotoField, open_photo
from pipeline.reader.source import (
    content_kind,
    file_error,
    is_own_picture,
    is_own_result,
    shown,
    slide_name,
    start_of,
)
from pipeline.reader.tiff import TiffField, open_tiff
from pipeline.reader.tiff_layout import check_directories
from pipeline.reader.vendor import (
    VENDOR_SUFFIXES,
    dicom_slide,
    is_known_scan,
    is_vendor_tiff,
    open_vendor_slide,
)
from pipeline.records import Notice

__all__ = ["PHOTO_SUFFIXES", "Slide", "open_slide", "pictures_in"]

PHOTO_SUFFIXES = frozenset(
    {
        ".avif",
        ".bmp",
        ".heic",
        ".heif",
        ".j2k",
        ".jfif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".png",
        ".tif",
        ".tiff",
        ".webp",
    }
)

_FILES_NAMED = 6  # in a notice


class Slide:
    """The fields of one slide; at most one of them holds pixels or an open file at a time.

    Not for several threads at once; each process or thread opens the slide for itself, which is cheap.
    """

    __slots__ = ("_turn", "broken", "fields", "name", "notices")

    def __init__(
        self,
        name: str,
        fields: tuple[Field, ...],
        broken: tuple[BrokenField, ...],
        turn: Turn,
        notices: tuple[Notice, ...] = (),
    ) -> None:
        self.name = name
        self.notices = notices
        self.fields = fields
        self.broken = broken
        self._turn = turn

    def close(self) -> None:
        """Let go of decoded pixels and open files; a field read later opens its file anew."""
        self._turn.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_slide(path: Path) -> Slide:
    """Open a photo, a folder of photos of one slide (natural order of their names), or a whole-slide scan.

    Only headers are read, but of a photo that was cut off at its end: the rows that came are the field. What
    did not come and a picture of a folder that cannot be opened stand in `Slide.broken`; the fields and their
    order are the same each time the same files are opened.

    Raises
    ------
    EmptySlideError
        The folder holds no picture.
    NotAnImageError
        The file is no picture.
    SlideError
        The path is missing, may not be read, or the file (or every file of a folder) is damaged.
    """
    turn = Turn()
    name = slide_name(path)
    try:
        is_folder = path.is_dir()
        if not is_folder:
            path.stat()
    except OSError as error:
        raise file_error(path, error) from error
    if is_folder:
        if is_own_result(path):
            raise SlideError(
                f"{shown(path)} is the result of an earlier count; expected a slide; hand in its photos"
            )
        return _open_folder(path, name, turn)
    field = _open_file(path, name, turn)
    return Slide(name, (field,), tuple(_lost_of([field])), turn, _said_of([field]))


def _open_folder(folder: Path, name: str, turn: Turn) -> Slide:
    every = pictures_in(folder)
    pictures = [picture for picture in every if not is_own_picture(picture)]
    scan = None if every else dicom_slide(folder)
    if scan is not None:
        return Slide(name, (open_vendor_slide(scan, name, turn),), (), turn)
    if not pictures:
        raise EmptySlideError(
            f"no picture in {shown(folder)}; expected the photos of one slide lying directly in the folder "
            f"({', '.join(sorted(PHOTO_SUFFIXES))}); hand in the folder that holds them"
        )
    stems = Counter(picture.stem for picture in pictures)
    fields: list[Field] = []
    broken: list[BrokenField] = []
    for picture in pictures:
        label = for_path(picture.stem if stems[picture.stem] == 1 else picture.name)
        try:
            fields.append(_open_file(picture, label, turn))
        except SlideError as error:
            broken.append(BrokenField(name=label, reason=str(error)))
    if not fields:
        if len(broken) == 1:
            raise SlideError(broken[0].reason)
        raise SlideError(
            f"none of the {len(broken)} pictures in {shown(folder)} can be opened; expected at least one; "
            f"the first: {broken[0].reason}"
        )
    said = _said_of(fields) + _passed_over(len(every) - len(pictures))
    return Slide(name, tuple(fields), (*broken, *_lost_of(fields)), turn, said)


def _lost_of(fields: Sequence[Field]) -> list[BrokenField]:
    """The parts of photos that did not come."""
    photos = [field for field in fields if isinstance(field, PhotoField)]
    return [photo.lost for photo in photos if photo.lost is not None]


def _passed_over(own: int) -> tuple[Notice, ...]:
    """What is said where a folder holds overlays beside its photos."""
    if not own:
        return ()
    text = f"Passed over, because an earlier count drew them: {own} of the pictures in the folder."
    return (Notice(code="own_pictures", severity="warn", value=own, limit=0, text=text),)


def _said_of(fields: Sequence[Field]) -> tuple[Notice, ...]:
    """What is said where a field is one of several pictures in its file."""
    return (*_stacks_in(fields), *_pages_left_out(fields))


def _pages_left_out(fields: Sequence[Field]) -> tuple[Notice, ...]:
    several = [field for field in fields if isinstance(field, TiffField | PhotoField) and field.left_out]
    if not several:
        return ()
    number = sum(field.left_out for field in several)
    each = "; ".join(f"{field.name}: {field.left_out}" for field in several[:_FILES_NAMED])
    more = f" and {len(several) - _FILES_NAMED} more files" if len(several) > _FILES_NAMED else ""
    pages = "1 more page" if number == 1 else f"{number} more pages"
    text = (
        f"Left out: {pages} of other views, in files of which the largest picture alone was counted "
        f"({each}{more}): export each as a file of its own into one folder."
    )
    return (Notice(code="pages_left_out", severity="warn", value=number, limit=0, text=text),)


def _stacks_in(fields: Sequence[Field]) -> tuple[Notice, ...]:
    stacks = [field for field in fields if isinstance(field, TiffField) and field.planes > 1]
    if not stacks:
        return ()
    first = stacks[0]
    more = f", and so of {len(stacks) - 1} other stacks" if len(stacks) > 1 else ""
    text = (
        f"{first.name} is a stack of {first.planes} focus planes: "
        f"the sharpest alone was counted, plane {first.plane + 1}{more}."
    )
    return (Notice(code="sharpest_plane", severity="warn", value=first.planes, limit=1, text=text),)


def pictures_in(folder: Path) -> list[Path]:
    """Pictures lying directly in a folder, in the natural order of their names; hidden files are left out."""
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise file_error(folder, error) from error
    pictures = [
        entry
        for entry in entries
        if entry.suffix.lower() in PHOTO_SUFFIXES and not entry.name.startswith(".") and not entry.is_dir()
    ]
    return sorted(pictures, key=lambda picture: (_natural(picture.name), picture.name))


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key that puts field2 before field10."""
    pieces: Callable[[str], list[str]] = re.compile(r"\d+|\D+").findall
    return tuple((int(piece), "") if piece.isdecimal() else (-1, piece.casefold()) for piece in pieces(name))


def _open_file(path: Path, name: str, turn: Turn) -> Field:
    if path.suffix.lower() in VENDOR_SUFFIXES and path.is_file() and not _is_misnamed(path):
        return open_vendor_slide(path, name, turn)
    kind = content_kind(path)
    if kind == "DICOM":
        return open_vendor_slide(path, name, turn)
    if kind != "TIFF":
        return open_photo(path, name, kind, turn)
    check_directories(path)
    if is_vendor_tiff(path):
        return open_vendor_slide(path, name, turn)
    return open_tiff(path, name, turn)


def _is_misnamed(path: Path) -> bool:
    """Whether a picture bears the ending of a scan; the file of an MRXS slide itself is a JPEG."""
    try:
        kind = kind_of(start_of(path))
    except OSError as error:
        raise file_error(path, error) from error
    is_index = kind == "JPEG" and path.suffix.lower() == ".mrxs"
    return kind is not None and not is_index and not is_known_scan(path)
