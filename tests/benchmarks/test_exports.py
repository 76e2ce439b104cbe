"""The slide of a million cells is one that a count could have found, here with a few hundred."""

import json
from pathlib import Path

import pandas as pd
import pytest

from benchmarks import exports


def test_the_made_up_result_is_a_whole_one_that_can_be_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PART", 400)
    exports.write_a_result(tmp_path, 900)
    summary = json.loads((tmp_path / "film" / "summary.json").read_text())
    cells = pd.read_csv(tmp_path / "film" / "cells.csv")
    assert cells["cell"].tolist() == list(range(1, 901))
    assert summary["detected"] == 900
    assert summary["counted"] == int(cells["counted"].sum()) > 800
    assert 0 < summary["infected"] < 100
    assert cells["y_max"].max() < summary["fields"][0]["height"]
    assert (cells["y"].diff().loc[400] > 0) and (cells["y"].diff().loc[800] > 0)
