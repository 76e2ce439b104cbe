"""Manifests: what is not exactly as it should be is refused in one line."""

import hashlib

import pytest

from models.errors import ModelError
from models.manifest import Measured, read_manifest, shipped, verified_file

DETECTOR = """
name = "made-up"
task = "detector"
file = "net.tflite"
sha256 = "{sha}"
keras_file = "net.keras"
keras_sha256 = "{keras_sha}"
um_per_px = 0.375
classes = ["red_cell", "white_cell", "platelet"]
threshold = 0.3
trained_on = ["drawn"]
left_out = []
seed = 1
licence = "Apache-2.0"
"""


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / "net.tflite").write_bytes(b"weights")
    (tmp_path / "net.keras").write_bytes(b"keras weights")
    path = tmp_path / "detector.toml"
    path.write_text(DETECTOR.format(sha=sha(b"weights"), keras_sha=sha(b"keras weights")), encoding="utf-8")
    return path


def refused(call) -> str:
    with pytest.raises(ModelError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_sound_manifest_is_read_and_its_files_are_verified(manifest):
    found = read_manifest(manifest, "detector")
    assert (found.name, found.threshold, found.classes[1]) == ("made-up", 0.3, "white_cell")
    assert verified_file(manifest, found).read_bytes() == b"weights"
    assert verified_file(manifest, found, "keras").read_bytes() == b"keras weights"


@pytest.mark.parametrize(("kind", "name"), [("litert", "net.tflite"), ("keras", "net.keras")])
def test_a_network_file_whose_hash_differs_is_refused(manifest, kind, name):
    file = manifest.parent / name
    content = bytearray(file.read_bytes())
    content[3] ^= 1
    file.write_bytes(content)
    message = refused(lambda: verified_file(manifest, read_manifest(manifest, "detector"), kind))
    assert name in message
    assert "changed or damaged" in message


def test_a_missing_network_file_is_named(manifest):
    (manifest.parent / "net.tflite").unlink()
    assert "net.tflite" in refused(lambda: verified_file(manifest, read_manifest(manifest, "detector")))


def test_a_manifest_of_another_task_is_refused(manifest):
    message = refused(lambda: read_manifest(manifest, "classifier"))
    assert "detector" in message
    assert "expected a classifier" in message


def test_a_missing_manifest_is_refused(tmp_path):
    assert "nowhere.toml" in refused(lambda: read_manifest(tmp_path / "nowhere.toml", "detector"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"this is = = no TOML", "cannot be read"),
        (b"\xff\xfe\x00binary", "cannot be read"),
        (b"", "valid model manifest"),
        (b"name = 'only this'", "task"),
    ],
)
def test_what_is_no_manifest_is_refused(manifest, content, told):
    manifest.write_bytes(content)
    assert told in refused(lambda: read_manifest(manifest, "detector"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("threshold = 0.3", "threshold = 1.5", "threshold"),
        ("um_per_px = 0.375", "um_per_px = 0", "um_per_px"),
        ('task = "detector"', 'task = "decider"', "task"),
        ("seed = 1", "seed = 1\nsurprise = 2", "surprise"),
        ('sha256 = "', 'sha256 = "XYZ', "sha256"),
        ("threshold = 0.3\n", "", "threshold"),
    ],
)
def test_a_wrong_entry_is_named(manifest, before, after, told):
    text = manifest.read_text(encoding="utf-8")
    assert before in text
    manifest.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert told in refused(lambda: read_manifest(manifest, "detector"))


def test_no_false_positive_seen_is_not_taken_for_none_at_all():
    none = Measured(source="s", infected=50, infected_found=45, uninfected=1000, false_positives=0)
    assert none.false_positive_rate == pytest.approx(0.0005)
    assert none.sensitivity == pytest.approx(0.9)
    some = Measured(source="s", infected=0, infected_found=0, uninfected=1000, false_positives=7)
    assert some.false_positive_rate == pytest.approx(0.007)
    assert some.sensitivity == 0


@pytest.mark.parametrize("task", ["detector", "classifier"])
def test_what_is_shipped_is_whole(task):
    path = shipped(task)
    found = read_manifest(path, task)
    for kind in ("litert", "keras"):
        assert verified_file(path, found, kind).stat().st_size > 10_000
    assert found.trained_on
    assert found.licence
