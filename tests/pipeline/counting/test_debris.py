"""The debris control says what a slide's own dirt explains, whatever the tiles."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.predict import PLAIN
from classifier.specks import SPECK_PX
from pipeline.counting.debris import (
    LOST,
    DebrisSample,
    debris_control,
    is_kept,
    joined_samples,
    kept_share,
    lay_specks,
    place_keys,
)
from pipeline.networks import Classifier, load_classifier
from pipeline.records import DebrisControl
from pipeline.settings import CountSettings


class DarkSpotNetwork:
    """Calls a crop by how dark its darkest px is."""

    def run(self, batch):
        darkest = batch[..., 1].reshape(len(batch), -1).min(axis=1).astype(np.float32)
        return ((100.0 - darkest)[:, None],)


def dark_spots() -> Classifier:
    shipped = load_classifier(CountSettings())
    manifest = shipped.manifest.model_copy(update={"threshold": 0.5})
    return replace(shipped, network=DarkSpotNetwork(), calibration=PLAIN, manifest=manifest)


def sample(level: int, specks: int = 30, cells: int = 20, area: float = 0.5) -> DebrisSample:
    """Specks that let level / 200 of the light pass, on clean cells of level 180."""
    rng = np.random.default_rng(level)
    passed = np.full((specks, SPECK_PX, SPECK_PX, 3), 200, np.uint8)
    passed[:, 10:14, 10:14] = level
    return DebrisSample(
        ground_px=100_000,
        cells_px=50_000,
        specks=specks,
        grains=specks if area <= 0.8 else 0,
        passed=passed,
        areas_um2=np.full(specks, area, np.float32),
        speck_keys=rng.integers(0, 2**63, specks, dtype=np.uint64),
        crops=np.full((cells, 56, 56, 4), 180, np.uint8),
        cell_keys=rng.integers(0, 2**63, cells, dtype=np.uint64),
    )


def control_of(kept: DebrisSample) -> DebrisControl:
    return debris_control(kept, lay_specks(kept, dark_spots()))


def test_dark_grains_explain_as_many_calls_as_lie_on_the_cells() -> None:
    found = control_of(sample(40))
    assert found.expected_on_cells == pytest.approx(15)
    assert found.laid_called == found.laid == 256
    assert found.expected_called_grains == found.explained == pytest.approx(15 * LOST)
    assert found.uncertainty == pytest.approx(15 * LOST / np.sqrt(30))


def test_pale_specks_and_clean_ground_explain_nothing() -> None:
    assert control_of(sample(190)).expected_called == 0
    assert control_of(DebrisSample.empty()).expected_called_grains == 0


def test_large_specks_may_be_parasites_and_take_nothing_off() -> None:
    found = control_of(sample(40, area=3.0))
    assert found.expected_called == pytest.approx(15 * LOST)
    assert found.expected_called_grains == found.explained == found.uncertainty == 0


def test_what_is_larger_than_a_grain_and_smaller_than_a_parasite_is_dirt_however_often_called() -> None:
    found = control_of(sample(40, area=1.1))
    assert found.grains == found.expected_called_grains == 0
    assert found.explained == found.expected_called == pytest.approx(15 * LOST)


def test_large_specks_that_are_seldom_called_are_dirt_and_taken_off() -> None:
    """Three in ten are called at most: every fourth is dark here, the others are pale."""
    dark, pale = sample(40, specks=10, area=3.0), sample(190, specks=30, area=3.0)
    found = control_of(joined_samples([dark, pale]))
    assert found.laid_called == pytest.approx(found.laid / 4, abs=1)
    assert found.explained == found.expected_called == pytest.approx(5 * LOST, rel=0.05)
    assert found.uncertainty > 0


def test_one_dark_speck_among_pale_ones_tells_less_than_many_half_dark_ones_would() -> None:
    found = control_of(joined_samples([sample(40, specks=1), sample(190, specks=9)]))
    assert found.explained == pytest.approx(0.5 * LOST, rel=0.05)
    assert found.uncertainty == pytest.approx(found.explained, rel=0.05)


def test_nothing_is_taken_off_calls_that_are_surer_than_dirt() -> None:
    kept = sample(40)
    found = debris_control(kept, lay_specks(kept, dark_spots()), surer=True)
    assert found.surer and found.explained == found.uncertainty == 0
    assert found.expected_called == pytest.approx(15 * LOST)


def test_few_specks_are_laid_a_few_times_each() -> None:
    assert control_of(sample(40, specks=2)).laid == 64


def test_the_order_of_the_tiles_changes_nothing() -> None:
    one, other = sample(40), sample(120)
    both = [control_of(joined_samples(parts)) for parts in ((one, other), (other, one))]
    assert both[0] == both[1]
    assert both[0].specks == 60


def test_a_place_has_the_same_key_in_whatever_tile_and_keys_are_even() -> None:
    places = np.stack(np.meshgrid(np.arange(100.0), np.arange(100.0)), axis=-1).reshape(-1, 2)
    keys = place_keys(0, places)
    assert len(np.unique(keys)) == len(keys)
    assert (place_keys(0, places[::-1])[::-1] == keys).all()
    assert (place_keys(1, places) != keys).all()
    assert is_kept(keys, 0.25).mean() == pytest.approx(0.25, abs=0.02)
    assert is_kept(keys, 1.0).all()


def test_a_photo_keeps_all_and_a_scan_a_share() -> None:
    assert kept_share(10_000.0).cells == 1.0
    assert kept_share(1e8).cells == pytest.approx(160e2 / 1e8)
