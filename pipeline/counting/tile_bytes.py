"""The cells of one tile as bytes, for the file that survives a power cut."""

import json
import math
from typing import Any

import numpy as np

from classifier.crops import CROP_PX
from classifier.predict import Doubtful
from classifier.specks import SPECK_PX
from pipeline.counting.debris import DebrisSample
from pipeline.counting.tile import FailedPart, TileCells
from pipeline.counting.tiling import Tile
from segmentation.colours import TileColours
from segmentation.sharpness import STRENGTHS
from segmentation.stacks import GREY_LEVELS

__all__ = ["tile_from_bytes", "tile_to_bytes"]

_COLUMNS = (
    ("boxes", "<f8", 4),
    ("kinds", "u1", 1),
    ("scores", "<f4", 1),
    ("measured", "<f8", 4),
    ("overlaps", "?", 1),
    ("p_infected", "<f4", 1),
    ("stages", "<i8", 1),
)
_CONTROL_NUMBERS = ("ground_px", "cells_px", "specks", "grains")
_CONTROL = (
    ("passed", "u1", 0, (SPECK_PX, SPECK_PX, 3)),
    ("areas_um2", "<f4", 0, ()),
    ("speck_keys", "<u8", 0, ()),
    ("crops", "u1", 1, (CROP_PX, CROP_PX, 4)),
    ("cell_keys", "<u8", 1, ()),
)
"""Arrays of the debris control: name, dtype, whether of the specks (0) or the cells (1), shape of each."""
_HEAD_END = b"\n"


def tile_to_bytes(tile: Tile, cells: TileCells) -> bytes:
    """A line of JSON that names the tile, then the arrays one after the other."""
    failed = [(part.core, part.reason) for part in cells.failed]
    head = {"field": tile.field, "core": tile.core, "outer": tile.outer, "failed": failed}
    head["cells"] = len(cells.kinds)
    control = cells.control
    head["control"] = {name: getattr(control, name) for name in _CONTROL_NUMBERS}
    head["kept"] = [len(control.speck_keys), len(control.cell_keys)]
    head["doubtful"] = cells.doubtful.features.shape
    parts = [np.ascontiguousarray(getattr(cells, name), kind).tobytes() for name, kind, _ in _COLUMNS]
    parts += [
        np.ascontiguousarray(cells.colours.objects, "<f4").tobytes(),
        np.ascontiguousarray(cells.colours.depths, "<i8").tobytes(),
        np.ascontiguousarray(cells.colours.levels, "<i8").tobytes(),
        np.ascontiguousarray(cells.colours.edges, "<i8").tobytes(),
        *(np.ascontiguousarray(getattr(control, name), kind).tobytes() for name, kind, _, _ in _CONTROL),
        np.ascontiguousarray(cells.doubtful.cells, "<i8").tobytes(),
        np.ascontiguousarray(cells.doubtful.features, "<f2").tobytes(),
    ]
    return json.dumps(head).encode() + _HEAD_END + b"".join(parts)


def tile_from_bytes(data: bytes) -> tuple[Tile, TileCells]:
    """What `tile_to_bytes` was given.

    Raises
    ------
    ValueError
        Where the bytes are none of its.
    """
    head, _, body = data.partition(_HEAD_END)
    header = json.loads(head)
    core, outer = (tuple(int(side) for side in header[name]) for name in ("core", "outer"))
    if len(core) != 4 or len(outer) != 4:
        raise ValueError("a tile has four sides")
    number, place = int(header["cells"]), 0
    arrays = {}
    for name, kind, width in (*_COLUMNS, ("objects", "<f4", 3)):
        flat = np.frombuffer(body, kind, number * width, place)
        arrays[name] = flat.reshape(-1, width) if width > 1 else flat
        place += flat.nbytes
    depths = np.frombuffer(body, "<i8", GREY_LEVELS, place)
    place += depths.nbytes
    levels = np.frombuffer(body, "<i8", 3 * GREY_LEVELS, place).reshape(3, GREY_LEVELS)
    place += levels.nbytes
    edges = np.frombuffer(body, "<i8", 3 * STRENGTHS, place).reshape(3, STRENGTHS)
    control, place = _control(header, body, place + edges.nbytes)
    doubtful, place = _doubtful(header, body, place)
    if place != len(body):
        raise ValueError(f"{len(body)} bytes, expected {place}")
    colours = TileColours(objects=arrays.pop("objects"), depths=depths, levels=levels, edges=edges)
    field = int(header["field"])
    failed = tuple(FailedPart(core=tuple(core), reason=str(reason)) for core, reason in header["failed"])
    cells = TileCells(
        field=field, colours=colours, control=control, doubtful=doubtful, failed=failed, **arrays
    )
    return Tile(field=field, core=core, outer=outer), cells


def _control(header: dict[str, Any], body: bytes, place: int) -> tuple[DebrisSample, int]:
    """What is kept for the debris control, and where it ends."""
    kept: dict[str, Any] = {name: int(header["control"][name]) for name in _CONTROL_NUMBERS}
    for name, kind, which, shape in _CONTROL:
        number = int(header["kept"][which])
        flat = np.frombuffer(body, kind, number * math.prod(shape), place)
        kept[name] = flat.reshape(number, *shape)
        place += flat.nbytes
    return DebrisSample(**kept), place


def _doubtful(header: dict[str, Any], body: bytes, place: int) -> tuple[Doubtful, int]:
    """Features of the doubtful cells, and where they end."""
    number, width = (int(side) for side in header["doubtful"])
    cells = np.frombuffer(body, "<i8", number, place)
    features = np.frombuffer(body, "<f2", number * width, place + cells.nbytes).reshape(number, width)
    return Doubtful(cells=cells, features=features), place + cells.nbytes + features.nbytes
