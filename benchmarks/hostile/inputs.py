"""What an input of the hostile set is: how it is written, and what must become of it."""

import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Input", "Inputs", "Maker", "Must", "Picture", "content", "held", "saved", "tiff", "writing"]

Picture = NDArray[np.uint8]
Maker = Callable[[Path], Path]
"""Writes an input into an empty folder and gives the path to hand in."""
Must = Literal["same", "near", "told", "refused", "any"]
"""What is right: the count of the field, cell by cell; nearly as many cells, where it is packed with loss;
one of these, or damage that is told; no count; or whatever is no fault."""
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


def held(name: str, data: bytes, must: Must) -> Input:
    """An input of these bytes in a file of this name."""
    return name, content(name, data), must


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
