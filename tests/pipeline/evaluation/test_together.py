"""A slide that is counted as one folder is told of by its pictures, and what it tells of itself once."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from pipeline.counting.result import CountResult
from pipeline.errors import EmptySlideError, InputError
from pipeline.evaluation.labelled import read_field_set
from pipeline.evaluation.stated import evidence_of
from pipeline.evaluation.together import counted_together
from pipeline.records import SecondLook
from pipeline.settings import CountSettings
from tests.pipeline.evaluation.test_fields import field_folder, perfect

__all__ = ["field_folder"]

LOOK = SecondLook(middle=-4.0, spread=0.5, least_p=0.05, cells=9, expected=2.0, lifted=4)


def together(source: Path, settings: CountSettings) -> CountResult:
    """A count of a folder, whose clean cells explain four calls."""
    one = [(path.stem, perfect(path, settings)) for path in sorted(source.iterdir())]
    cells = pd.concat([found.cells.assign(field=name) for name, found in one])
    return replace(one[0][1], parts=(cells,), summary=replace(one[0][1].summary, second_look=LOOK))


def test_each_picture_has_its_cells_and_the_slide_explains_its_calls_once(field_folder: Path) -> None:
    known = read_field_set(field_folder)
    with counted_together(known, together) as count:
        parts = {name: count(known.image_path(name), CountSettings()) for name in ("f1", "f2", "f3")}
    assert [len(parts[name].cells) for name in ("f1", "f2", "f3")] == [16, 16, 16]
    assert sum(evidence_of(name, parts[name]).own.lifted for name in ("f1", "f2")) == 4
    assert evidence_of("f3", parts["f3"]).own.lifted == 4


def test_what_refuses_a_slide_refuses_each_of_its_pictures(field_folder: Path) -> None:
    def refusing(source: Path, settings: CountSettings) -> CountResult:
        raise EmptySlideError(f"{source.name} has no cell")

    known = read_field_set(field_folder)
    with counted_together(known, refusing) as count:
        for name in ("f1", "f2"):
            with pytest.raises(InputError, match="has no cell"):
                count(known.image_path(name), CountSettings())
