"""A batch survives what a night brings: kills, crashes, bad slides, signals, a full disk."""

import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.chaos import Chaos, differences
from pipeline.cli.app import app
from pipeline.errors import InputError
from pipeline.jobs import batch
from pipeline.jobs.batch import BatchEnd, BatchOrder, run_batch
from pipeline.jobs.counted import SlideTask, count_named
from pipeline.jobs.intake import read_listing
from pipeline.jobs.lock import HeldError, hold
from pipeline.jobs.rows import read_rows
from pipeline.jobs.running import isolated
from pipeline.jobs.running.budget import exceeded
from pipeline.jobs.running.progress import NightEvent
from pipeline.jobs.running.stopping import Stop
from pipeline.jobs.running.storage import StorageError
from pipeline.output.slides_csv import write_slides_csv
from pipeline.settings import BatchSettings, CountSettings, Progress
from tests.pipeline.jobs.drawn_slides import draw

LONG_S = 600.0
LIMITS = BatchSettings(retry_pause_s=0.1, storage_wait_s=1.5)


def dies_on_bad(task: SlideTask, progress: Progress | None) -> Path:
    """Counts slides but for those whose name asks for something worse."""
    if task.slide.startswith("dies"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if task.slide.startswith("sleeps"):
        task.source.with_suffix(".begun").write_text(str(os.getpid()))
        time.sleep(LONG_S)
    if task.slide.startswith("eats"):
        eaten = []
        while True:
            eaten.append(bytes(50_000_000))
    return count_named(task, progress)


def _batch(given: Path | list[Path], out: Path, **asked: Any) -> tuple[BatchEnd, list[NightEvent]]:
    events: list[NightEvent] = []
    count = asked.pop("count", count_named)
    paths = tuple(given) if isinstance(given, list) else (given,)
    order = BatchOrder(given=paths, out=out, settings=CountSettings(), limits=LIMITS)
    end = run_batch(replace(order, **asked), events.append, Stop(), writers=(write_slides_csv,), count=count)
    return end, events


def _states(out: Path) -> dict[str, str]:
    return {row.slide: row.state for row in read_rows(out)}


def test_a_batch_that_is_killed_three_times_leaves_what_an_undisturbed_one_does(tmp_path: Path) -> None:
    slides = tmp_path / "slides"
    for seed in range(5):
        draw(slides / f"slide-{seed}" / "field.png", seed)
    (slides / "slide-9").mkdir()
    chaos = Chaos(slides, workers=2)
    assert chaos.run(tmp_path / "whole") == 1  # the empty folder failed
    killed = list(chaos.kill_again_and_again(tmp_path / "cut", 3, 4.0, seed=1))
    assert len(killed) == 3
    assert differences(tmp_path / "cut", tmp_path / "whole") == []
    assert len(read_rows(tmp_path / "cut")) == 6


def test_a_slide_that_crashes_its_worker_fails_alone_after_three_tries(tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "dies", "z")):
        draw(tmp_path / "in" / f"{name}.png", seed)
    end, events = _batch(tmp_path / "in", tmp_path / "out", count=dies_on_bad)
    assert _states(tmp_path / "out") == {"a": "done", "dies": "failed", "z": "done"}
    row = next(row for row in end.rows if row.slide == "dies")
    assert row.attempts == 3
    assert row.error is not None
    assert "signal 11" in row.error
    assert "tried 3 times" in row.error
    assert sum(event.kind == "warning" for event in events) == 2


def test_a_slide_over_its_time_or_memory_fails_alone_with_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def passed(pid: int | None, began_s: float, *, memory_limit_mb: float, time_limit_s: float) -> str | None:
        assert time_limit_s == 3600
        sleeper = tmp_path / "in" / "sleeps.begun"
        if sleeper.exists() and sleeper.read_text() == str(pid):
            return "time"
        return exceeded(pid, began_s, memory_limit_mb=memory_limit_mb, time_limit_s=LONG_S)

    monkeypatch.setattr(isolated, "exceeded", passed)
    for seed, name in enumerate(("eats", "sleeps", "z")):
        draw(tmp_path / "in" / f"{name}.png", seed)
    limits = replace(LIMITS, memory_limit_mb=700)
    _batch(tmp_path / "in", tmp_path / "out", count=dies_on_bad, limits=limits)
    rows = {row.slide: row for row in read_rows(tmp_path / "out")}
    assert {name: row.state for name, row in rows.items()} == {
        "eats": "failed",
        "sleeps": "failed",
        "z": "done",
    }
    assert "took longer than 60 minutes, the limit for one slide" in (rows["sleeps"].error or "")
    assert "memory" in (rows["eats"].error or "")
    for name in ("eats", "sleeps"):
        assert (rows[name].error or "").endswith("; pass --retry-failed to count it then")


def test_the_same_pixels_are_counted_once_unless_asked_otherwise(tmp_path: Path) -> None:
    source = draw(tmp_path / "in" / "a.png", 1)
    (tmp_path / "in" / "b.png").write_bytes(source.read_bytes())
    _batch(tmp_path / "in", tmp_path / "out")
    rows = {row.slide: row for row in read_rows(tmp_path / "out")}
    assert (rows["a"].state, rows["b"].state, rows["b"].result) == ("done", "passed_over", "a")
    assert not (tmp_path / "out" / "b").exists()
    _batch(tmp_path / "in", tmp_path / "out", recount=True)
    assert _states(tmp_path / "out") == {"a": "done", "b": "done"}


def test_changed_settings_count_again_and_keep_the_old_result_beside(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "a.png", 1)
    _batch(tmp_path / "in", tmp_path / "out")
    before = (tmp_path / "out/a/summary.json").read_bytes()
    stamp = (tmp_path / "out/a/summary.json").stat().st_mtime_ns
    _batch(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out/a/summary.json").stat().st_mtime_ns == stamp  # not counted again
    _batch(tmp_path / "in", tmp_path / "out", settings=CountSettings(um_per_px=0.2))
    assert (tmp_path / "out/a~1/summary.json").read_bytes() == before
    assert '"um_per_px": 0.2' in (tmp_path / "out/a/summary.json").read_text()
    assert _states(tmp_path / "out") == {"a": "done"}


def test_a_table_gives_names_scales_and_further_columns(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "a.png", 1)
    draw(tmp_path / "in" / "b.png", 2)
    table = tmp_path / "in" / "list.csv"
    table.write_text("path,slide,patient,um_per_px,ward\na.png,first,P1,0.15,North\n")
    _batch(tmp_path / "in", tmp_path / "out", listing=tuple(read_listing(table)))
    assert set(_states(tmp_path / "out")) == {"first", "b"}
    assert '"um_per_px": 0.15' in (tmp_path / "out/first/summary.json").read_text()
    assert (tmp_path / "out/first/cells.csv").read_text().splitlines()[1].startswith("first,")
    with (tmp_path / "out/slides.csv").open(newline="") as handle:
        rows = {row["slide"]: row for row in csv.DictReader(handle)}
    assert (rows["first"]["patient"], rows["first"]["ward"], rows["b"]["ward"]) == ("P1", "North", "")


def test_a_table_gives_samples_and_red_cells_and_an_option_how_many_fields(tmp_path: Path) -> None:
    for seed in range(2):
        draw(tmp_path / "in" / "a" / f"{seed}.png", seed)
    draw(tmp_path / "in" / "b.png", 2)
    table = tmp_path / "list.csv"
    table.write_text("path;sample;rbc_per_ul\nin/a;2026-0417;4000000\nin/b.png;;\n")
    words = ["batch", "-o", str(tmp_path / "out"), "--slides", str(table), "--fields", "1", "--quiet"]
    ended = CliRunner().invoke(app, words)
    assert ended.exit_code in (0, 1), ended.output  # so few cells may be refused
    runs = {name: json.loads((tmp_path / "out" / name / "run.json").read_text()) for name in "ab"}
    assert [runs[name]["settings"]["report"]["sample"] for name in "ab"] == ["2026-0417", ""]
    assert [runs[name]["settings"]["red_cells_per_ul"] for name in "ab"] == [4_000_000, None]
    fields = json.loads((tmp_path / "out/a/summary.json").read_text())["fields"]
    assert ["not_reached" in field["area_mm2"] for field in fields] == [False, True]
    assert "2026-0417" in (tmp_path / "out/a/report.html").read_text()
    with (tmp_path / "out/slides.csv").open(newline="") as handle:
        assert [row["sample"] for row in csv.DictReader(handle)] == ["2026-0417", ""]
    assert "2026-0417" not in ended.output


def test_a_failed_slide_is_counted_again_only_when_asked_for_or_mended(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "dies.png", 1)
    _batch(tmp_path / "in", tmp_path / "out", count=dies_on_bad)
    end, _ = _batch(tmp_path / "in", tmp_path / "out")
    assert [row.state for row in end.rows] == ["failed"]
    end, _ = _batch(tmp_path / "in", tmp_path / "out", retry_failed=True)
    assert [row.state for row in end.rows] == ["done"]


def test_a_result_that_was_in_place_when_the_power_went_is_adopted(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "a.png", 1)
    _batch(tmp_path / "in", tmp_path / "out")
    stamp = (tmp_path / "out/a/summary.json").stat().st_mtime_ns
    for file in (tmp_path / "out/.smearcount-batch").iterdir():
        file.unlink()
    _batch(tmp_path / "in", tmp_path / "out")
    assert _states(tmp_path / "out") == {"a": "done"}
    assert (tmp_path / "out/a/summary.json").stat().st_mtime_ns == stamp


def test_a_slide_without_a_result_whose_files_are_gone_is_asked_for_no_more(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "good" / "a.png", 1)
    for name in ("empty", "empty too", "deep/broken"):
        (tmp_path / "in" / name).mkdir(parents=True)
    (tmp_path / "in/deep/broken/b.png").touch()
    (tmp_path / "in/elsewhere.svs").touch()
    end, _ = _batch(tmp_path / "in", tmp_path / "out")
    assert sum(row.state == "failed" for row in end.rows) == 4
    shutil.rmtree(tmp_path / "in/deep")
    draw(tmp_path / "in" / "empty too" / "of a day" / "a.png", 2)  # it was no slide but a folder of slides
    end, events = _batch(tmp_path / "in", tmp_path / "out")
    assert _states(tmp_path / "out") == {
        "good": "done",
        "empty": "failed",
        "elsewhere": "failed",
        "of a day": "done",
    }
    assert {event.text.split(":")[0] for event in events if "taken off" in event.text} == {
        "broken",
        "empty too",
    }
    for path in (tmp_path / "in").iterdir():
        path.rename(tmp_path / path.name)
    end, _ = _batch(tmp_path / "in", tmp_path / "out")
    assert len(end.rows) == 4  # a disk that is away shows a folder without anything
    (tmp_path / "in/other").mkdir()
    end, _ = _batch(tmp_path / "in/other", tmp_path / "out")
    assert "elsewhere" not in {row.slide for row in end.rows}


def test_where_there_is_nothing_to_count_a_line_says_so(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/notes.txt").touch()
    end, events = _batch(tmp_path / "in", tmp_path / "out")
    assert not list(end.rows)
    assert [event.text.split(";")[0] for event in events if event.kind == "warning"] == [
        f"no slide in {tmp_path / 'in'}"
    ]


def test_a_path_that_cannot_be_looked_at_fails_alone_and_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(tmp_path / "in" / "a.png", 1)
    draw(tmp_path / "in" / "closed" / "b.png", 2)
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "in" / "pipe.svs")
    (tmp_path / "circle.png").symlink_to("circle.png")
    looked, seen = Path.stat, Path.is_dir

    def no_search(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(path: Path, **how: Any) -> Any:
            if path.parent.name == "closed":
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return ask(path, **how)

        return asked

    monkeypatch.setattr(Path, "stat", no_search(looked))
    monkeypatch.setattr(Path, "is_dir", no_search(seen))
    odd = [tmp_path / ("v" * 300), tmp_path / "pipe.png", tmp_path / "circle.png"]
    end, events = _batch([tmp_path / "in", *odd], tmp_path / "out")
    assert [event.text for event in events if event.kind == "warning"] == []
    failed = {Path(row.source).name[:6]: row.error for row in end.rows if row.state == "failed"}
    assert set(failed) == {"vvvvvv", "pipe.p", "pipe.s", "circle", "closed"}
    assert all(error and "expected" in error for error in failed.values()), failed
    assert [row.slide for row in end.rows if row.state == "done"] == ["in"]


def test_results_do_not_go_into_the_very_folder_of_the_slides(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "a.png", 1)
    with pytest.raises(InputError, match="choose another -o"):
        _batch(tmp_path / "in", tmp_path / "in" / ".." / "in")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.png"]


def test_a_second_run_says_who_holds_the_folder(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "a.png", 1)
    with hold(tmp_path / "out"), pytest.raises(HeldError, match=f"held by process {os.getpid()} on .*since"):
        _batch(tmp_path / "in", tmp_path / "out")


def test_a_results_folder_that_goes_away_ends_in_a_clean_stop(tmp_path: Path) -> None:
    for seed in range(3):
        draw(tmp_path / "in" / f"{seed}.png", seed)
    moved: list[Path] = []

    def tell(event: NightEvent) -> None:
        if event.kind == "slide" and not moved:
            moved.append((tmp_path / "out").rename(tmp_path / "away"))

    order = BatchOrder(
        given=(tmp_path / "in",), out=tmp_path / "out", settings=CountSettings(), limits=LIMITS
    )
    with pytest.raises(StorageError, match="the same command resumes"):
        run_batch(order, tell, Stop())
    (tmp_path / "away").rename(tmp_path / "out")
    end, _ = _batch(tmp_path / "in", tmp_path / "out")
    assert [row.state for row in end.rows] == ["done"] * 3


def test_a_slide_in_hand_that_takes_too_long_to_stop_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "_GRACE_S", 0.5)
    draw(tmp_path / "in" / "sleeps.png", 1)
    stop = Stop()

    def tell(event: NightEvent) -> None:
        if (tmp_path / "in" / "sleeps.begun").exists():
            stop.by = stop.by or signal.SIGTERM

    order = BatchOrder(given=(tmp_path / "in",), out=tmp_path / "out", settings=CountSettings())
    end = run_batch(order, tell, stop, count=dies_on_bad)  # comes to an end though the slide does not
    assert not end.is_settled
    assert [(row.state, row.attempts) for row in end.rows] == [("queued", 0)]


def test_sigterm_stops_a_batch_in_order_and_the_same_command_resumes(tmp_path: Path) -> None:
    for seed in range(30):
        draw(tmp_path / "in" / f"{seed:02d}.png", seed)
    command = [
        sys.executable,
        "-c",
        "from pipeline.cli.app import main; main()",
        "batch",
        str(tmp_path / "in"),
    ]
    command += ["-o", str(tmp_path / "out"), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    ends_s = time.monotonic() + LONG_S
    while not list((tmp_path / "out").glob("*/summary.json")) and time.monotonic() < ends_s:
        time.sleep(0.05)
    process.terminate()
    _, told = process.communicate(timeout=LONG_S)
    assert process.returncode == 143
    assert "a second signal stops at once" in told
    assert "the same command resumes it" in told
    states = list(_states(tmp_path / "out").values())
    assert "done" in states
    assert "running" not in states
    assert (tmp_path / "out/slides.csv").is_file()


def test_what_a_killed_run_left_half_written_is_gone_after_the_next(tmp_path: Path) -> None:
    draw(tmp_path / "in" / "a.png", 1)
    _batch(tmp_path / "in", tmp_path / "out")
    with hold(tmp_path / "out"):
        holder = (tmp_path / "out/.smearcount-batch/holder.json").read_bytes()
    half = tmp_path / "out/.smearcount-0123456789ab"
    (half / "overlays").mkdir(parents=True)
    tiles = tmp_path / "out/.smearcount-a.tiles"
    tiles.write_bytes(b"tiles")
    _batch(tmp_path / "in", tmp_path / "out")
    assert half.exists()  # no run was cut short: a count may be writing it
    (tmp_path / "out/.smearcount-batch/holder.json").write_bytes(holder)
    _batch(tmp_path / "in", tmp_path / "out")
    assert not half.exists()
    assert tiles.exists()
