"""What a batch is asked to count: folders are walked, and a table may name slides, their scale and more."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import InputError, SlideError
from pipeline.names import for_path, one_of_folder
from pipeline.reader.slide import PHOTO_SUFFIXES
from pipeline.reader.source import content_kind, slide_name
from pipeline.reader.vendor import VENDOR_SUFFIXES
from pipeline.settings import RBC_PER_UL_MAX, RBC_PER_UL_MIN, UM_PER_PX_MAX, UM_PER_PX_MIN
from pipeline.tables.given import GivenRow, read_given_table

__all__ = ["Found", "ListedSlide", "find_slides", "plain_path", "read_listing", "unique_name"]

_NUMBERS = ("rbc_per_ul", "um_per_px")
_DICOM_SUFFIX = ".dcm"
"""The files of one slide lie in one folder, which is handed in as a whole."""
_SCAN_BYTES = 30_000_000
"""A TIFF file from this size on is looked into: a scan is a slide, a smaller one is a photo of a field."""
_SCAN_PX = 100_000_000
_RESULT = frozenset({"summary.json", "run.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSlide:
    """A slide that is to be counted.

    Attributes
    ----------
    source : absolute.
    name : as a table gave it; None leaves it to the file.
    um_per_px : for this slide alone; None leaves it to the settings.
    extra : further columns of the table.
    """

    source: Path
    name: str | None = None
    um_per_px: float | None = None
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Found:
    """The slides that were found, in the order of their names, and how many files were passed over."""

    slides: list[ListedSlide] = field(default_factory=list)
    passed_over: int = 0


def find_slides(given: Sequence[Path], out: Path, listing: Sequence[ListedSlide] = ()) -> Found:
    """The slides in what was handed in.

    A folder of photos is a slide, and so is one of DICOM files without photos; so is a whole-slide scan
    wherever it lies, and a photo that was handed in itself or lies in the only folder that was. Folders are
    walked to any depth; links to folders are not followed, and results of earlier counts are passed over.

    Parameters
    ----------
    out : folder of the results, never walked.
    listing : slides of a table; they go before what is found under the same path.
    """
    found = Found()
    for path in map(plain_path, given):
        if _is_folder(path):
            _walk(path, plain_path(out), found, is_slide=len(given) > 1)
        else:
            found.slides.append(ListedSlide(source=path))
    listed = {slide.source: slide for slide in listing}
    slides = [listed.pop(slide.source, slide) for slide in found.slides]
    found.slides = list({slide.source: slide for slide in [*slides, *listed.values()]}.values())
    return found


def read_listing(path: Path) -> list[ListedSlide]:
    """The slides of a table with the columns path, slide, rbc_per_ul, sample, um_per_px and any more.

    A relative path is sought beside the table; backslashes of Windows, Excel's mark at the beginning and
    semicolons are understood.

    Raises
    ------
    InputError
        Where it has no column `path`, names a slide twice or holds a number that is none.
    """
    listed: dict[Path, ListedSlide] = {}
    names: dict[str, str] = {}
    for row in read_given_table(path, ("path",), ("slide", "sample", *_NUMBERS)):
        slide = _listed(path, row)
        if slide.source in listed or (slide.name and one_of_folder(slide.name) in names):
            raise InputError(f"{row.place}: {slide.name or slide.source} stands twice; keep one row")
        listed[slide.source] = slide
        names[one_of_folder(slide.name or "")] = row.place
    return list(listed.values())


def plain_path(path: Path) -> Path:
    """The path absolute and without `..`: a slide has one path however it is handed in."""
    absolute = path.absolute()
    plain = Path(os.path.normpath(absolute))
    with suppress(OSError):
        if plain != absolute and not plain.samefile(absolute):
            return absolute.resolve()  # a link to a folder stands before the `..`
    return plain


def unique_name(slide: ListedSlide, taken: Mapping[str, str]) -> str:
    """A name for a slide that no other has: with the names of the folders above it where that is needed.

    Parameters
    ----------
    taken : paths of slides by their names, as `names.one_of_folder` has them.
    """
    name, source = slide.name or slide_name(slide.source), str(slide.source)
    above = slide.source.parent
    while taken.get(one_of_folder(name), source) != source and above.name:
        name, above = f"{above.name}_{name}", above.parent
    number, first = 2, name
    while taken.get(one_of_folder(name), source) != source:
        name, number = f"{first}_{number}", number + 1
    return name


def _listed(path: Path, row: GivenRow) -> ListedSlide:
    texts = row.texts
    if not texts["path"]:
        raise InputError(f"{row.place}, column path: is empty, expected the path of a slide")
    numbers = {column: _number(row.place, column, texts.get(column, "")) for column in _NUMBERS}
    own = {"path", "slide", "um_per_px"}
    return ListedSlide(
        source=_source(path.absolute().parent, texts["path"]),
        name=_name(row.place, texts.get("slide", "")),
        um_per_px=numbers["um_per_px"],
        extra={column: text for column, text in texts.items() if column not in own and text},
    )


def _source(folder: Path, text: str) -> Path:
    """A path as a table has it; one that was written on Windows is understood elsewhere too."""
    source = folder / text
    if os.sep == "/" and "\\" in text and not os.path.lexists(source):
        source = folder / text.replace("\\", "/")
    return plain_path(source)


def _name(place: str, name: str) -> str | None:
    if name.startswith(".") or "/" in name or "\\" in name or not name.isprintable():
        raise InputError(f"{place}, column slide: {name!r} cannot be the name of a folder; choose another")
    return for_path(name) or None


def _number(place: str, column: str, text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = -1.0
    scale, blood = (UM_PER_PX_MIN, UM_PER_PX_MAX), (RBC_PER_UL_MIN, RBC_PER_UL_MAX)
    low, high = scale if column == "um_per_px" else blood
    if not low <= value <= high:
        raise InputError(f"{place}, column {column}: {text!r} is no {column}, expected {low:g} to {high:g}")
    return value


def _walk(folder: Path, out: Path, found: Found, *, is_slide: bool) -> None:
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError:
        found.slides.append(ListedSlide(source=folder))  # it fails with the reason why it cannot be read
        return
    if folder == out or {entry.name for entry in entries} >= _RESULT:
        return
    shown_entries = [entry for entry in entries if not entry.name.startswith(".")]
    if not shown_entries and is_slide:
        found.slides.append(ListedSlide(source=folder))
    photos: list[Path] = []
    of_dicom: list[Path] = []
    for entry in shown_entries:
        if _is_folder(entry):
            if not entry.is_symlink():
                _walk(entry, out, found, is_slide=True)
        elif _is_scan(entry):
            found.slides.append(ListedSlide(source=entry))
        elif entry.suffix.lower() in PHOTO_SUFFIXES:
            photos.append(entry)
        elif entry.suffix == _DICOM_SUFFIX:
            of_dicom.append(entry)
        else:
            found.passed_over += 1
    if photos:
        slides = [folder] if is_slide else photos
        found.slides += [ListedSlide(source=slide) for slide in slides]
        found.passed_over += len(of_dicom)
    elif of_dicom:
        found.slides.append(ListedSlide(source=folder))


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder; not, where the system does not tell: counting it then says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_scan(path: Path) -> bool:
    """Whether a file is a whole-slide scan."""
    if path.suffix.lower() in VENDOR_SUFFIXES:
        return True
    if path.suffix.lower() not in {".tif", ".tiff"}:
        return False
    from pipeline.reader.slide import open_slide

    try:
        if path.stat().st_size < _SCAN_BYTES or content_kind(path) != "TIFF":
            return False
        with open_slide(path) as slide:
            return any(view.width * view.height >= _SCAN_PX for view in slide.fields)
    except (SlideError, OSError):
        return False
