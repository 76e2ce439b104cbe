"""The last layer follows a few labels and stays near the shipped one."""

import numpy as np
import pytest

from classifier.last_layer import LabelledCells, fit_last_layer, log_loss
from classifier.predict import Platt

PLATT = Platt(slope=1.3, offset=-0.5)


def cells(number: int, seed: int = 0) -> LabelledCells:
    """Cells whose first feature decides, which the shipped logit knows nothing of."""
    rng = np.random.default_rng(seed)
    infected = np.arange(number) % 3 == 0
    features = rng.normal(0.0, 1.0, (number, 16))
    features[:, 0] += 3.0 * infected
    return LabelledCells(features=features, logits=rng.normal(0.0, 1.0, number), infected=infected)


def test_fifty_labels_teach_what_the_shipped_layer_does_not_know() -> None:
    new = cells(400, seed=1)
    layer = fit_last_layer(cells(50), PLATT, strength=3.0)
    shipped = log_loss(new.logits, new.infected, PLATT).mean()
    assert log_loss(layer.logits(new), new.infected, PLATT).mean() < 0.75 * shipped


def test_the_stronger_it_is_held_the_nearer_it_stays() -> None:
    some = cells(60)
    changes = [np.abs(fit_last_layer(some, PLATT, held).weights).max() for held in (1.0, 100.0, 1e8)]
    assert changes[0] > changes[1] > changes[2]
    assert changes[2] < 1e-4


def test_it_is_the_least_of_its_loss() -> None:
    some = cells(80)
    layer = fit_last_layer(some, PLATT)
    spread = some.features.std(axis=0)

    def loss(weights: np.ndarray, offset: float) -> float:
        logits = some.logits + some.features @ weights + offset
        middle = offset + some.features.mean(axis=0) @ weights
        held = 100.0 * (((weights * spread) ** 2).sum() + middle**2) / 2
        return float(log_loss(logits, some.infected, PLATT).sum() + held)

    least = loss(layer.weights, layer.offset)
    rng = np.random.default_rng(5)
    for _ in range(20):
        assert loss(layer.weights + rng.normal(0, 0.02, 16), layer.offset + rng.normal(0, 0.02)) > least


def test_the_same_cells_give_the_same_bytes() -> None:
    first, again = fit_last_layer(cells(50), PLATT), fit_last_layer(cells(50), PLATT)
    assert first.weights.tobytes() == again.weights.tobytes()
    assert first.offset == again.offset


def test_a_feature_that_never_changes_is_borne() -> None:
    some = cells(40)
    some.features[:, 3] = 7.0
    layer = fit_last_layer(some, PLATT)
    assert np.isfinite(layer.weights).all()
    assert layer.weights[3] == pytest.approx(0.0, abs=1e-6)
