"""Cells as COCO JSON, to train other networks on, written an annotation at a time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.files import whole_file
from pipeline.reports.cell_classes import CELL_CLASSES, class_numbers
from pipeline.reports.outlines import rings

__all__ = ["write_coco"]


def write_coco(
    path: Path, parts: Iterable[pd.DataFrame], summary: Mapping[str, Any], run: Mapping[str, Any]
) -> None:
    """Write a COCO detection set of one slide: an image for each field, a category for each class.

    Parameters
    ----------
    parts : tables of cells, columns of records.CELL_COLUMNS, numbered over the slide.
    summary, run : as they stand in summary.json and run.json.
    """
    files = _file_names(run)
    images = [
        {
            "id": number,
            "file_name": files.get(field["name"], field["name"]),
            "width": field["width"],
            "height": field["height"],
            "um_per_px": field["um_per_px"],
        }
        for number, field in enumerate(summary["fields"], start=1)
    ]
    head = {
        "info": {
            "description": f"{summary['slide']}: cells as {summary['detector']} and {summary['classifier']} "
            "found them; outlines are ellipses in their boxes",
            "version": run.get("versions", {}).get("smearcount", ""),
        },
        "licenses": [],
        "categories": [
            {"id": number, "name": one.name, "supercategory": "blood"}
            for number, one in enumerate(CELL_CLASSES, start=1)
        ],
        "images": images,
    }
    numbers = {field["name"]: image["id"] for field, image in zip(summary["fields"], images, strict=True)}
    sizes = {field["name"]: field["um_per_px"] for field in summary["fields"]}
    with whole_file(path) as handle:
        handle.write(
            (json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "annotations": [\n').encode()
        )
        between = ""
        for part in parts:
            text = ",\n".join(_annotations(part, numbers, sizes))
            if text:
                handle.write((between + text).encode())
                between = ",\n"
        handle.write(b"\n ]\n}\n")


def _annotations(
    cells: pd.DataFrame, images: Mapping[str, int], um_per_px: Mapping[str, float]
) -> Iterator[str]:
    outlines = rings(cells)[:, :-1].reshape(len(cells), -1).tolist()
    boxes = cells[["x_min", "y_min", "x_max", "y_max"]].to_numpy(float).tolist()
    fields = cells["field"].astype(object).tolist()
    facts = zip(cells["cell"].tolist(), fields, cells["area_um2"].tolist(), strict=True)
    extra = zip(cells["p_infected"].tolist(), cells["stage"], cells["overlaps"].tolist(), strict=True)
    rows = zip(facts, boxes, outlines, class_numbers(cells).tolist(), extra, strict=True)
    for (
        cell,
        field,
        area,
    ), (x0, y0, x1, y1), outline, number, (p_infected, stage, overlaps) in rows:
        yield json.dumps(
            {
                "id": cell,
                "image_id": images[field],
                "category_id": number + 1,
                "bbox": [x0, y0, round(x1 - x0, 1), round(y1 - y0, 1)],
                "area": round(area / um_per_px[field] ** 2, 1),
                "segmentation": [outline],
                "iscrowd": 0,
                "attributes": {
                    "p_infected": None if p_infected != p_infected else p_infected,
                    "stage": stage or None,
                    "overlaps": bool(overlaps),
                },
            },
            separators=(",", ":"),
        )


def _file_names(run: Mapping[str, Any]) -> dict[str, str]:
    """File of each field, by the field's name: the stem of its file, or its whole name where stems repeat."""
    names = [str(entry.get("name", "")) for entry in run.get("input", {}).get("files", [])]
    return {Path(name).stem: name for name in names} | {name: name for name in names}
