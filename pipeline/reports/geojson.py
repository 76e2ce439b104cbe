"""Cells as GeoJSON for QuPath: one FeatureCollection a field, written a cell at a time."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, cast

import pandas as pd

from pipeline.files import whole_file
from pipeline.records import CELL_TABLE
from pipeline.reports.cell_classes import CELL_CLASSES, class_numbers
from pipeline.reports.outlines import RING_POINTS, rings

__all__ = ["feature_lines", "write_geojson"]

GZIP_LEVEL = 1  # of 9: a third of the time of 6, a quarter larger
MEASURED = tuple(
    column
    for column in CELL_TABLE
    if column.name == "cell" or (column.dtype in {"float", "bool"} and column.unit != "px")
)
"""Columns that QuPath shows as measurements."""
_RING = "[[" + ",".join(["[%.1f,%.1f]"] * (RING_POINTS + 1)) + "]]"
_HEAD, _FOOT = '{"type":"FeatureCollection","features":[\n', "\n]}\n"


def write_geojson(path: Path, parts: Iterable[pd.DataFrame], origin: tuple[float, float]) -> None:
    """Write the cells of one field; gzip where the name ends in .gz. The same cells give the same bytes.

    Parameters
    ----------
    parts : tables of cells, columns of records.CELL_COLUMNS.
    origin : level-0 px of the point that the other program calls 0, 0, see `reader.vendor.bounds_origin`.
    """
    with whole_file(path) as handle:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", GZIP_LEVEL, handle, mtime=0) as packed:
                _write(cast(IO[bytes], packed), parts, origin)
        else:
            _write(handle, parts, origin)


def _write(handle: IO[bytes], parts: Iterable[pd.DataFrame], origin: tuple[float, float]) -> None:
    handle.write(_HEAD.encode())
    between = ""
    for part in parts:
        lines = list(feature_lines(part, origin))
        if lines:
            handle.write((between + ",\n".join(lines)).encode())
            between = ",\n"
    handle.write(_FOOT.encode())


def feature_lines(cells: pd.DataFrame, origin: tuple[float, float] = (0.0, 0.0)) -> Iterator[str]:
    """A GeoJSON Feature for each cell, as JSON in one line: outline, class, measurements, a lasting id."""
    outlines = rings(cells, origin).reshape(len(cells), -1).tolist()
    classes = [_class_json(number) for number in range(len(CELL_CLASSES))]
    names = zip(cells["slide"], cells["field"], cells["cell"].tolist(), strict=True)
    words = zip(cells["stage"], cells["excluded_because"], strict=True)
    rows = zip(outlines, class_numbers(cells).tolist(), names, words, _measurements(cells), strict=True)
    for outline, number, name, (stage, reason), measured in rows:
        yield (
            f'{{"type":"Feature","id":"{_lasting_id(name)}","geometry":{{"type":"Polygon","coordinates":'
            f'{_RING % tuple(outline)}}},"properties":{{"objectType":"detection",'
            f'"classification":{classes[number]}{_metadata(stage, reason)},"measurements":{{{measured}}}}}}}'
        )


def _class_json(number: int) -> str:
    one = CELL_CLASSES[number]
    return json.dumps({"name": one.name, "color": list(one.colour)}, separators=(",", ":"))


def _metadata(stage: str, reason: str) -> str:
    """Words that go with a cell; QuPath keeps them apart from the numbers."""
    held = {name: text for name, text in (("stage", stage), ("excluded_because", reason)) if text}
    return f',"metadata":{json.dumps(held, separators=(",", ":"))}' if held else ""


def _measurements(cells: pd.DataFrame) -> Iterator[str]:
    """Inside of the dict of measurements of each cell; what is missing is left out."""
    columns: list[Sequence[Any]] = []
    for column in MEASURED:
        values = cells[column.name]
        pattern = (
            f'"{column.name}":%.{column.decimals}f' if column.dtype == "float" else f'"{column.name}":%d'
        )
        texts = list(map(pattern.__mod__, values.tolist()))
        if column.dtype == "float" and values.isna().any():
            texts = ["" if gone else text for text, gone in zip(texts, values.isna().tolist(), strict=True)]
        columns.append(texts)
    return (",".join(filter(None, row)) for row in zip(*columns, strict=True))


def _lasting_id(name: tuple[object, ...]) -> str:
    """UUID, version 5 in form, of the slide, field and number of a cell: the same in each export."""
    text = hashlib.sha1("\0".join(map(str, name)).encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-a{text[17:20]}-{text[20:32]}"
