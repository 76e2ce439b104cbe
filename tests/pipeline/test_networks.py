"""The two networks of a count: one that does not fit the pipeline is refused before it does harm."""

import shutil
from pathlib import Path

import pytest

from models.manifest import shipped
from pipeline.errors import ModelError
from pipeline.networks import describe, load_classifier, load_detector
from pipeline.settings import CountSettings


def changed(task, folder: Path, before: str, after: str) -> Path:
    """A copy of the shipped network whose manifest says something else."""
    source = shipped(task)
    for file in source.parent.glob(f"{task}.*"):
        shutil.copy(file, folder)
    text = source.read_text(encoding="utf-8")
    assert before in text
    path = folder / source.name
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return path


def test_the_shipped_networks_fit():
    detector, classifier = load_detector(CountSettings()), load_classifier(CountSettings())
    assert 0 < detector.manifest.threshold < 1
    assert classifier.calibration.slope > 0
    others = [row for row in classifier.manifest.measured if row.infected]
    assert all(classifier.measured.false_positive_rate >= row.false_positive_rate for row in others)
    assert classifier.measured.infected > 0
    assert describe(detector.manifest, None)["sha256"] == detector.manifest.sha256


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("um_per_px = 0.375", "um_per_px = 0.25", "0.25 µm per px, expected 0.375"),
        ('"white_cell", "platelet"', '"platelet", "white_cell"', "expected red_cell, white_cell, platelet"),
    ],
)
def test_a_detector_made_for_something_else_is_refused(before, after, told, tmp_path):
    path = changed("detector", tmp_path, before, after)
    with pytest.raises(ModelError, match=told):
        load_detector(CountSettings(detector=path))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("um_per_px = 0.1875", "um_per_px = 0.375", "0.375 µm per px, expected 0.1875"),
        ('crop = "', '# crop = "', "no calibration, crop style or measurement"),
        (
            'crop = "evened"',
            'crop = "context"',
            "'context', expected 'evened'; train the classifier again",
        ),
    ],
)
def test_a_classifier_made_for_something_else_is_refused(before, after, told, tmp_path):
    path = changed("classifier", tmp_path, before, after)
    with pytest.raises(ModelError, match=told):
        load_classifier(CountSettings(classifier=path))


def test_another_network_than_the_shipped_one_may_be_named(tmp_path):
    path = changed("detector", tmp_path, 'name = "', 'name = "other-')
    found = load_detector(CountSettings(detector=path))
    assert found.manifest.name.startswith("other-")
    assert describe(found.manifest, path)["manifest"] == str(path)


def test_where_clean_cells_lie_as_shipped_is_not_held_against_a_site(tmp_path: Path) -> None:
    plain = load_classifier(CountSettings())
    assert plain.manifest.middles is not None
    assert plain.reference is not None
    number = plain.reference.features.shape[1]
    site = tmp_path / "site.toml"
    site.write_text(
        f"""classifier = "{plain.manifest.name}"
classifier_sha256 = "{plain.manifest.sha256}"
cells = 50
infected = 20
slides = ["one", "two"]
offset = 0.5
weights = [{", ".join(["0.01"] * number)}]
[figures]
folds = 3
loss_shipped = 0.3
loss_site = 0.2
errors_shipped = 9
errors_site = 4
"""
    )
    adapted = load_classifier(CountSettings(site=site))
    assert adapted.site is not None
    assert adapted.manifest.middles is None
