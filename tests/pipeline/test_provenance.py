"""A count says what it was made of."""

import hashlib
import json
import platform
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipeline import provenance
from pipeline.errors import SlideError
from pipeline.provenance import describe_input, run_record, source_state, versions
from pipeline.settings import CountSettings

STARTED = datetime(2026, 3, 1, 7, 30, 15, tzinfo=timezone(timedelta(hours=7)))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "film.jpg"
    path.write_bytes(b"a photo")
    return path


def _record(source: Path) -> dict[str, object]:
    return run_record(
        CountSettings(um_per_px=0.11, detector=Path("other") / "net.toml"),
        describe_input(source),
        models={"detector": {"name": "detector-1", "file": Path("net.tflite"), "sha256": "ab"}},
        seed=None,
        started=STARTED,
        seconds={"prepare": 0.12345, "count": 2.0},
    )


def test_a_record_says_all_that_is_needed_to_repeat_the_count(photo: Path) -> None:
    record = json.loads(json.dumps(_record(photo), allow_nan=False))
    assert record["started_utc"] == "2026-03-01T00:30:15+00:00"
    assert record["seconds"] == {"prepare": 0.123, "count": 2.0}
    assert set(record["settings"]) == set(CountSettings.__slots__)
    given = {
        "um_per_px": 0.11,
        "detector": str(Path("other") / "net.toml"),
        "classifier": None,
        "tile_px": 1024,
    }
    assert given.items() <= record["settings"].items()
    assert record["seed"] is None
    assert record["models"]["detector"] == {"name": "detector-1", "file": "net.tflite", "sha256": "ab"}
    assert record["versions"]["python"] == platform.python_version()


def test_the_versions_are_those_of_the_installed_packages() -> None:
    import cv2
    import numpy as np

    found = versions()
    assert found["numpy"] == np.__version__
    assert found["opencv-python-headless"].startswith(str(cv2.__version__))
    assert {"smearcount", "ai-edge-litert"} <= set(found)


def test_a_photo_is_told_by_its_hash(photo: Path) -> None:
    described = describe_input(photo)
    assert described["files"] == [
        {"name": "film.jpg", "bytes": 7, "sha256": hashlib.sha256(b"a photo").hexdigest()}
    ]


def test_every_photo_of_a_folder_is_told_by_its_hash_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg", ".hidden"):
        (tmp_path / name).write_bytes(name.encode())
    described = describe_input(tmp_path)
    files = described["files"]
    assert isinstance(files, list)
    assert [file["name"] for file in files] == ["a.jpg", "b.jpg"]
    assert [file["sha256"] for file in files] == [
        hashlib.sha256(name).hexdigest() for name in (b"a.jpg", b"b.jpg")
    ]


def test_a_huge_file_is_told_by_its_size_and_time(monkeypatch: pytest.MonkeyPatch, photo: Path) -> None:
    monkeypatch.setattr(provenance, "HASHED_BYTES_MAX", 7)
    files = describe_input(photo)["files"]
    assert isinstance(files, list)
    (file,) = files
    assert file["bytes"] == 7
    assert "sha256" not in file
    assert datetime.fromisoformat(file["modified_utc"]) <= datetime.now(UTC)


def test_a_slide_that_went_away_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SlideError, match=r"gone.jpg: cannot be read .No such file or directory."):
        describe_input(tmp_path / "gone.jpg")


def test_the_state_of_a_slide_is_that_of_each_of_its_files_and_goes_to_json_as_ever(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.jpg", ".hidden"):
        (tmp_path / name).write_bytes(name.encode())
    state = source_state(tmp_path)
    stats = [(tmp_path / name).stat() for name in ("a.jpg", "b.jpg")]
    assert [(one.size_bytes, one.modified_ns) for one in state.files] == [
        (stat.st_size, stat.st_mtime_ns) for stat in stats
    ]
    # Ledgers and kept tiles of earlier versions hold a hash of these lines.
    lines = [
        [name, stat.st_size, stat.st_mtime_ns, stat.st_ino]
        for name, stat in zip(("a.jpg", "b.jpg"), stats, strict=True)
    ]
    assert json.dumps(state.facts()) == json.dumps(lines)


def test_a_slide_whose_file_grew_is_in_another_state(photo: Path) -> None:
    before = source_state(photo)
    assert source_state(photo) == before
    photo.write_bytes(b"another photo")
    assert source_state(photo) != before
