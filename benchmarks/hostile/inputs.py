"""What an input of the hostile set is: how it is written, and what must become of it."""

import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Input", "Inputs", "Maker", "Must", "Picture", "content", "held", "saved", "tiff", "writing"]

Picture = NDArray[np.uint8]
Maker = Callable[[Path], Path]
"""Writes an input into an empty folder and gives the path to hand in."""
Must = str
"""What is right, of these:

same: the count of the field, cell by cell.
near: nearly as many cells, where it is packed with loss.
told: one of these two, or damage that is told.
damage: damage that is told, by a refusal or by a partial count.
partial: a partial count; "partial: same" of the field's own cells, what is beside it being named.
refused: no count; "refused: words", and the error holds these words.
not countable: no count, or one of which nothing is claimed; "not countable: code", for this reason.
passed over: as if it had not been handed in.
any: whatever is no fault.
"""
Input = tuple[str, Maker, Must]
Inputs = Iterator[Input]


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    """A picture in a format of Pillow's."""
    memory = io.BytesIO()
    picture.save(memory, form, **options)
    return memory.getvalue()


def content(name: str, data: bytes) -> Maker:
    """Writes bytes under a name."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def held(name: str, data: bytes, must: Must, file_name: str | None = None) -> Input:
    """An input of these bytes in a file of this name, or of another."""
    return name, content(file_name or name, data), must


def tiff(name: str, must: Must, samples: NDArray[Any], **options: Any) -> Input:
    """An input that tifffile writes."""
    return name, writing(name, tifffile.imwrite, samples, **options), must


def writing(name: str, write: Callable[..., object], *given: object, **options: Any) -> Maker:
    """Calls a writer with a path of this name, when the input is wanted."""

    def make(folder: Path) -> Path:
        with warnings.catch_warnings(action="ignore"):
            write(folder / name, *given, **options)
        return folder / name

    return make
