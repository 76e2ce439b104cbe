"""One row of measurements a cell, from its mask."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.masks import CellMask
from segmentation.resample import DETECTOR_UM_PER_PX

__all__ = ["Measurement", "edge_strength", "measure"]

SHARP_EDGE = 0.5
"""Steepest fall of stain per px, as a fraction of the cell's contrast, at an edge in perfect focus."""
EDGE_PERCENTILE = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a mask tells of its cell.

    Attributes
    ----------
    area_um2, diameter_um : of the mask, and of the circle of the same area.
    circularity : 4 pi area / perimeter^2, at most 1.
    focus : sharpness of the edge, 0 to 1.
    """

    area_um2: float
    diameter_um: float
    circularity: float
    focus: float


def edge_strength(depth: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Fall of stain per px, float32 (H, W), of a picture of stain depth, uint8 (H, W)."""
    across = cv2.Sobel(depth, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(depth, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def measure(mask: CellMask, depth: NDArray[np.uint8], edges: NDArray[np.float32]) -> Measurement:
    """Measurements of one cell; `depth` and `edges` are of the whole picture at detector scale."""
    pixels = mask.pixels.astype(np.uint8)
    area_px = int(pixels.sum())
    if area_px == 0:
        return Measurement(area_um2=0.0, diameter_um=0.0, circularity=0.0, focus=0.0)
    contours, _ = cv2.findContours(pixels, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=len)
    perimeter_px = _perimeter(np.asarray(contour.reshape(-1, 2), np.int32))
    height, width = pixels.shape
    window = (slice(mask.y, mask.y + height), slice(mask.x, mask.x + width))
    rim = cv2.morphologyEx(pixels, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(bool)
    contrast = float(np.percentile(depth[window], 90)) - float(np.percentile(depth[window], 10))
    steepest = float(np.percentile(edges[window][rim], EDGE_PERCENTILE))
    area_um2 = area_px * DETECTOR_UM_PER_PX**2
    return Measurement(
        area_um2=area_um2,
        diameter_um=float(np.sqrt(4 * area_um2 / np.pi)),
        circularity=float(min(1.0, 4 * np.pi * area_px / perimeter_px**2)),
        focus=float(min(1.0, steepest / max(contrast, 1.0) / SHARP_EDGE)),
    )


def _perimeter(contour: NDArray[np.int32]) -> float:
    """Length of the edge of a mask, px, from its chain of outermost pixels, int (n, 2).

    Steps and corners weigh as Vossepoel and Smeulders found best for smooth outlines (Computer Graphics and
    Image Processing 20, 1982); the chain runs through pixel centres, half a pixel inside the edge.
    """
    steps = np.roll(contour, -1, axis=0) - contour
    slanted = np.abs(steps).sum(axis=1) == 2
    corners = (steps != np.roll(steps, 1, axis=0)).any(axis=1)
    straight = len(steps) - int(slanted.sum())
    length = 0.980 * straight + 1.406 * int(slanted.sum()) - 0.091 * int(corners.sum())
    return max(length, 0.0) + np.pi
