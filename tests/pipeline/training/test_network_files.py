"""What is written for a network is what can be loaded again, and answers as the network did."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from models.manifest import Manifest, read_manifest
from models.runtime import load_network
from pipeline.training.network_files import Facts, write_manifest, write_model_files, write_network

ENTRIES: dict[str, object] = {
    "name": 'made-up "one", with µ',
    "um_per_px": 0.1875,
    "classes": ("infected",),
    "threshold": 0.5,
    "crop": "evened",
    "calibration": {"slope": 1.5, "offset": -0.25},
    "measured": [
        {"source": "a", "infected": 3, "infected_found": 2, "uninfected": 9, "false_positives": 0},
        {"source": "b", "infected": 5, "infected_found": 5, "uninfected": 7, "false_positives": 1},
    ],
    "trained_on": ("drawn",),
    "left_out": (),
    "seed": 7,
    "licence": "Apache-2.0",
}


@pytest.mark.slow
def test_written_files_are_loaded_again_and_answer_as_the_network_did(tmp_path):
    pytest.importorskip("tensorflow", reason="TensorFlow writes LiteRT files; install smearcount[train]")
    from classifier.training.network import build_classifier

    pictures = np.random.default_rng(0).integers(0, 256, (24, 56, 56, 4), np.uint8)
    model = build_classifier(56)
    keras_file = write_network(model, tmp_path, "classifier")
    path = write_model_files(model, keras_file, pictures, Facts(entries=ENTRIES, card="# A card\n"))
    manifest = read_manifest(path, "classifier")
    assert {file.name for file in tmp_path.iterdir()} == {
        f"classifier.{end}" for end in ("keras", "tflite", "toml", "md")
    }
    assert tomllib.loads(path.read_text(encoding="utf-8"))["measured"] == ENTRIES["measured"]
    assert manifest.name == ENTRIES["name"]
    assert [row.source for row in manifest.measured] == ["a", "b"]
    small = load_network(path, manifest).run(pictures)[0]
    large = load_network(path, manifest, keras=True).run(pictures)[0]
    assert np.corrcoef(small[:, 0], large[:, 0])[0, 1] > 0.95
    assert np.abs(small - large).max() < 0.12 * np.ptp(large)


@pytest.mark.slow
def test_the_exported_features_are_what_the_decision_is_worked_out_from(tmp_path):
    pytest.importorskip("tensorflow", reason="TensorFlow writes LiteRT files; install smearcount[train]")
    from classifier.training.network import build_classifier, split_outputs

    pictures = np.random.default_rng(0).integers(0, 256, (24, 56, 56, 4), np.uint8)
    model = build_classifier(56)
    keras_file = write_network(model, tmp_path, "classifier")
    path = write_model_files(
        split_outputs(model), keras_file, pictures, Facts(entries=ENTRIES, card="# A card\n")
    )
    infected, stage, features = load_network(path, read_manifest(path, "classifier")).run(pictures)
    assert (infected.shape, stage.shape, features.shape) == ((24, 1), (24, 4), (24, 128))
    weights, bias = model.get_layer("infected").get_weights()
    assert np.abs(features @ weights + bias - infected).max() < 0.05 * np.ptp(infected) + 0.05


def test_a_shipped_manifest_that_is_written_again_says_the_same(tmp_path: Path) -> None:
    shipped = sorted((Path(__file__).resolve().parents[3] / "models").rglob("*.toml"))
    assert len(shipped) >= 5
    for path in shipped:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        again = tomli_w.dumps(entries)
        assert tomllib.loads(again) == entries
        assert max(len(line) for line in again.splitlines()) < 200
        if "task" in entries:
            written = write_manifest(tmp_path / path.name, Facts(entries=entries, card="# A card\n"))
            assert read_manifest(written, entries["task"]) == Manifest.model_validate(entries)
