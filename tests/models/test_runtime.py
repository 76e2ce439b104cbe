"""The shipped LiteRT files run, the same way whatever is run beside and before."""

import os
import shutil

import numpy as np
import pytest

from models.errors import ModelError
from models.manifest import read_manifest, shipped
from models.runtime import LiteRtNetwork, load_network
from segmentation.detector import CLASSES, OUTPUT_STRIDE, RECEPTIVE_RADIUS_PX


def loaded(task):
    path = shipped(task)
    return load_network(path, read_manifest(path, task))


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def test_the_detector_answers_heat_and_boxes_for_every_other_pixel():
    outputs = loaded("detector").run(noise(1, 96, 64, 3))
    assert sorted(output.shape for output in outputs) == [
        (1, 96 // OUTPUT_STRIDE, 64 // OUTPUT_STRIDE, len(CLASSES)),
        (1, 96 // OUTPUT_STRIDE, 64 // OUTPUT_STRIDE, 4),
    ]
    assert all(output.dtype == np.float32 and np.isfinite(output).all() for output in outputs)


def test_an_answer_does_not_depend_on_the_sizes_asked_before():
    network, picture = loaded("detector"), noise(1, 96, 64, 3)
    first = network.run(picture)
    network.run(noise(1, 160, 200, 3, seed=1))
    for before, again in zip(first, network.run(picture), strict=True):
        np.testing.assert_array_equal(before, again)


def test_an_earlier_answer_is_not_overwritten_by_a_later_one():
    network = loaded("classifier")
    first = network.run(noise(4, 56, 56, 4))[0]
    kept = first.copy()
    network.run(noise(4, 56, 56, 4, seed=1))
    np.testing.assert_array_equal(first, kept)


def test_the_classifier_answers_each_crop_as_if_it_were_alone():
    network, crops = loaded("classifier"), noise(5, 56, 56, 4)
    together = network.run(crops)[0]
    assert together.shape == (5, 1)
    for crop, answer in zip(crops, together, strict=True):
        np.testing.assert_array_equal(network.run(crop[None])[0][0], answer)


def test_the_network_sees_what_it_is_given_and_leaves_it_alone():
    network, picture = loaded("detector"), noise(1, 64, 64, 3)
    before = picture.copy()
    answer = network.run(picture)
    np.testing.assert_array_equal(picture, before)
    other = network.run(255 - picture)
    assert any((one != two).any() for one, two in zip(answer, other, strict=True))


@pytest.mark.parametrize("place", [(160, 160), (163, 158), (8, 300)])
def test_the_detector_sees_no_farther_than_it_says(place):
    """The tiles' halo rests on it."""
    network, picture = loaded("detector"), noise(1, 320, 320, 3)
    changed = picture.copy()
    row, column = place
    changed[0, row, column] ^= 255
    rows, columns = (np.arange(160) + 0.5) * OUTPUT_STRIDE, (np.arange(160) + 0.5) * OUTPUT_STRIDE
    far = (
        np.maximum(np.abs(rows - row)[:, None], np.abs(columns - column)[None])
        > RECEPTIVE_RADIUS_PX - OUTPUT_STRIDE
    )
    for before, after in zip(network.run(picture), network.run(changed), strict=True):
        differs = (before != after).any(axis=(0, 3))
        assert differs.any()
        assert not differs[far].any()


@pytest.mark.parametrize("content", [b"", b"no network at all" * 50])
def test_a_file_that_is_no_network_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / "net.tflite"
    file.write_bytes(content)
    with pytest.raises(ModelError, match="is no LiteRT network") as caught:
        LiteRtNetwork(file)
    assert "\n" not in str(caught.value)


def test_a_shipped_network_with_one_bit_changed_is_not_loaded(tmp_path):
    source = shipped("classifier")
    manifest = read_manifest(source, "classifier")
    shutil.copy(source, tmp_path)
    content = bytearray((source.parent / manifest.file).read_bytes())
    content[len(content) // 2] ^= 4
    (tmp_path / manifest.file).write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256"):
        load_network(tmp_path / source.name, manifest)


def test_nothing_is_said_on_stderr(capfd):
    loaded("classifier").run(noise(1, 56, 56, 4))
    os.write(2, b"heard again\n")
    assert capfd.readouterr().err == "heard again\n"
