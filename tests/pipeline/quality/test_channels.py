"""Exchanged colour channels are told by known fields, whichever way they are exchanged."""

import tomllib
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.manifest import shipped
from pipeline.errors import ModelError
from pipeline.quality.channels import (
    FieldColours,
    KnownColours,
    channel_order,
    colour_rows,
    read_colours,
)
from pipeline.quality.limits import VisibilityLimits
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


def warned_without(left_out: str, order: tuple[int, ...] = (0, 1, 2)) -> float:
    """Share of the shipped fields warned of by known fields without it, or without its laboratory."""
    rows = tomllib.loads(shipped("detector").with_name("colours.toml").read_text())["sources"]
    names = [name for name in rows for _ in rows[name]]
    known, warned = KnownColours.of(rows), 0
    for place, row in enumerate(row for each in rows.values() for row in each):
        field = FieldColours(cells=tuple(row[:3]), deepest=tuple(row[3:6]), ground=tuple(row[6:]))
        others = [
            other != place if left_out == "field" else name != names[place]
            for other, name in enumerate(names)
        ]
        weights = np.where(others, known.weights, 0)
        found = channel_order(
            [reordered(field, order)],
            KnownColours(places=known.places, weights=np.asarray(weights / weights.sum())),
        )
        assert found is not None
        warned += found.odds > VisibilityLimits().order_warn
    return warned / len(names)


@pytest.mark.parametrize(("left_out", "most"), [("field", 0.01), ("laboratory", 0.05)])
def test_few_good_fields_are_warned_of_in_a_known_laboratory_or_a_new_one(left_out: str, most: float) -> None:
    assert warned_without(left_out) <= most


@pytest.mark.parametrize(("order", "least"), [((2, 1, 0), 0.45), ((0, 2, 1), 0.9), ((1, 2, 0), 0.9)])
def test_half_of_the_fields_of_exchanged_red_and_blue_and_most_others_are_told(
    order: tuple[int, ...], least: float
) -> None:
    assert warned_without("field", order) >= least


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
