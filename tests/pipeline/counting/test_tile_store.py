"""Finished tiles in a file: what a power cut, another slide or a second process makes of it."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.counting.tile import TileCells
from pipeline.counting.tile_bytes import tile_from_bytes, tile_to_bytes
from pipeline.counting.tile_store import KEPT_FROM_TILES, Checkpoint, FileStore, MemoryStore
from pipeline.counting.tiling import Tile
from pipeline.errors import OutputError
from segmentation.colours import TileColours


def tile(number: int) -> Tile:
    return Tile(field=0, core=(number, 0, number + 1, 8), outer=(0, 0, 64, 64))


def cells(number: int) -> TileCells:
    rng = np.random.default_rng(number)
    return TileCells(
        field=0,
        boxes=rng.normal(size=(number, 4)),
        kinds=rng.integers(0, 3, number).astype(np.uint8),
        scores=rng.random(number, np.float32),
        measured=rng.normal(size=(number, 4)),
        overlaps=rng.random(number) < 0.5,
        p_infected=np.where(rng.random(number) < 0.5, np.nan, rng.random(number)).astype(np.float32),
        stages=rng.integers(-1, 4, number),
        colours=TileColours(
            objects=rng.random((number, 3), np.float32),
            depths=rng.integers(0, 9, 256).astype(np.int64),
            levels=rng.integers(0, 9, (3, 256)).astype(np.int64),
        ),
    )


def assert_same(one: TileCells, other: TileCells) -> None:
    assert tile_to_bytes(tile(0), one) == tile_to_bytes(tile(0), other)


def filled(path: Path, numbers, key="key") -> None:
    store = FileStore.open(path, key)
    for number in numbers:
        store.add(tile(number), cells(number))
    store.close()


@pytest.mark.parametrize("number", [0, 1, 37])
def test_a_tile_comes_back_from_bytes_as_it_was(number):
    back, found = tile_from_bytes(tile_to_bytes(tile(number), cells(number)))
    assert back == tile(number)
    assert_same(found, cells(number))
    assert found.boxes.dtype == np.float64
    assert found.stages.dtype == np.int64


def test_bytes_of_another_length_are_no_tile():
    with pytest.raises(ValueError, match="expected"):
        tile_from_bytes(tile_to_bytes(tile(3), cells(3)) + b"x")


def test_a_store_gives_back_every_tile_in_any_order(tmp_path):
    file = FileStore.open(tmp_path / "tiles", "key")
    memory = MemoryStore()
    for store in (file, memory):
        for number in (5, 0, 9):
            store.add(tile(number), cells(number))
        assert_same(store.load(tile(0)), cells(0))
        store.add(tile(2), cells(2))
        for number in (9, 2, 5):
            assert_same(store.load(tile(number)), cells(number))
        assert set(store.kept()) == {tile(number) for number in (0, 2, 5, 9)}


def test_a_file_that_is_opened_again_holds_what_was_added(tmp_path):
    filled(tmp_path / "tiles", (4, 7))
    store = FileStore.open(tmp_path / "tiles", "key")
    assert set(store.kept()) == {tile(4), tile(7)}
    assert_same(store.load(tile(7)), cells(7))


@pytest.mark.parametrize("cut", [1, 9, 700])
def test_what_a_power_cut_left_half_is_cut_off_and_the_rest_stays(tmp_path, cut):
    path = tmp_path / "tiles"
    filled(path, (4, 7))
    path.write_bytes(path.read_bytes()[:-cut])
    store = FileStore.open(path, "key")
    assert list(store.kept()) == [tile(4)]
    store.add(tile(7), cells(7))
    store.close()
    assert_same(FileStore.open(path, "key").load(tile(7)), cells(7))


def test_a_record_with_a_wrong_byte_and_what_follows_it_is_not_believed(tmp_path):
    path = tmp_path / "tiles"
    filled(path, (4,))
    whole = len(path.read_bytes())
    path.unlink()
    filled(path, (4, 7, 8))
    data = bytearray(path.read_bytes())
    data[whole + 200] ^= 1
    path.write_bytes(bytes(data))
    assert list(FileStore.open(path, "key").kept()) == [tile(4)]


def test_tiles_of_another_slide_or_other_settings_are_not_used(tmp_path):
    filled(tmp_path / "tiles", (4, 7))
    store = FileStore.open(tmp_path / "tiles", "another key")
    assert list(store.kept()) == []
    store.close()
    assert list(FileStore.open(tmp_path / "tiles", "key").kept()) == []


def test_two_processes_cannot_work_on_one_file(tmp_path):
    store = FileStore.open(tmp_path / "tiles", "key")
    with pytest.raises(OutputError, match="another process counts this slide"):
        FileStore.open(tmp_path / "tiles", "key")
    store.close()
    FileStore.open(tmp_path / "tiles", "key").close()


def test_a_folder_that_is_not_there_is_told_in_one_line(tmp_path):
    with pytest.raises(OutputError, match="cannot be written") as told:
        FileStore.open(tmp_path / "none" / "tiles", "key")
    assert "\n" not in str(told.value)


def test_a_full_disk_is_told_in_one_line():
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    store = FileStore(full.open("r+b", buffering=0), full, {})
    with pytest.raises(OutputError, match="No space left"):
        store.add(tile(3), cells(3))


def test_few_tiles_are_kept_in_memory_and_many_in_the_file(tmp_path):
    with Checkpoint(tmp_path / "tiles") as checkpoint:
        assert isinstance(checkpoint.store("key", KEPT_FROM_TILES - 1), MemoryStore)
        assert not (tmp_path / "tiles").exists()
        checkpoint.store("key", KEPT_FROM_TILES).add(tile(3), cells(3))
    with Checkpoint(tmp_path / "tiles") as checkpoint:
        assert list(checkpoint.store("key", KEPT_FROM_TILES).kept()) == [tile(3)]
        checkpoint.remove()
    assert not (tmp_path / "tiles").exists()


def test_a_finished_tile_outlives_the_process_that_added_it(tmp_path: Path) -> None:
    store = FileStore.open(tmp_path / "tiles", "key")
    store.add(tile(0), cells(0))
    killed = (tmp_path / "tiles").read_bytes()  # what the system has, had the process been killed now
    store.close()
    (tmp_path / "cut").write_bytes(killed)
    assert list(FileStore.open(tmp_path / "cut", "key").kept()) == [tile(0)]
