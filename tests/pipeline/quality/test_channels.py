"""Exchanged colour channels are told by known fields, whichever way they are exchanged."""

from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.errors import ModelError
from pipeline.quality.channels import (
    FieldColours,
    KnownColours,
    channel_order,
    colour_rows,
    read_colours,
)
from pipeline.quality.novelty import TERM_NAMES, FieldFeatures
from pipeline.training.novelty.train import colours_file

FIELD = FieldColours(cells=(0.25, 0.8, 0.4), deepest=(0.9, 1.3, 0.6), ground=(205.0, 230.0, 215.0))
PALE = FieldColours(cells=(0.08, 0.3, 0.2), deepest=(0.5, 0.7, 0.4), ground=(190.0, 190.0, 180.0))
KNOWN = KnownColours.of({"one": colour_rows([FIELD], 9), "other": colour_rows([PALE], 9)})


def reordered(field: FieldColours, order: tuple[int, ...]) -> FieldColours:
    first, second, third = order

    def taken(colour: tuple[float, float, float]) -> tuple[float, float, float]:
        return colour[first], colour[second], colour[third]

    return FieldColours(cells=taken(field.cells), deepest=taken(field.deepest), ground=taken(field.ground))


@pytest.mark.parametrize("field", [FIELD, PALE])
@pytest.mark.parametrize("order", [*permutations(range(3))][1:])
def test_each_order_of_the_channels_is_named(field: FieldColours, order: tuple[int, ...]) -> None:
    found = channel_order([reordered(field, order)], KNOWN)
    assert found is not None
    assert found.name == "".join("RGB"[channel] for channel in order)
    assert found.odds > 1


@pytest.mark.parametrize("field", [FIELD, PALE])
def test_a_known_field_has_its_channels_in_the_right_order(field: FieldColours) -> None:
    found = channel_order([field], KNOWN)
    assert found is not None
    assert found.odds < -1


def test_a_slide_is_judged_by_the_middle_of_its_fields() -> None:
    swapped = reordered(FIELD, (2, 1, 0))
    found = channel_order([FIELD, swapped, FIELD], KNOWN)
    assert found is not None
    assert found.odds < 0
    assert channel_order([], KNOWN) is None


def test_every_source_weighs_the_same() -> None:
    many = KnownColours.of({"one": colour_rows([FIELD] * 9, 9), "other": colour_rows([PALE], 9)})
    one, other = (channel_order([PALE], known) for known in (KNOWN, many))
    assert one is not None and other is not None
    assert one.odds == pytest.approx(other.odds)


def test_the_rows_that_are_kept_are_the_most_different() -> None:
    near = FieldColours(cells=(0.25, 0.81, 0.4), deepest=FIELD.deepest, ground=FIELD.ground)
    rows = colour_rows([FIELD, near, PALE], 2)
    assert [row[:3] for row in rows] == [FIELD.cells, PALE.cells]


def test_the_shipped_colours_hold_nine_laboratories() -> None:
    known = read_colours()
    assert known.weights.sum() == pytest.approx(1)
    assert np.isfinite(known.places).all()
    assert len(np.unique(known.weights.round(9))) > 1


@pytest.mark.parametrize("text", ["", "[sources]\niml = [[1, 2]]", "[sources]\niml = 3", "not toml ="])
def test_a_broken_file_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "colours.toml"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"colours\.toml.*install"):
        read_colours(path)


def test_the_file_that_a_training_writes_is_read_back(tmp_path: Path) -> None:
    values: dict[str, Any] = dict.fromkeys(TERM_NAMES, 0.5)
    features = {
        name: [FieldFeatures(**values, stain=colours.cells, colours=colours)]
        for name, colours in (("one", FIELD), ("other", PALE))
    }
    path = tmp_path / "colours.toml"
    path.write_text(colours_file(features))
    assert np.allclose(read_colours(path).places, KNOWN.places)
    assert np.allclose(read_colours(path).weights, KNOWN.weights)
