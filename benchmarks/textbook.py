"""The textbook way to count cells: Otsu, distance transform, watershed, a Keras network with `predict`.

It is what most published notebooks do, with their one number, the size of a cell in pixels, given.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["classify", "count_fields", "find_cells", "network"]

SMALLEST_PART = 0.2
"""Least area of an object, as a part of the disc of a whole cell: what is smaller is dust."""
LEAST_DISTANCE_DIAMETERS = 0.3
"""Least distance of two peaks. Of 0.2 to 0.6, rendered fields have their best F1 at 0.2 (0.971; here 0.960)
and fields of `iml` at 0.35 (0.916; here 0.912)."""


def count_fields(
    pictures: Sequence[Path], diameter_px: float, model: Any, out: Path, *, at_once: bool
) -> None:
    """Find and classify the cells of pictures, and write them into one table, as a count does.

    Parameters
    ----------
    diameter_px : of a red cell. at_once : one `predict` a picture; else one for each crop, in the loop over
        the regions, as most notebooks have it.
    """
    from skimage.io import imread

    with out.open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(("field", "x_min", "y_min", "x_max", "y_max", "p_infected"))
        for picture in pictures:
            pixels = imread(picture)
            boxes = find_cells(pixels, diameter_px)
            infected = classify(pixels, boxes, model, at_once=at_once)
            for box, value in zip(boxes.tolist(), infected.tolist(), strict=True):
                rows.writerow((picture.stem, *box, value))


def find_cells(pixels: NDArray[np.uint8], diameter_px: float) -> NDArray[np.int64]:
    """Boxes of the cells of a picture, x_min, y_min, x_max, y_max, int64 (n, 4).

    Parameters
    ----------
    pixels : uint8 (height, width, 3), RGB. diameter_px : of a red cell.
    """
    from scipy import ndimage
    from skimage.color import rgb2gray
    from skimage.feature import peak_local_max
    from skimage.filters import threshold_otsu
    from skimage.measure import label, regionprops
    from skimage.segmentation import watershed

    grey = rgb2gray(pixels)
    cells = ndimage.binary_fill_holes(grey < threshold_otsu(grey))
    distance = ndimage.distance_transform_edt(cells)
    apart = max(1, round(LEAST_DISTANCE_DIAMETERS * diameter_px))
    peaks = peak_local_max(distance, min_distance=apart, labels=label(cells))
    seeds = np.zeros(cells.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    regions = regionprops(watershed(-distance, seeds, mask=cells))
    smallest = SMALLEST_PART * np.pi / 4 * diameter_px**2
    boxes = [region.bbox for region in regions if region.area >= smallest]
    return np.asarray(boxes, np.int64).reshape(-1, 4)[:, [1, 0, 3, 2]]


def classify(
    pixels: NDArray[np.uint8], boxes: NDArray[np.int64], model: Any, *, at_once: bool
) -> NDArray[np.float32]:
    """Output of the network for the crop in each box, stretched to its input, float32 (n,)."""
    from skimage.transform import resize

    if not len(boxes):
        return np.zeros(0, np.float32)
    side = model.input_shape[1]
    crops = np.stack(
        [
            resize(pixels[y0:y1, x0:x1], (side, side), preserve_range=True, anti_aliasing=True)
            for x0, y0, x1, y1 in boxes
        ]
    ).astype(np.float32)
    parts = [crops] if at_once else np.split(crops, len(crops))
    return np.concatenate([np.asarray(model.predict(part, verbose=0), np.float32)[:, 0] for part in parts])


def network() -> Any:
    """The earlier work's network: three convolutions, two dense layers; its weights are not trained."""
    from classifier.training.network import build_baseline

    return build_baseline()
