"""Suspect labels: those that were turned round are found, written, and found again among the cells."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import InputError
from pipeline.training.data.label_noise import (
    SAME_PLACE_PX,
    SUSPECT_COLUMNS,
    contradicted,
    read_suspects,
    suspect_rows,
    suspect_table,
)

RNG = np.random.default_rng(0)


def held(number: int = 2000) -> pd.DataFrame:
    """Cells with logits around 4 and -4, of two sources."""
    infected = np.arange(number) % 4 == 0
    return pd.DataFrame(
        {
            "source": np.where(np.arange(number) % 2, "one", "two"),
            "group": "g",
            "name": [f"cell-{index}" for index in range(number)],
            "x": 1.0,
            "y": 2.0,
            "label": np.where(infected, "ring", "uninfected"),
            "infected": infected,
            "logit": np.where(infected, 4.0, -4.0) + RNG.normal(0, 1.0, number),
        }
    )


def test_labels_that_were_turned_round_are_suspect_and_few_others() -> None:
    table = held()
    table["source"] = "one"
    wrong = np.zeros(len(table), bool)
    wrong[::200] = True
    table["infected"] = table["infected"] ^ wrong
    suspect_labels = contradicted(table)
    assert suspect_labels[wrong].mean() > 0.9
    assert suspect_labels[~wrong].mean() < 0.01


def test_the_table_has_the_most_contradicted_first_and_nothing_that_is_believed() -> None:
    table = held()
    table.loc[3, "logit"], table.loc[7, "logit"] = 9.0, 6.0
    found = suspect_table(table)
    assert list(found.columns) == list(SUSPECT_COLUMNS)
    assert found["name"].tolist()[:2] == ["cell-3", "cell-7"]
    assert set(found["source"]) == {"one"}


def test_a_source_without_infected_cells_is_held_against_the_others() -> None:
    table = held()
    clean = table[~table["infected"]].head(50).assign(source="clean")
    clean.iloc[0, clean.columns.get_loc("logit")] = 8.0
    suspect_labels = contradicted(pd.concat([table, clean], ignore_index=True))
    assert suspect_labels[len(table)]
    assert suspect_labels[len(table) :].sum() == 1


def suspects(*rows: tuple[str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["name", "x", "y"])


PHOTOS = np.asarray(["one", "one", "one", "two", "two"])
PLACES = np.asarray([(100.0, 100.0), (110.0, 100.0), (400.0, 50.0), (100.0, 100.0), (700.0, 700.0)])


def test_the_nearest_cell_of_the_photo_is_the_suspect_one_and_no_other() -> None:
    assert (
        suspect_rows(suspects(("one", 107.0, 101.0)), PHOTOS, PLACES).tolist() == [False, True] + [False] * 3
    )
    assert suspect_rows(suspects(("two", 107.0, 101.0)), PHOTOS, PLACES).tolist() == [False] * 3 + [
        True,
        False,
    ]
    assert not suspect_rows(suspects(("three", 107.0, 101.0)), PHOTOS, PLACES).any()


@pytest.mark.parametrize("way", [(1.0, 0.0), (0.0, -1.0), (0.6, 0.8)])
def test_a_cell_farther_away_than_the_same_place_is_another_one(way: tuple[float, float]) -> None:
    for away, found in ((SAME_PLACE_PX - 0.1, True), (SAME_PLACE_PX + 0.1, False)):
        place = PLACES[2] + np.asarray(way) * away
        suspect_labels = suspect_rows(suspects(("one", place[0], place[1])), PHOTOS, PLACES)
        assert suspect_labels.tolist() == [False, False, found, False, False]


def test_a_suspect_label_whose_cell_is_not_there_takes_no_other_suspect_back() -> None:
    near, far = ("two", 700.0, 701.0), ("two", 700.0, 640.0)
    for order in ((near, far), (far, near)):
        assert suspect_rows(suspects(*order), PHOTOS, PLACES).tolist() == [False] * 4 + [True]


def test_a_pre_cut_cell_is_told_by_its_name_alone() -> None:
    names, nowhere = np.asarray(["a.png", "b.png", "c.png"]), np.full((3, 2), np.nan)
    suspect_labels = suspect_rows(
        suspects(("b.png", np.nan, np.nan), ("d.png", np.nan, np.nan)), names, nowhere
    )
    assert suspect_labels.tolist() == [False, True, False]


def test_a_suspect_label_without_a_place_is_no_cell_of_a_photo_nor_one_with_a_place_a_pre_cut_cell() -> None:
    assert not suspect_rows(suspects(("one", np.nan, np.nan)), PHOTOS, PLACES).any()
    assert not suspect_rows(suspects(("one", 100.0, 100.0)), PHOTOS, np.full((5, 2), np.nan)).any()


def test_no_suspect_labels_and_no_cells_are_no_suspect_cells() -> None:
    assert suspect_rows(suspects(), PHOTOS, PLACES).tolist() == [False] * 5
    assert suspect_rows(suspects(("one", 1.0, 1.0)), PHOTOS[:0], PLACES[:0]).shape == (0,)


def test_a_written_table_of_suspect_labels_is_read_again(tmp_path: Path) -> None:
    table = held()
    table.loc[3, "logit"], table.loc[7, "logit"] = 9.0, 6.0
    table["name"] = [f"{index:04d}" for index in range(len(table))]
    table.loc[3, ["x", "y"]] = np.nan
    written = suspect_table(table)
    written.to_csv(tmp_path / "suspect_labels.csv", index=False)
    again = read_suspects(tmp_path / "suspect_labels.csv")
    columns = ["source", "name", "x", "y"]
    pd.testing.assert_frame_equal(again[columns], written[columns], check_dtype=False)
    assert again["name"][0] == "0003", "a name of digits is no number"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"source,name,x\niml,a,1\n",
        b"source,name,x,y\niml,a,left,2\n",
        b"\x89PNG\r\n\x1a\n\x00\xff\xfe",
        b'source,name,x,y\n"iml,a,1,2\n',
        None,
    ],
    ids=["empty", "a column missing", "a word for a number", "a picture", "an open quote", "no file"],
)
def test_a_file_that_is_no_list_of_suspect_labels_is_refused_in_one_line(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "suspect_labels.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"suspect_labels.csv is no list of suspect labels .*; pass the"
    ) as refused:
        read_suspects(path)
    assert "\n" not in str(refused.value)
