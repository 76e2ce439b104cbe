"""Pictures as data URIs, so that a report holds them itself, and those that a count kept for it."""

import base64
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.output.place import EVIDENCE_FOLDER

__all__ = ["evidence_png", "jpeg_uri", "png_uri"]

JPEG_QUALITY = 82  # of 100: 3 kB a cell

Picture = NDArray[np.uint8]


def evidence_png(folder: Path, name: str) -> Picture | None:
    """A picture that the count kept for the report, RGB or grey; None where there is none."""
    path = folder / EVIDENCE_FOLDER / name
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    if picture is None:
        return None
    picture = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    return np.asarray(picture, np.uint8)


def png_uri(picture: Picture) -> str:
    """An RGB picture as a data URI of a PNG."""
    return _uri(".png", picture, [])


def jpeg_uri(picture: Picture) -> str:
    """An RGB picture as a data URI of a JPEG."""
    return _uri(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def _uri(suffix: str, picture: Picture, options: list[int]) -> str:
    _, data = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    kind = "png" if suffix == ".png" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"
