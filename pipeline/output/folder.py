"""Write the results of a slide as a folder that is there whole or not at all."""

import dataclasses
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.counting.result import CountResult
from pipeline.errors import OutputError
from pipeline.files import flush_folder, output_errors, staging_place, to_json, write_synced
from pipeline.output.cells_csv import write_cells
from pipeline.output.evidence import evidence_pictures
from pipeline.output.place import (
    ABANDONED_S,
    EVIDENCE_FOLDER,
    check_destination,
    put_in_place,
    remove_half_written,
)
from pipeline.records import PICTURE_MARK, SlideSummary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["summary_to_json", "write_result"]

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
            put_in_place(staging, out / name, overwrite=overwrite)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return out / name


def summary_to_json(summary: SlideSummary) -> str:
    """The summary as JSON text, keys in the order of the record, ending in a line feed."""
    return to_json(dataclasses.asdict(summary))


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
