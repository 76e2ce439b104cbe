"""A site file is used with its own classifier alone, and corrects the decision alone."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.site import SiteFigures, SiteLayer, SiteNetwork, read_site

FIGURES = SiteFigures(folds=3, loss_shipped=0.3, loss_site=0.2, errors_shipped=9, errors_site=4)
LAYER = SiteLayer(
    classifier="classifier-6", classifier_sha256="a" * 64, cells=50, infected=20, slides=("one", "two"),
    offset=0.5, weights=(1.0, -2.0), figures=FIGURES,
)  # fmt: skip
TEXT = f"""
classifier = "classifier-6"
classifier_sha256 = "{"a" * 64}"
cells = 50
infected = 20
slides = ["one", "two"]
offset = 0.5
weights = [1.0, -2.0]
[figures]
folds = 3
loss_shipped = 0.3
loss_site = 0.2
errors_shipped = 9
errors_site = 4
"""


class FakeNetwork:
    """Gives a logit of 1, two stages, and as features what it was asked about."""

    def run(self, batch):
        number = len(batch)
        features = batch.reshape(number, -1)[:, :2].astype(np.float32)
        return np.ones((number, 1), np.float32), np.zeros((number, 2), np.float32), features


def test_the_logit_gets_the_weighted_features_and_the_offset():
    batch = np.asarray([[3, 1], [0, 4]], np.uint8)
    logits, stages, features = SiteNetwork(FakeNetwork(), LAYER).run(batch)
    np.testing.assert_allclose(logits[:, 0], [1 + 3 - 2 + 0.5, 1 - 8 + 0.5])
    assert stages.shape == (2, 2)
    np.testing.assert_array_equal(features, batch)


def test_features_of_another_number_are_refused():
    with pytest.raises(ModelError, match="no features that a site's last layer fits"):
        SiteNetwork(FakeNetwork(), LAYER.model_copy(update={"weights": (1.0,) * 3})).run(
            np.zeros((1, 4), np.uint8)
        )


def test_a_site_file_is_read_again(tmp_path: Path):
    path = tmp_path / "site.toml"
    path.write_text(TEXT, encoding="utf-8")
    assert read_site(path, "a" * 64) == LAYER


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("a" * 64, "b" * 64, "another classifier"),
        ("weights = [1.0, -2.0]", "weights = [1.0, nan]", "not finite"),
        ("cells = 50", "cells = 0", "cells: "),
        ("cells = 50", 'cells = "x', "cannot be read"),
        ("folds = 3", "folds = 3\nextra = 1", "extra"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(before, after, told, tmp_path: Path):
    path = tmp_path / "site.toml"
    path.write_text(TEXT.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(ModelError, match=told) as refused:
        read_site(path, "a" * 64)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ModelError, match=r"nowhere\.toml cannot be read as a site file"):
        read_site(tmp_path / "nowhere.toml", "a" * 64)
