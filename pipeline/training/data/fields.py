"""Labelled and rendered fields as training samples of the detector."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.errors import LabelledDataError, ScaleError
from pipeline.evaluation.labelled import INFECTED_LABELS, FieldSet
from pipeline.networks import load_detector
from pipeline.planning.field import field_light
from pipeline.planning.scale import find_scale
from pipeline.reader.slide import open_slide
from pipeline.settings import CountSettings
from segmentation.detector import CLASSES
from segmentation.illumination import BrightView, bright_view, white_point
from segmentation.resample import DETECTOR_UM_PER_PX, halve, normalise, working_grid
from segmentation.scale import RED_CELL_UM
from segmentation.training.fit import DetectorSample
from segmentation.training.targets import AnnotatedCells

__all__ = [
    "detector_sample",
    "field_samples",
    "field_scale",
    "fields_of_one_scale",
    "label_scale",
    "read_rgb",
]

RIM_CELLS = 1.2
"""Cells nearer than this many diameters to the rim of a bright view may be unannotated."""
_SIZE_OF_LABEL = {"white_blood_cell": 1.8, "platelet": 0.35}
_KINDS = {"white_blood_cell": 1, "platelet": 2, "difficult": -1}
# Classes whose every member a set annotates; elsewhere a missing one proves nothing.
_ANNOTATES_ALL = {
    "bccd": (False, True, True),
    "draaslan": (True, True, False),
    "nih_fields": (True, True, False),
    "iml": (True, False, False),
    "chula": (True, False, False),
    "bbbc041": (True, True, False),
    "trip_thin": (False, False, False),
    "txl_pbc": (False, True, True),
}
_SEVERAL_MAGNIFICATIONS = ("bbbc041",)
"""Sets whose `slide` is a cluster of stain colours, with pictures of several sizes of pixel."""
_WITHOUT_RED_CELLS = ("trip_thin", "uganda")
"""Sets that label no red cell, or no clean one: their scale is found as a count finds it."""
_RENDERED = (True, True, True)


def field_samples(fields: FieldSet, slides: Iterable[str], *, weight: float) -> list[DetectorSample]:
    """Samples of the fields of `slides`; together they are drawn with the chance `weight`."""
    number = int(fields.fields["slide"].isin(set(slides)).sum())
    asked = _ANNOTATES_ALL.get(fields.name, _RENDERED)
    samples = []
    for slide, names in fields_of_one_scale(fields, slides):
        pictures = [read_rgb(fields.image_path(name)) for name in names]
        cells = [_of_detector(fields, name) for name in names]
        um_per_px = field_scale(fields, names)
        if um_per_px is None:
            raise LabelledDataError(
                f"no lone red cell on slide {slide} of {fields.name} to take the scale from"
            )
        for picture, annotated in zip(pictures, cells, strict=True):
            samples.append(
                detector_sample(picture, annotated, um_per_px=um_per_px, asked=asked, weight=weight / number)
            )
    return samples


def _of_detector(fields: FieldSet, name: str) -> pd.DataFrame:
    """Labelled cells of a field; a set without clean red cells labels dirt so, which is left out."""
    cells = fields.cells_of(name)
    return cells[cells["label"] != "uninfected"] if fields.name in _WITHOUT_RED_CELLS else cells


def detector_sample(
    picture: NDArray[np.uint8],
    cells: pd.DataFrame,
    *,
    um_per_px: float,
    asked: tuple[bool, bool, bool],
    weight: float,
) -> DetectorSample:
    """One field, RGB uint8 (H, W, 3), and its labelled cells (level-0 px) as a training sample."""
    small = _thumbnail(picture)
    px = picture.shape[1] / small.shape[1]
    view = bright_view(small, px)
    white = white_point(small, view)
    grid = working_grid(picture.shape[1], picture.shape[0], um_per_px)
    shrunk = _shrink(picture, grid.shrink)
    working = halve(grid.cut(shrunk, (0, 0), (0, 0, grid.width, grid.height)))
    step = 2 * grid.step
    return DetectorSample(
        picture=normalise(working, white),
        cells=_annotated(cells, step),
        asked=_asked(working.shape[:2], view, step, asked),
        rare=np.flatnonzero(cells["label"].isin((*INFECTED_LABELS, *_SIZE_OF_LABEL))).astype(np.int64),
        weight=weight,
    )


def fields_of_one_scale(fields: FieldSet, slides: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each slide with its fields; of a set of fields of several magnifications, each field by itself."""
    rows = fields.fields[fields.fields["slide"].isin(set(slides))]
    for slide, of_slide in rows.groupby("slide", sort=True):
        names = [str(name) for name in of_slide["field"]]
        parts = [[name] for name in names] if fields.name in _SEVERAL_MAGNIFICATIONS else [names]
        yield from ((str(slide), part) for part in parts)


def field_scale(fields: FieldSet, names: Sequence[str]) -> float | None:
    """µm per px of a slide: by its labels, or by the detector where the set labels no red cell.

    Parameters
    ----------
    names : its fields, of which the first five are looked at.
    """
    if fields.name in _WITHOUT_RED_CELLS:
        return _found_scale([fields.image_path(name) for name in names[:5]])
    pictures = [read_rgb(fields.image_path(name)) for name in names[:5]]
    return label_scale(pictures, [fields.cells_of(name) for name in names[:5]])


def _found_scale(paths: Sequence[Path]) -> float | None:
    """µm per px that the shipped detector finds, the middle of some photos; None where it finds no cell."""
    detector = load_detector(CountSettings())
    sizes = []
    for path in paths:
        with open_slide(path) as slide:
            field = slide.fields[0]
            try:
                sizes.append(find_scale(slide, {0: field_light(field)}, CountSettings(), detector).um_per_px)
            except ScaleError:
                continue
    return float(np.median(sizes)) if sizes else None


def label_scale(pictures: list[NDArray[np.uint8]], cells: list[pd.DataFrame]) -> float | None:
    """µm per px from the labelled red cells of one slide: the median one is `RED_CELL_UM` across.

    Where the source has points only, the size is that of blobs that hold exactly one of them.
    """
    diameters: list[float] = []
    for picture, annotated in zip(pictures, cells, strict=True):
        red = annotated[annotated["label"] == "uninfected"]
        sides = np.sqrt((red["xmax"] - red["xmin"]) * (red["ymax"] - red["ymin"])).dropna()
        diameters.extend(sides if len(sides) else _blob_diameters(picture, annotated))
    return RED_CELL_UM / float(np.median(diameters)) if diameters else None


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Picture of a labelled set, RGB uint8 (H, W, 3), as stored (these sets carry no EXIF)."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise LabelledDataError(f"{path} is no picture that can be read; fetch the labelled set again")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = max(1.0, max(picture.shape[:2]) / 1024)
    size = (round(picture.shape[1] / scale), round(picture.shape[0] / scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _shrink(picture: NDArray[np.uint8], shrink: int) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    padded = cv2.copyMakeBorder(picture, 0, -height % shrink, 0, -width % shrink, cv2.BORDER_REPLICATE)
    size = (padded.shape[1] // shrink, padded.shape[0] // shrink)
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA), np.uint8)


def _annotated(cells: pd.DataFrame, step: float) -> AnnotatedCells:
    usual = RED_CELL_UM / DETECTOR_UM_PER_PX
    boxes = cells[["xmin", "ymin", "xmax", "ymax"]].to_numpy(np.float32) / step
    has_box = ~np.isnan(boxes).any(axis=1)
    side = usual * cells["label"].map(_SIZE_OF_LABEL).fillna(1.0).to_numpy(np.float32)[:, None]
    centre = cells[["x", "y"]].to_numpy(np.float32) / step
    guessed = np.concatenate([centre - side / 2, centre + side / 2], axis=1)
    kinds = cells["label"].map(_KINDS).fillna(0).to_numpy(np.int64)
    return AnnotatedCells(boxes=np.where(has_box[:, None], boxes, guessed), kinds=kinds, has_box=has_box)


def _asked(
    shape: tuple[int, ...], view: BrightView | None, step: float, classes: tuple[bool, bool, bool]
) -> NDArray[np.uint8]:
    asked = np.broadcast_to(np.asarray(classes, np.uint8), (shape[0], shape[1], len(CLASSES))).copy()
    if view is not None:
        y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) * np.float32(step)
        distance = view.distance_at(x, y)
        rim = RIM_CELLS * RED_CELL_UM / DETECTOR_UM_PER_PX * step
        asked[(distance > 0) & (distance < rim)] = 0
    return asked


def _blob_diameters(picture: NDArray[np.uint8], cells: pd.DataFrame) -> list[float]:
    """Diameters (px) of stained blobs that hold exactly one labelled point."""
    small = _thumbnail(picture)
    px = picture.shape[1] / small.shape[1]
    view = bright_view(small, px)
    green = cv2.medianBlur(np.ascontiguousarray(small[..., 1]), 3)
    inside = np.ones_like(green, bool) if view is None else view.mask
    threshold, _ = cv2.threshold(green[inside][None], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    stained = _without_holes(((green <= threshold) & inside).astype(np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(stained)
    row = np.clip((cells["y"] / px).astype(int), 0, small.shape[0] - 1)
    column = np.clip((cells["x"] / px).astype(int), 0, small.shape[1] - 1)
    held = labels[row, column]
    red = cells["label"].isin(("uninfected", *INFECTED_LABELS)).to_numpy()
    one = [blob for blob in np.unique(held[red]) if blob and np.sum(held == blob) == 1]
    return [float(np.sqrt(4 * stats[blob, cv2.CC_STAT_AREA] / np.pi) * px) for blob in one]


def _without_holes(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, contours, -1, 1, cv2.FILLED)
    return filled
