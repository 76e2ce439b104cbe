"""Tests of benchmarks.inside."""

import importlib

import pytest

from benchmarks.inside import STEPS

PLACES = sorted(place for places in STEPS.values() for place in places)


@pytest.mark.parametrize(("module", "name"), PLACES, ids=map(".".join, PLACES))
def test_every_step_whose_time_is_taken_is_still_there(module: str, name: str) -> None:
    assert callable(getattr(importlib.import_module(module), name))
