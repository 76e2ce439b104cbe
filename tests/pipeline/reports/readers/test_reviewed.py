"""A count that a person reviewed is a reader of its own."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.output.folder import write_result
from pipeline.reports.readers.reading import Reading
from pipeline.reports.readers.readings import read_reader
from tests.pipeline.counting.made_up_counts import make_cells, make_facts, make_result


def reviewed(tmp_path: Path, *rows: str) -> Path:
    """Labels beside the result of a slide: of its cells 1 and 2 are called infected, 7 is not counted."""
    cells = make_cells("infected", "infected", *["uninfected"] * 4, "white_cell")
    write_result(make_result(cells, make_facts()), tmp_path)
    path = tmp_path / "reviewed.csv"
    path.write_text("\n".join(["slide,cell,label", *rows]) + "\n")
    return path


def test_what_a_person_labelled_takes_the_place_of_the_call(tmp_path: Path) -> None:
    slide = make_facts().slide
    rows = (f"{slide},1,uninfected", f"{slide},3,ring", f"{slide},4,infected", f"{slide},7,infected")
    assert read_reader(reviewed(tmp_path, *rows)).readings == {slide: Reading(infected=3, counted=6)}


def test_a_gametocyte_is_no_asexual_stage(tmp_path: Path) -> None:
    slide = make_facts().slide
    assert read_reader(reviewed(tmp_path, f"{slide},1,gametocyte")).readings[slide].infected == 1


def test_a_cell_that_is_not_there_is_told_with_row_and_column(tmp_path: Path) -> None:
    slide = make_facts().slide
    with pytest.raises(InputError, match=r"row 3, column cell: .* has no cell 99"):
        read_reader(reviewed(tmp_path, f"{slide},1,infected", f"{slide},99,infected"))


def test_decisions_in_the_table_of_cells_are_a_reader_too(tmp_path: Path) -> None:
    slide, table = make_facts().slide, reviewed(tmp_path).parent / make_facts().slide / "cells.csv"
    cells = pd.read_csv(table, dtype=str, keep_default_na=False)
    cells.loc[2, "reviewed_as"] = "ring"
    cells.to_csv(table, index=False)
    assert read_reader(table).readings == {slide: Reading(infected=3, counted=6)}
