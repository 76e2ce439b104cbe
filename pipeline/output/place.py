"""Where the result of a slide is put: whether that is free, and what runs that were cut short left there."""

import os
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.errors import InputError, OutputError, OutputExistsError
from pipeline.files import STAGING_PREFIX, flush_folder, output_errors
from pipeline.names import one_of_folder
from pipeline.reader.source import slide_name
from pipeline.settings import TILES_SUFFIX

__all__ = [
    "ABANDONED_S",
    "EVIDENCE_FOLDER",
    "RESULT_FILES",
    "check_destination",
    "check_names",
    "held_in",
    "put_back",
    "put_back_all",
    "put_in_place",
    "remove_half_written",
    "remove_settled_tiles",
]

EVIDENCE_FOLDER = "evidence"
RESULT_FILES = frozenset(
    {
        *("cells.csv", "summary.json", "run.json", "overlay.jpg", "overlays"),
        *("report.html", "report.pdf", EVIDENCE_FOLDER),
    }
)
_TAKEN = frozenset({"", ".", "..", "slides.csv", "index.html"})
"""Names in OUT that are no slide's; file systems take small and capital letters for one."""
_STAGED = re.compile(re.escape(STAGING_PREFIX) + "[0-9a-f]{12}")
_EARLIER_PREFIX = f"{STAGING_PREFIX}earlier-"
ABANDONED_S = 86_400.0
"""A hidden folder or file that nobody wrote to for so long, s, is left of a run that was cut short."""


def check_destination(out: Path, name: str, *, overwrite: bool) -> None:
    """Make OUT and hold it against what is to be written, before hours are spent on counting.

    An earlier result that a power cut caught while it was being replaced is put back first.

    Raises
    ------
    OutputExistsError, OutputError
        As `write_result` does.
    """
    if one_of_folder(name) in _TAKEN or name.startswith(STAGING_PREFIX) or "/" in name or "\\" in name:
        raise OutputError(f"slide name {name!r} cannot be the name of a folder; rename the slide")
    with output_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    if not os.access(out, os.W_OK | os.X_OK):
        raise OutputError(f"{out}: no permission to write here; choose another folder with -o")
    folder = out / name
    put_back(folder)
    _check_alone(folder)
    if not os.path.lexists(folder):
        return
    _check_own(folder)
    if not overwrite:
        raise OutputExistsError(
            f"{folder}: a result is there already; pass --overwrite to replace it, or another -o"
        )


def check_names(sources: Sequence[Path]) -> None:
    """Refuse slides that would be written into one folder; letters of either size are one, as for some disks.

    Raises
    ------
    InputError
        Where two slides have one name.
    """
    taken: dict[str, Path] = {}
    for source in sources:
        name = slide_name(source)
        other = taken.setdefault(one_of_folder(name), source)
        if other is not source:
            raise InputError(
                f"{other} and {source} would both be written as {name!r}; "
                "expected slides of different names; rename one, or count it with another -o"
            )


def held_in(folder: Path) -> frozenset[str] | None:
    """Names of what lies in a folder; None of a file, or a link; FileNotFoundError where nothing is."""
    if folder.is_symlink():
        return None
    try:
        return frozenset(entry.name for entry in folder.iterdir())
    except NotADirectoryError:
        return None


def _check_alone(folder: Path) -> None:
    """Refuse a place that some disks take for that of another result: one of the two would be lost there."""
    mine = one_of_folder(folder.name)
    with os.scandir(folder.parent) as entries:  # of a year's slides this is looked through twice for each
        alike = [entry.name for entry in entries if one_of_folder(entry.name) == mine]
    for other in (folder.with_name(name) for name in alike if name != folder.name):
        if not _is_one(other, folder):
            raise OutputExistsError(
                f"{other}: is a result of nearly the same name as {folder.name!r}, and on many disks the two "
                "would be one folder; rename the slide, or choose another -o"
            )


def _is_one(one: Path, other: Path) -> bool:
    return other.exists() and one.samefile(other)


def _check_own(folder: Path) -> None:
    """Refuse to replace anything but an earlier result: the folder might be the slide itself."""
    held = held_in(folder)
    left = frozenset(
        name for name in held or () if _STAGED.fullmatch(name)
    )  # by a `report` that was cut short
    if held is None or "summary.json" not in held or not held - left <= RESULT_FILES:
        raise OutputExistsError(
            f"{folder}: holds more than an earlier result and is not replaced; choose another folder with -o"
        )


def put_in_place(staging: Path, folder: Path, *, overwrite: bool) -> None:
    """Rename the whole folder; an earlier result is set aside first and put back where the rename fails."""
    if not (overwrite and folder.exists()):
        staging.rename(folder)
        flush_folder(folder.parent)
        return
    earlier = _set_aside(folder)
    folder.rename(earlier)
    try:
        staging.rename(folder)
    except OSError:
        earlier.rename(folder)
        raise
    flush_folder(folder.parent)
    shutil.rmtree(earlier, ignore_errors=True)


def _set_aside(folder: Path) -> Path:
    """Where the earlier result of a slide waits while the new one takes its place."""
    return folder.with_name(f"{_EARLIER_PREFIX}{folder.name}")


def put_back(folder: Path) -> None:
    """Put a result back that was set aside when the power went, or remove it where the new one is there."""
    earlier = _set_aside(folder)
    if not earlier.exists():
        return
    if (folder / "summary.json").exists():
        shutil.rmtree(earlier, ignore_errors=True)
    elif not os.path.lexists(folder):
        with output_errors(folder):
            earlier.rename(folder)
            flush_folder(folder.parent)


def put_back_all(out: Path) -> None:
    """`put_back` for every result of a folder that was set aside."""
    for earlier in out.glob(f"{_EARLIER_PREFIX}*"):
        put_back(out / earlier.name.removeprefix(_EARLIER_PREFIX))


def remove_settled_tiles(out: Path) -> None:
    """Remove the tiles of slides whose result was put in place after the last of them was finished."""
    for tiles in out.glob(f"{STAGING_PREFIX}*{TILES_SUFFIX}"):
        name = tiles.name.removeprefix(STAGING_PREFIX).removesuffix(TILES_SUFFIX)
        with suppress(OSError):
            if (out / name / "summary.json").stat().st_mtime_ns >= tiles.stat().st_mtime_ns:
                tiles.unlink()


def remove_half_written(out: Path, *, older_than_s: float) -> None:
    """Remove what runs that were cut short left half written; finished tiles and set-aside results stay.

    Parameters
    ----------
    older_than_s : what is younger may be in work; at minus infinity all of it goes.
    """
    for entry in out.glob(f"{STAGING_PREFIX}*"):
        if not _STAGED.fullmatch(entry.name):
            continue
        with suppress(OSError):
            if time.time() - entry.stat().st_mtime > older_than_s:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
