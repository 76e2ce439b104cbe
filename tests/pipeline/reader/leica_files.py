"""A Leica SCN slide as its scanner writes it: only a part was scanned, which OpenSlide calls its bounds."""

from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

__all__ = ["write_scn"]

_NAMESPACE = "http://www.leica-microsystems.com/scn/2010/10/01"
_MACRO_SHRINK = 20
_IMAGE = """<image name="{name}" uuid="{name}"><creationDate>2026-01-01T00:00:00Z</creationDate>
<device model="Leica SCN400" version="1"/>
<pixels sizeX="{px[0]}" sizeY="{px[1]}">
<dimension r="0" ifd="{page}" sizeX="{px[0]}" sizeY="{px[1]}"/></pixels>
<view sizeX="{nm[0]}" sizeY="{nm[1]}" offsetX="{at_nm[0]}" offsetY="{at_nm[1]}"/>
<scanSettings><objectiveSettings><objective>{power}</objective></objectiveSettings>
<illuminationSettings><illuminationSource>brightfield</illuminationSource>
<numericalAperture>0.65</numericalAperture></illuminationSettings></scanSettings></image>"""


def write_scn(
    path: Path, rgb: NDArray[np.uint8], *, whole: tuple[int, int], at: tuple[int, int], nm_per_px: int = 250
) -> Path:
    """Write RGB uint8 (H, W, 3) as the scanned part of a slide, whose only level it is.

    Parameters
    ----------
    whole : width and height of the slide, px.
    at : x and y of the scanned part on it, px.
    """
    height, width = rgb.shape[:2]
    small = whole[0] // _MACRO_SHRINK, whole[1] // _MACRO_SHRINK
    whole_nm = whole[0] * nm_per_px, whole[1] * nm_per_px
    images = (
        _IMAGE.format(name="macro", page=0, px=small, nm=whole_nm, at_nm=(0, 0), power=1),
        _IMAGE.format(
            name="main",
            page=1,
            px=(width, height),
            nm=(width * nm_per_px, height * nm_per_px),
            at_nm=(at[0] * nm_per_px, at[1] * nm_per_px),
            power=40,
        ),
    )
    about = (
        f'<?xml version="1.0"?><scn xmlns="{_NAMESPACE}"><collection name="c" uuid="u" sizeX="{whole_nm[0]}" '
        f'sizeY="{whole_nm[1]}">{"".join(images)}</collection></scn>'
    )
    macro = np.full((small[1], small[0], 3), 240, np.uint8)
    with tifffile.TiffWriter(path, bigtiff=True) as tiff:
        for picture, text in ((macro, about), (rgb, None)):
            tiff.write(
                picture, tile=(256, 256), photometric="rgb", compression="jpeg",
                compressionargs={"level": 95}, description=text, metadata=None,
            )  # fmt: skip
    return path
