"""Counts made up for tests: tables of cells, results and pictures whose every number is known."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.counting.result import CountResult, PartsReader, TableHead
from pipeline.counting.summary import FieldFacts, SlideFacts, summarise
from pipeline.errors import NotAnImageError
from pipeline.records import CELL_COLUMNS, FailedTile
from pipeline.settings import CountSettings

WIDTH, HEIGHT = 320, 240
BACKGROUND, CELL = (230, 215, 205), (190, 150, 150)


def make_cells(
    *kinds: str, slide: str = "film", field: str = "film", at: list[tuple[float, float]] | None = None
) -> pd.DataFrame:
    """One row for each kind: infected, uninfected, at_border, white_cell, platelet or artefact.

    Cells are 20 px across and lie in a row from (30, 40), 30 px apart, unless `at` says where.
    """
    places = at or [(30.0 + 30 * i, 40.0) for i in range(len(kinds))]
    rows = [
        _row(kind, number, place) for number, (kind, place) in enumerate(zip(kinds, places, strict=True), 1)
    ]
    table = pd.DataFrame(rows, columns=[name for name in CELL_COLUMNS if name not in {"slide", "field"}])
    return table.assign(slide=slide, field=field)[list(CELL_COLUMNS)]


def _row(kind: str, number: int, place: tuple[float, float]) -> dict[str, object]:
    red = kind in {"infected", "uninfected", "at_border"}
    return {
        "cell": number,
        "x": place[0],
        "y": place[1],
        "x_min": place[0] - 10,
        "y_min": place[1] - 10,
        "x_max": place[0] + 10,
        "y_max": place[1] + 10,
        "diameter_um": 7.5,
        "area_um2": 44.179,
        "circularity": 0.95,
        "at_border": kind == "at_border",
        "overlaps": False,
        "focus": 0.61,
        "kind": "red_cell" if red else kind,
        "p_infected": {"infected": 0.975, "uninfected": 0.0123, "at_border": 0.02}.get(kind, np.nan),
        "infected": kind == "infected",
        "stage": "unknown" if kind == "infected" else "",
        "counted": kind in {"infected", "uninfected"},
        "excluded_because": "" if kind in {"infected", "uninfected"} else kind,
        "reviewed_as": "",
        "model": "classifier-1",
    }


def make_facts(
    slide: str = "film", *, source: str = "film.png", fields: tuple[str, ...] = ("film",), **given: object
) -> SlideFacts:
    """Facts of a slide of 320 x 240 px fields at 0.1 µm per px; what is given goes before."""
    facts: dict[str, Any] = {
        "um_per_px": 0.1,
        "scale_source": "given",
        "false_positive_rate": 0.002,
        "detector": "detector-1",
        "classifier": "classifier-1",
    }
    sizes = tuple(FieldFacts(name=name, width=WIDTH, height=HEIGHT, um_per_px=0.1) for name in fields)
    return SlideFacts(slide=slide, source=source, fields=sizes, **{**facts, **given})


def make_result(cells: pd.DataFrame, facts: SlideFacts | None = None) -> CountResult:
    """The result of a count that found these cells."""
    return CountResult(
        summary=summarise((cells,), facts or make_facts()), parts=(cells,), run={"seed": None, "versions": {}}
    )


def paint(cells: pd.DataFrame) -> NDArray[np.uint8]:
    """A picture of the cells: RGB uint8 (HEIGHT, WIDTH, 3), discs on a pale background."""
    picture = np.full((HEIGHT, WIDTH, 3), BACKGROUND, np.uint8)
    for x, y in zip(cells["x"], cells["y"], strict=True):
        cv2.circle(picture, (round(x), round(y)), 9, CELL, cv2.FILLED)
    return picture


def write_photo(path: Path, cells: pd.DataFrame | None = None) -> Path:
    """Write the picture of the cells as the photo of a slide."""
    picture = paint(make_cells() if cells is None else cells)
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return path


def count_made_up(
    source: Path,
    settings: CountSettings,
    progress: Callable[[int, int, int], None] | None = None,
    checkpoint: object = None,
    name: str | None = None,
    readers: Sequence[PartsReader] = (),
) -> CountResult:
    """Stands in for the real count: two infected of six red cells, or what the slide's name asks for."""
    result = _made_up(source, progress)
    fields = tuple(
        FieldFacts(name=one.name, width=one.width, height=one.height, um_per_px=one.um_per_px)
        for one in result.summary.fields
    )
    for reader in readers:
        reader.begin(TableHead(slide=result.summary.slide, fields=fields, threshold=0.5))
        for part in result.parts:
            reader.add(part)
    return result


def _made_up(source: Path, progress: Callable[[int, int, int], None] | None) -> CountResult:
    if source.stem.startswith("broken"):
        raise NotAnImageError(f"{source} is no picture; expected a photo; export it as JPEG")
    if source.stem.startswith("puzzling"):
        raise KeyError("a mistake\nin the program")
    if progress is not None:
        progress(1, 2, 3)
        progress(2, 2, 7)
    if source.is_dir():
        fields = tuple(sorted(path.stem for path in source.iterdir()))
        cells = pd.concat(
            [make_cells("infected", "uninfected", slide=source.name, field=name) for name in fields]
        )
        return make_result(cells, make_facts(source.name, source=str(source), fields=fields))
    name = source.stem
    cells = make_cells(*["infected"] * 2, *["uninfected"] * 4, "at_border", slide=name, field=name)
    failed = FailedTile(field=name, x=0, y=0, width=64, height=64, reason="damaged")
    tiles = (failed,) if name.startswith("partial") else ()
    return make_result(cells, make_facts(name, source=str(source), fields=(name,), failed_tiles=tiles))
