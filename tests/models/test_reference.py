"""Reference cells are read back as they were, and a changed file is refused in one line."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.manifest import read_manifest, shipped
from models.reference import ReferenceCells, read_reference, reference_bytes


def some_cells() -> ReferenceCells:
    rng = np.random.default_rng(0)
    return ReferenceCells(
        features=rng.normal(0, 1, (30, 8)).astype(np.float16),
        logits=rng.normal(0, 1, 30).astype(np.float32),
        infected=np.arange(30) % 3 == 0,
    )


def test_the_same_cells_give_the_same_bytes_and_come_back(tmp_path: Path) -> None:
    data = reference_bytes(some_cells())
    assert data == reference_bytes(some_cells())
    file = tmp_path / "cells.npz"
    file.write_bytes(data)
    again = read_reference(file, hashlib.sha256(data).hexdigest())
    assert np.array_equal(again.features, some_cells().features)
    assert np.array_equal(again.infected, some_cells().infected)


@pytest.mark.parametrize("data", [None, b"", b"PK damaged"])
def test_a_missing_or_changed_file_is_refused(tmp_path: Path, data: bytes | None) -> None:
    file = tmp_path / "cells.npz"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(ModelError, match="install smearcount again"):
        read_reference(file, "0" * 64)


@pytest.mark.parametrize("folder", ["", "left_out"])
def test_the_shipped_ones_fit_their_manifest(folder: str) -> None:
    path = shipped("classifier").parent / folder / "classifier.toml"
    told = read_manifest(path, "classifier")
    assert told.reference_file is not None
    assert told.reference_sha256 is not None
    cells = read_reference(path.parent / told.reference_file, told.reference_sha256)
    assert cells.infected.sum() > 200
    assert (~cells.infected).sum() > 200
    assert len(cells.features) == len(cells.logits) == len(cells.infected)
