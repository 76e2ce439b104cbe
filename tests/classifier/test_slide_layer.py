"""A slide's own layer unlearns its dirt, keeps its parasites, and is judged by specks it never saw."""

import numpy as np

from classifier.control import LaidOn
from classifier.last_layer import LabelledCells
from classifier.predict import PLAIN
from classifier.slide_layer import fit_slide_layer, relabelled

WIDTH, BLOCK = 64, 16


def block(number: int) -> slice:
    """Features that stand out together, as a real network's do."""
    return slice(number * BLOCK, (number + 1) * BLOCK)


def reference(seed: int = 0) -> LabelledCells:
    """Infected cells stand out by their first features, clean ones by none."""
    rng = np.random.default_rng(seed)
    infected = np.arange(900) % 2 == 0
    features = rng.normal(0.0, 1.0, (900, WIDTH))
    features[:, block(0)] += 3.0 * infected[:, None]
    return LabelledCells(features=features, logits=np.where(infected, 3.0, -4.0), infected=infected)


def specks_that_look(along: int, number: int = 32, times: int = 8) -> LaidOn:
    """Specks that are called half of the time, and that some features give away."""
    rng = np.random.default_rng(along)
    which = np.arange(number * times) % number
    features = rng.normal(0.0, 1.0, (len(which), WIDTH)).astype(np.float32)
    features[:, block(along)] += 3.0
    chance = np.where(rng.random(len(which)) < 0.5, 0.7, 0.2).astype(np.float32)
    return LaidOn(
        p_infected=chance, threshold=0.39, grains=np.ones(len(which), bool), specks=which, features=features
    )


def test_specks_that_are_told_from_parasites_are_no_longer_called() -> None:
    laid = specks_that_look(along=3)
    own = fit_slide_layer(laid, reference(), PLAIN)
    assert own.laid.called.sum() < 0.1 * laid.called.sum()
    new = reference(seed=7)
    chance = PLAIN.probability(new.logits.astype(np.float32))
    decided = relabelled(chance, new.features.astype(np.float16), (own.layer, PLAIN))
    assert (decided[new.infected] >= 0.39).mean() > 0.95


def test_specks_that_look_like_the_parasites_of_the_reference_stay_called() -> None:
    laid = specks_that_look(along=0)
    own = fit_slide_layer(laid, reference(), PLAIN)
    assert own.laid.called.sum() > 0.67 * laid.called.sum()


def test_each_speck_is_judged_by_layers_that_do_not_know_it() -> None:
    laid = specks_that_look(along=3)
    # One speck lies on features of its own: no other speck can teach that.
    odd = laid.specks == 5
    laid.features[odd, block(3)] -= 3.0
    laid.features[odd, block(2)] += 3.0
    laid.p_infected[odd] = 0.8
    own = fit_slide_layer(laid, reference(), PLAIN)
    known = relabelled(laid.p_infected[odd], laid.features[odd], (own.layer, PLAIN))
    assert own.laid.p_infected[odd].mean() > known.mean() + 0.03


def test_a_cell_is_decided_alike_whichever_others_there_are() -> None:
    own = fit_slide_layer(specks_that_look(along=3), reference(), PLAIN)
    features = np.random.default_rng(2).normal(0, 1, (50, WIDTH)).astype(np.float16)
    chance = np.linspace(0.05, 1.0, 50, dtype=np.float32)
    whole = relabelled(chance, features, (own.layer, PLAIN))
    apart = [relabelled(chance[n : n + 1], features[n : n + 1], (own.layer, PLAIN)) for n in range(50)]
    assert np.array_equal(whole, np.concatenate(apart))
    assert np.isfinite(whole).all()
