"""Pillow with the settings that are meant, whatever other libraries of the process set."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["strict_pillow", "unlimited_pillow"]


@contextmanager
def strict_pillow() -> Iterator[None]:
    """Pillow as it comes: WeasyPrint, loaded beside it, tells it to fill cut files with grey."""
    from PIL import ImageFile

    found, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = found


@contextmanager
def unlimited_pillow() -> Iterator[None]:
    """Pillow without its limit of 179 megapixels: how many are too many is told by this package."""
    from PIL import Image

    found, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = found
