"""Rows of a results folder that was never counted, and overlays for them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from pipeline.batch_row import BatchRow
from pipeline.counting.statistics import wilson

QUEUED = BatchRow(
    slide="slide",
    source="slides/slide.jpg",
    state="queued",
    verdict=None,
    counted=None,
    infected=None,
    parasitaemia=None,
    low=None,
    high=None,
    detected=None,
    error=None,
    attempts=0,
    seconds=None,
    cpu_seconds=None,
    cells_per_s=None,
    done_tiles=0,
    all_tiles=0,
    size_bytes=1_000_000,
    result=None,
    codes=(),
    refusal=None,
    extra={},
    updated_at="2026-11-26T05:00:00+00:00",
)


def counted_row(slide: str, infected: int, counted: int, **changes) -> BatchRow:
    """A slide that was counted; parasites are seen where more than one cell in a hundred is infected."""
    low, high = wilson(infected, counted)
    row = replace(
        QUEUED,
        slide=slide,
        source=f"slides/{slide}.jpg",
        state="done",
        verdict="parasites seen" if infected > counted / 100 else "none distinguishable",
        counted=counted,
        infected=infected,
        parasitaemia=infected / counted,
        low=low,
        high=high,
        detected=counted + 50,
        attempts=1,
        seconds=4.0,
        cpu_seconds=6.0,
        result=slide,
    )
    return replace(row, **changes)


def failed_row(slide: str, error: str) -> BatchRow:
    return replace(QUEUED, slide=slide, source=f"slides/{slide}.jpg", state="failed", error=error, attempts=1)


def refused_row(slide: str) -> BatchRow:
    text = "unlike the thin films that are known; photograph a stained thin film"
    return counted_row(
        slide, 3, 90, verdict="not countable", codes=("not_a_smear", "few_cells"), refusal=text
    )


def mixed_rows() -> list[BatchRow]:
    """One of each kind, the failed one last."""
    return [
        replace(
            counted_row("none-1", 0, 4000), codes=("scale_estimated",), extra={"patient": "P <7>", "ward": ""}
        ),
        counted_row("seen-1", 120, 6000, cpu_seconds=8.0),
        replace(QUEUED, slide="waiting-1", source="slides/waiting-1.jpg"),
        replace(
            QUEUED,
            slide="running-1",
            source="slides/running-1.jpg",
            state="running",
            done_tiles=1,
            all_tiles=4,
        ),
        counted_row("part-1", 40, 900, state="partial", codes=("tiles_failed",)),
        refused_row("wall-1"),
        replace(QUEUED, slide="copy-1", source="slides/copy-1.jpg", state="passed_over", error="a copy"),
        failed_row("letter-1", "letter-1.jpg is no picture; expected a photo; hand in a photo of the film"),
    ]


def write_overlays(out: Path, rows: Sequence[BatchRow], size: tuple[int, int] = (480, 640)) -> None:
    """A field of drawn cells for each row that has a result."""
    rng = np.random.default_rng(5)
    for row in rows:
        if row.result is None:
            continue
        picture = np.full((*size, 3), (215, 225, 235), np.uint8)
        for x, y in zip(rng.integers(0, size[1], 60), rng.integers(0, size[0], 60), strict=True):
            cv2.circle(picture, (int(x), int(y)), 22, (170, 160, 220), -1)
        folder = out / row.result
        folder.mkdir(parents=True)
        (folder / "overlay.jpg").write_bytes(cv2.imencode(".jpg", picture)[1].tobytes())
