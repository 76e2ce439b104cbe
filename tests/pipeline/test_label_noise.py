"""Doubted labels: those that were turned round are found."""

import numpy as np
import pandas as pd

from pipeline.label_noise import DOUBT_COLUMNS, doubtful, doubts_table

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


def test_labels_that_were_turned_round_are_doubted_and_few_others() -> None:
    table = held()
    table["source"] = "one"
    wrong = np.zeros(len(table), bool)
    wrong[::200] = True
    table["infected"] = table["infected"] ^ wrong
    doubted = doubtful(table)
    assert doubted[wrong].mean() > 0.9
    assert doubted[~wrong].mean() < 0.01


def test_the_table_has_the_most_contradicted_first_and_nothing_that_is_believed() -> None:
    table = held()
    table.loc[3, "logit"], table.loc[7, "logit"] = 9.0, 6.0
    found = doubts_table(table)
    assert list(found.columns) == list(DOUBT_COLUMNS)
    assert found["name"].tolist()[:2] == ["cell-3", "cell-7"]
    assert set(found["source"]) == {"one"}


def test_a_source_without_infected_cells_is_held_against_the_others() -> None:
    table = held()
    clean = table[~table["infected"]].head(50).assign(source="clean")
    clean.iloc[0, clean.columns.get_loc("logit")] = 8.0
    doubted = doubtful(pd.concat([table, clean], ignore_index=True))
    assert doubted[len(table)]
    assert doubted[len(table) :].sum() == 1
