"""Count one slide from a path or from a picture in memory."""

import hashlib
import json
import tempfile
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.batch import count_and_write, write_counted
from pipeline.count import count_slide
from pipeline.counting.result import CountResult
from pipeline.errors import InputError, SmearcountError
from pipeline.output.folder import summary_to_json
from pipeline.output.place import check_destination
from pipeline.settings import CountSettings
from smearcount.given import folder_name, path_of, settings_of
from smearcount.results import Result, read_result
from smearcount.wording import told_by_arguments

__all__ = ["count"]


def count(
    source: str | PathLike[str] | NDArray[np.uint8],
    out: str | PathLike[str] | None = None,
    *,
    name: str | None = None,
    overwrite: bool = False,
    **settings: Any,
) -> Result:
    """Find and decide every red cell of a slide.

    Parameters
    ----------
    source : a photo, a folder of photos of one slide, a whole-slide file; or one field, uint8 (H, W, 3), RGB.
    out : folder in which the slide's own is written, with its pictures and its report; None writes nothing.
    name : of the slide; None takes that of its file or folder, or "array".
    overwrite : whether an earlier result of that name in `out` is replaced.
    settings : by the names of `pipeline.settings.CountSettings`: um_per_px, workers, protocol, ...

    Raises
    ------
    InputError, SmearcountError
        Where the slide, a setting or `out` cannot be used: one line says what came, what was expected and how
        to mend it.
    """
    chosen = settings_of(settings)
    into = None if out is None else path_of(out, "out")
    named = folder_name(name)
    if isinstance(source, np.ndarray):
        with told_by_arguments(into, named):
            return _count_array(source, into, chosen, named or "array", overwrite)
    path = path_of(source, "source")
    with told_by_arguments(path, into, named):
        if into is not None:
            return read_result(count_and_write(path, into, chosen, name=named, overwrite=overwrite)[1])
        return _in_memory(count_slide(path, chosen, name=named))


def _count_array(
    picture: NDArray[np.uint8], out: Path | None, settings: CountSettings, name: str, overwrite: bool
) -> Result:
    """Count a picture in memory; the result says that it was one, with its shape and hash."""
    if out is not None:
        check_destination(out, name, overwrite=overwrite)
    with tempfile.TemporaryDirectory(prefix="smearcount-") as folder:
        path = _written(picture, Path(folder))
        try:
            counted = _of_array(count_slide(path, settings, name=name), picture)
            if out is None:
                return _in_memory(counted)
            return read_result(write_counted(counted, path, out, settings, overwrite=overwrite))
        except SmearcountError as error:
            raise type(error)(str(error).replace(str(path), "the array")) from error


def _of_array(counted: CountResult, picture: NDArray[np.uint8]) -> CountResult:
    height, width = picture.shape[:2]
    digest = hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
    words = f"array of {height} x {width} px, RGB, sha256 {digest}"
    files = [{"name": "array", "bytes": picture.nbytes, "shape": list(picture.shape), "sha256": digest}]
    return replace(
        counted,
        summary=replace(counted.summary, source=words),
        run={**counted.run, "input": {"path": words, "files": files}},
    )


def _in_memory(counted: CountResult) -> Result:
    parts = list(counted.parts)
    summary = json.loads(summary_to_json(counted.summary))
    return Result(summary=summary, run=counted.run, folder=None, tables=lambda: parts)


def _written(picture: NDArray[np.uint8], folder: Path) -> Path:
    """The field as a file without loss, which is what the readers take."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise InputError(
            f"the array is {picture.dtype} {picture.shape}; "
            "expected uint8 (height, width, 3), RGB: convert it"
        )
    path = folder / "array.png"
    encoded = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))[1]
    path.write_bytes(encoded.tobytes())
    return path
