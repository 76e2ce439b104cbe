"""Cells that nobody labelled: a detector that is trained on must not be taught that they are background."""

from dataclasses import replace

import numpy as np

from models.runtime import Network
from segmentation.detections import Kind
from segmentation.detector import detect
from segmentation.fit import DetectorSample
from segmentation.targets import AnnotatedCells

__all__ = ["doubt_unlabelled"]

PEAK = 0.25
"""Least peak of what may be an unlabelled cell; below it lies little but dirt."""
REACH = 0.5
"""A labelled centre nearer than this many sides of the detection explains it."""
NEITHER = -1
"""Kind of what is neither right nor wrong, see `AnnotatedCells`."""


def doubt_unlabelled(sample: DetectorSample, network: Network) -> DetectorSample:
    """The sample with red cells that the network sees and nobody labelled marked as neither right nor wrong.

    Even sets that mean to label every red cell miss some, pale or overlapping ones mostly, and a network
    taught that these are background is unsure of all that look like them.
    """
    found = detect(sample.picture, network, PEAK)
    red = found.take(found.kinds == Kind.RED_CELL)
    cells = sample.cells
    centres = (cells.boxes[:, :2] + cells.boxes[:, 2:]) / 2
    nearest = np.full(len(red), np.inf, np.float32)
    if len(centres) and len(red):
        apart = np.linalg.norm(red.centres[:, None] - centres[None], axis=2)
        nearest = apart.min(axis=1)
    doubted = red.boxes[nearest > REACH * red.sides]
    # First, so that labelled cells, drawn later, have the last word where both lie.
    together = AnnotatedCells(
        boxes=np.concatenate([doubted, cells.boxes]).astype(np.float32),
        kinds=np.concatenate([np.full(len(doubted), NEITHER, np.int64), cells.kinds]),
        has_box=np.concatenate([np.ones(len(doubted), bool), cells.has_box]),
    )
    return replace(sample, cells=together)
