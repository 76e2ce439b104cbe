"""A full disk: a run waits for room, then stops cleanly; what is counted stays whole and the rest follows."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.chaos import Chaos, differences
from pipeline.cli.app import app
from pipeline.cli.exit_codes import ExitCode
from pipeline.errors import OutputError
from pipeline.jobs.batch import BatchOrder, run_batch
from pipeline.jobs.counted import SlideTask, count_named
from pipeline.jobs.rows import read_rows
from pipeline.jobs.running.progress import NightEvent
from pipeline.jobs.running.stopping import Stop
from pipeline.jobs.running.storage import may_pass
from pipeline.output.slides_csv import write_slides_csv
from pipeline.settings import BatchSettings, CountSettings, Progress
from tests.pipeline.jobs.drawn_slides import draw

SLIDES = 4
DISK_BYTES = 8_000_000
FULL = "disk is full"
"""A file of this name in the folder of the slides makes every disk full."""
_sync = os.fsync


def sync_where_there_is_room(full: Path, descriptor: Any) -> None:
    """As the system syncs, or refuses to."""
    if full.exists():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    _sync(descriptor)


def counts_where_there_is_room(task: SlideTask, progress: Progress | None) -> Path:
    """Counts a slide; nothing can be written while the disk is full."""
    full = task.source.parent / FULL
    os.fsync = lambda fd: sync_where_there_is_room(full, fd)
    return count_named(task, progress)


def _fill(ballast: Path) -> None:
    """Take all the room there is on a disk."""
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass


@pytest.fixture
def slides(tmp_path: Path) -> Path:
    for seed in range(SLIDES):
        draw(tmp_path / "slides" / f"slide-{seed}.png", seed)
    return tmp_path / "slides"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few MB; only root may make one, and not in every container."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "smearcount-test", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may mount no tmpfs; the test above fills a disk by refusing to write")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_disk_that_is_full_for_a_while_is_waited_for(
    slides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = slides / FULL
    monkeypatch.setattr(os, "fsync", lambda descriptor: sync_where_there_is_room(full, descriptor))
    events: list[NightEvent] = []

    def tell(event: NightEvent) -> None:
        events.append(event)
        if event.kind == "slide" and not any(told.kind == "warning" for told in events):
            full.touch()  # after the first result
        if event.kind == "warning":
            full.unlink(missing_ok=True)

    order = BatchOrder(
        given=(slides,),
        out=tmp_path / "out",
        settings=CountSettings(),
        limits=BatchSettings(storage_wait_s=20.0),
    )
    end = run_batch(order, tell, Stop(), writers=(write_slides_csv,), count=counts_where_there_is_room)
    assert [(row.state, row.attempts) for row in end.rows] == SLIDES * [("done", 1)]
    warnings = [event.text for event in events if event.kind == "warning"]
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]
    assert any("going on" in event.text for event in events if event.kind == "line")


def test_a_disk_that_is_full_from_the_start_is_waited_for(
    slides: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = slides / FULL
    full.touch()
    monkeypatch.setattr(os, "fsync", lambda descriptor: sync_where_there_is_room(full, descriptor))
    events: list[NightEvent] = []

    def tell(event: NightEvent) -> None:
        events.append(event)
        if event.kind == "warning":
            full.unlink()

    order = BatchOrder(given=(slides,), out=tmp_path / "out", settings=CountSettings())
    end = run_batch(order, tell, Stop(), count=counts_where_there_is_room)
    assert [row.state for row in end.rows] == SLIDES * ["done"]
    warnings = [event.text for event in events if event.kind == "warning"]
    assert len(warnings) == 1
    assert "No space left on device" in warnings[0]


@pytest.mark.parametrize("free_bytes", [0, 12_288])
def test_a_disk_that_stays_full_from_the_start_ends_in_a_stop_that_resumes(
    slides: Path, small_disk: Path, free_bytes: int
) -> None:
    _fill(small_disk / "ballast")
    os.truncate(small_disk / "ballast", (small_disk / "ballast").stat().st_size - free_bytes)
    words = ["batch", str(slides / "slide-0.png"), "-o", str(small_disk / "out"), "--storage-wait", "0.2"]
    ended = CliRunner().invoke(app, words)
    assert ended.exit_code == ExitCode.TRY_AGAIN, ended.output
    assert ended.stderr.count("\n") == 2
    assert "the same command resumes" in ended.stderr
    (small_disk / "ballast").unlink()
    assert CliRunner().invoke(app, words).exit_code in (0, 1)
    _fill(small_disk / "ballast")
    assert [row.state for row in read_rows(small_disk / "out")] == ["done"]


def test_on_a_read_only_card_a_batch_stops_resumable_and_its_results_are_read(
    slides: Path, small_disk: Path
) -> None:
    (slides / "slide-0.png").rename(slides.parent / "one.png")
    out, words = small_disk / "out", ["batch", str(slides.parent / "one.png"), "-o"]
    assert CliRunner().invoke(app, [*words, str(out)]).exit_code in (0, 1)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for folder in (out, small_disk / "new"):
        ended = CliRunner().invoke(app, [*words, str(folder), "--storage-wait", "0.2"])
        assert ended.exit_code == ExitCode.TRY_AGAIN, ended.output
        assert "Read-only file system" in ended.stderr
    shown = CliRunner().invoke(app, ["status", str(out)])
    assert shown.exit_code == 0, shown.output
    assert "1 slides: " in shown.stdout


def test_a_folder_that_this_user_may_not_write_is_no_reason_to_wait(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    refused = OutputError("refused")
    refused.__cause__ = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    full = OutputError("full")
    full.__cause__ = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    away = OSError(errno.ESTALE, os.strerror(errno.ESTALE))
    assert [may_pass(error, tmp_path) for error in (refused, full, away)] == [False, True, True]
    words = ["batch", str(tmp_path), "-o", str(tmp_path / "a file" / "out")]
    ended = CliRunner().invoke(app, words)
    assert (ended.exit_code, ended.stderr.count("\n")) == (ExitCode.FAILED, 1)


def test_a_disk_that_stays_full_ends_in_a_clean_stop_and_the_same_command_resumes(
    slides: Path, small_disk: Path, tmp_path: Path
) -> None:
    assert Chaos(slides, workers=2).run(tmp_path / "whole") == 0
    whole = sum(path.stat().st_blocks * 512 for path in (tmp_path / "whole").rglob("*"))
    out, ballast = small_disk / "out", small_disk / "ballast"
    ballast.write_bytes(bytes(DISK_BYTES - whole // 2))
    words = ["batch", str(slides), "-o", str(out), "--workers", "2", "--storage-wait", "1"]
    command = [sys.executable, "-c", "from pipeline.cli.app import main; main()", *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == ExitCode.TRY_AGAIN, ended.stderr
    assert "the same command resumes" in ended.stderr.splitlines()[-1]
    done = {row.slide for row in read_rows(out) if row.state == "done"}
    assert 0 < len(done) < SLIDES
    counted = {name: (out / name / "summary.json").stat().st_mtime_ns for name in done}
    ballast.unlink()
    assert subprocess.run(command, capture_output=True, timeout=120, check=False).returncode == 0
    assert differences(out, tmp_path / "whole") == []
    assert counted == {name: (out / name / "summary.json").stat().st_mtime_ns for name in done}
