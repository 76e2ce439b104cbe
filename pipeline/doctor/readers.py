"""Checks of the readers: a small picture is written in each form, opened as a slide is, and read back."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.doctor.finding import Finding, passed
from pipeline.errors import SmearcountError
from pipeline.reader.slide import PHOTO_SUFFIXES, open_slide
from pipeline.reader.vendor import VENDOR_SUFFIXES

__all__ = ["FORMS", "Form", "check_form"]

SIDE_PX = 256
OFF_MAX = 6.0
"""Mean difference of grey values, 0 to 255, that a lossy form may make of the smooth picture."""
_AGAIN = (
    "Install smearcount again, into a virtual environment of its own; until then use another form of picture."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form of picture, and what writes an RGB picture in it to a path."""

    name: str
    suffix: str
    write: Callable[[Path, NDArray[np.uint8]], None]


def check_form(form: Form) -> Finding:
    """A picture of this form can be opened and gives the colours that were written."""
    name = f"read {form.name}"
    picture = smooth_picture()
    with tempfile.TemporaryDirectory(prefix="smearcount-doctor-") as folder:
        path = Path(folder) / f"picture{form.suffix}"
        form.write(path, picture)
        try:
            with open_slide(path) as slide:
                read = slide.fields[0].read(0, 0, SIDE_PX, SIDE_PX, 1)
        except SmearcountError as error:
            return Finding(name=name, state="FAIL", found=str(error).replace(folder, "..."), mend=_AGAIN)
    off = float(np.abs(read.astype(np.float32) - picture).mean())
    if off > OFF_MAX:
        return Finding(
            name=name, state="FAIL", found=f"colours are off by {off:.0f} of 255 grey values", mend=_AGAIN
        )
    return passed(name, "opened and read back")


def smooth_picture() -> NDArray[np.uint8]:
    """uint8 (SIDE_PX, SIDE_PX, 3): another slope in each channel, so that swapped ones or turns are seen."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX].astype(np.float64) / SIDE_PX
    return np.dstack([60 + 180 * rows, 230 - 120 * columns, 120 + 60 * rows * columns]).astype(np.uint8)


def _with_opencv(path: Path, picture: NDArray[np.uint8]) -> None:
    import cv2

    done, data = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise OSError(f"OpenCV cannot write {path.suffix}")
    path.write_bytes(data.tobytes())


def _with_pillow(path: Path, picture: NDArray[np.uint8]) -> None:
    from PIL import Image

    Image.fromarray(picture).save(path, quality=90)


def _with_tifffile(path: Path, picture: NDArray[np.uint8], **options: Any) -> None:
    import tifffile

    tifffile.imwrite(path, picture, photometric="rgb", metadata=None, **options)


def _tiled_tiff(path: Path, picture: NDArray[np.uint8]) -> None:
    _with_tifffile(path, picture, tile=(128, 128), compression="deflate")


def _aperio(path: Path, picture: NDArray[np.uint8]) -> None:
    """What OpenSlide takes for a scan of an Aperio."""
    description = f"Aperio Image Library v12.0.0\r\n{SIDE_PX}x{SIDE_PX} |AppMag = 40|MPP = 0.25"
    _with_tifffile(path, picture, tile=(128, 128), description=description)


_WRITERS = (
    Form(name="JPEG", suffix=".jpg", write=_with_opencv),
    Form(name="PNG", suffix=".png", write=_with_opencv),
    Form(name="WebP", suffix=".webp", write=_with_opencv),
    Form(name="BMP", suffix=".bmp", write=_with_opencv),
    Form(name="TIFF", suffix=".tif", write=_with_opencv),
    Form(name="tiled TIFF", suffix=".tif", write=_tiled_tiff),
    Form(name="AVIF", suffix=".avif", write=_with_pillow),
    Form(name="JPEG 2000", suffix=".jp2", write=_with_pillow),
    Form(name="scans", suffix=".svs", write=_aperio),
)
FORMS = tuple(form for form in _WRITERS if form.suffix in PHOTO_SUFFIXES | VENDOR_SUFFIXES)
"""Forms that the readers take; "scans" stands for those of the makers, which OpenSlide reads."""
