"""Called cells are told from dirt by how sure they are, and only where there is enough to compare."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.control import LaidOn
from pipeline.counting.own_layer.surer import are_surer
from pipeline.counting.tile import TileCells, failed_tile
from pipeline.counting.tiling import Tile
from segmentation.detections import Kind

DIRT = np.asarray([0.1] * 40 + [0.41, 0.45, 0.5, 0.52, 0.6, 0.66, 0.7, 0.8], np.float32)
SURE = np.asarray([0.02] * 90 + [0.6, 0.85, 0.9, 0.93, 0.97, 0.98, 0.98, 0.99], np.float32)


def laid(specks: int = 6) -> LaidOn:
    return LaidOn(
        p_infected=DIRT,
        threshold=0.39,
        grains=np.ones(len(DIRT), bool),
        specks=np.arange(len(DIRT)) % specks,
        features=np.zeros((len(DIRT), 0), np.float32),
    )


def tiles(*each: np.ndarray, kind: Kind = Kind.RED_CELL) -> list[TileCells]:
    nothing = failed_tile(Tile(field=0, core=(0, 0, 8, 8), outer=(0, 0, 8, 8)), ValueError("none"))
    return [replace(nothing, p_infected=p, kinds=np.full(len(p), kind, np.uint8)) for p in each]


def test_parasites_are_surer_than_dirt_and_dirt_is_not() -> None:
    assert are_surer(laid(), tiles(SURE))
    assert are_surer(laid(), tiles(SURE[:93], SURE[93:]))
    assert not are_surer(laid(), tiles(DIRT))


@pytest.mark.parametrize(
    ("control", "cells"),
    [
        (laid(specks=1), tiles(SURE)),
        (replace(laid(), threshold=0.9), tiles(SURE)),
        (laid(), tiles(SURE[:93])),
        (laid(), tiles(SURE, kind=Kind.WHITE_CELL)),
    ],
    ids=["one speck", "no speck is called", "few cells are called", "no red cell"],
)
def test_too_little_to_compare_shows_nothing(control: LaidOn, cells: list[TileCells]) -> None:
    assert not are_surer(control, cells)


def test_as_often_as_it_says_by_chance() -> None:
    rng = np.random.default_rng(7)
    control = replace(laid(), p_infected=rng.uniform(0.4, 1, 48).astype(np.float32))
    said = sum(are_surer(control, tiles(rng.uniform(0.4, 1, 12).astype(np.float32))) for _ in range(400))
    assert said <= 4
