"""Write the results of a slide as a folder that is there whole or not at all."""

import dataclasses
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.counting.result import CountResult
from pipeline.errors import OutputError, OutputExistsError
from pipeline.names import one_of_folder
from pipeline.output.cells_csv import write_cells
from pipeline.output.evidence import EVIDENCE_FOLDER, evidence_pictures
from pipeline.records import PICTURE_MARK, SlideSummary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

from pipeline.files import STAGING_PREFIX, flush_folder, output_errors, staging_place, to_json, write_synced
from pipeline.settings import TILES_SUFFIX

__all__ = [
    "RESULT_FILES",
    "check_destination",
    "held_in",
    "put_back",
    "put_back_all",
    "remove_half_written",
    "remove_settled_tiles",
    "summary_to_json",
    "write_result",
]

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
JPEG_QUALITY = 88  # of 100; thin outlines stay free of blocks, a 4096 px overlay stays near 3 MB


def write_result(
    result: CountResult,
    out: Path,
    *,
    overwrite: bool = False,
    pictures: Iterable[tuple[str, "NDArray[np.uint8]"]] = (),
    finish: Callable[[Path], None] | None = None,
    cells: Path | None = None,
) -> Path:
    """Write OUT/<slide>/ with cells.csv, summary.json, run.json, the overlays and what the report needs.

    Everything is written into a hidden folder beside it, flushed to the disk, and renamed in one step.

    Parameters
    ----------
    out : folder of all results; made where it is missing.
    overwrite : replace an earlier result of this slide.
    pictures : file name in the folder, such as 'overlay.jpg', and RGB uint8 (H, W, 3); read one at a time.
    finish : called with the hidden folder once all this is in it, to write more.
    cells : cells.csv, written already, a hidden file in `out`; None writes it.

    Returns
    -------
    The folder that was written.

    Raises
    ------
    OutputExistsError
        Where a result is there already and may not be replaced, or the folder holds something else.
    OutputError
        Where it cannot be written; nothing stays behind.
    """
    name = result.summary.slide
    check_destination(out, name, overwrite=overwrite)
    remove_half_written(out, older_than_s=ABANDONED_S)
    with output_errors(out / name):
        staging = staging_place(out)
        staging.mkdir()
        try:
            _write_files(result, staging, pictures, cells)
            if finish is not None:
                finish(staging)
            _flush(staging)
            _put_in_place(staging, out / name, overwrite=overwrite)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return out / name


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


def summary_to_json(summary: SlideSummary) -> str:
    """The summary as JSON text, keys in the order of the record, ending in a line feed."""
    return to_json(dataclasses.asdict(summary))


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


def _write_files(
    result: CountResult,
    folder: Path,
    pictures: Iterable[tuple[str, "NDArray[np.uint8]"]],
    cells: Path | None,
) -> None:
    for name, picture in pictures:
        (folder / name).parent.mkdir(exist_ok=True)
        write_synced(folder / name, _to_jpeg(picture))
    if cells is None:
        names = [result.summary.slide, *(field.name for field in result.summary.fields)]
        write_cells(folder / "cells.csv", result.parts, names)
    else:
        cells.rename(folder / "cells.csv")
    write_synced(folder / "run.json", to_json(result.run).encode())
    write_synced(folder / "summary.json", summary_to_json(result.summary).encode())
    for name, picture in evidence_pictures(result):
        (folder / EVIDENCE_FOLDER).mkdir(exist_ok=True)
        write_synced(folder / EVIDENCE_FOLDER / name, _to_png(picture))


def _flush(folder: Path) -> None:
    for inner in folder.iterdir():
        if inner.is_dir():
            flush_folder(inner)
    flush_folder(folder)


def _put_in_place(staging: Path, folder: Path, *, overwrite: bool) -> None:
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


def _to_jpeg(picture: "NDArray[np.uint8]") -> bytes:
    import cv2

    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        raise OutputError(
            f"an overlay of {picture.shape[1]} x {picture.shape[0]} px could not be encoded as JPEG"
        )
    return _marked(data.tobytes())


def _to_png(picture: "NDArray[np.uint8]") -> bytes:
    import cv2

    bgr = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", bgr)
    if not done:
        raise OutputError(
            f"a picture of {picture.shape[1]} x {picture.shape[0]} px could not be encoded as PNG"
        )
    return data.tobytes()


def _marked(jpeg: bytes) -> bytes:
    """The same picture with a comment (T.81, B.2.4.5) by which the reader knows it for an overlay."""
    comment = PICTURE_MARK.encode()
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]
