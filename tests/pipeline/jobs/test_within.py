"""A few slides are counted within a budget: one that takes too much, or ends its worker, fails alone."""

import os
import signal
import time
from pathlib import Path

import pytest

from pipeline.files import staging_place
from pipeline.jobs.counted import SlideTask
from pipeline.jobs.running import isolated
from pipeline.jobs.running.within import count_within, free_places
from pipeline.settings import BatchSettings, CountSettings, Progress
from tests.pipeline.cli.fake_counts import count_by_name
from tests.pipeline.counting.sample_summary import SUMMARY

LIMITS = BatchSettings()
BEGUN = "begun"
LONG_S = 600.0


def count_or_worse(task: SlideTask, progress: Progress | None) -> Path:
    """Counts a slide by name; one dies once, one each time, and one never ends."""
    begun = task.source.with_name(f"{task.slide}.{BEGUN}")
    if task.slide.startswith(("dies", "sleeps")) and not (task.slide == "dies once" and begun.exists()):
        staging_place(task.out).mkdir()  # as a count that is cut short leaves it
    if task.slide.startswith("sleeps"):
        begun.write_text(str(os.getpid()))
        time.sleep(LONG_S)
    if task.slide.startswith("dies") and not (task.slide == "dies once" and begun.exists()):
        begun.touch()
        os.kill(os.getpid(), signal.SIGSEGV)
    if task.slide.startswith("eats"):
        raise MemoryError
    return count_by_name(task, progress)


def _sources(folder: Path, *names: str) -> list[Path]:
    folder.mkdir()
    sources = [folder / f"{name}.png" for name in names]
    for source in sources:
        source.write_bytes(b"pixels")
    return sources


def test_a_slide_that_takes_too_much_or_dies_fails_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = _sources(tmp_path / "in", "a", "dies", "dies once", "eats", "refuses", "sleeps", "z")

    def passed(pid: int | None, began_s: float, **limits: float) -> str | None:
        assert limits == {"memory_limit_mb": 4000, "time_limit_s": 3600}
        sleeper = tmp_path / "in" / f"sleeps.{BEGUN}"
        return "time" if sleeper.exists() and sleeper.read_text() == str(pid) else None

    monkeypatch.setattr(isolated, "exceeded", passed)
    (tmp_path / "out").mkdir()
    settings = CountSettings(workers=2)
    found = {
        outcome.slide: outcome
        for outcome in count_within(sources, tmp_path / "out", settings, LIMITS, count=count_or_worse)
    }
    assert {name for name, outcome in found.items() if outcome.state == "done"} == {"a", "dies once", "z"}
    told = {name: outcome.error for name, outcome in found.items() if outcome.error is not None}
    took = f"{sources[5]} took longer than 60 minutes, the limit for one slide; raise --time-limit, or hand"
    assert told.keys() == {"dies", "eats", "refuses", "sleeps"}
    assert told["sleeps"].startswith(took)
    assert "raise --memory-limit" in told["eats"]
    assert told["dies"] == f"{sources[1]}: its worker process was ended by signal 11; is memory short?"
    assert "holds not one cell" in told["refuses"]
    assert not any("--retry-failed" in text for text in told.values())  # which `count` does not know
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", "dies once", "z"}


def test_progress_is_told_and_a_result_that_is_there_is_kept(tmp_path: Path) -> None:
    sources, out = _sources(tmp_path / "in", "a", "b"), tmp_path / "out"
    assert free_places(sources, out, overwrite=False) == (sources, [])
    seen: list[tuple[Path, int, int]] = []

    def progress(slide: Path, done: int, total: int, cells: int) -> None:
        seen.append((slide, done, total))

    found = list(count_within(sources, out, CountSettings(), LIMITS, progress=progress, count=count_by_name))
    assert [outcome.summary and outcome.summary.detected for outcome in found] == [SUMMARY.detected] * 2
    assert seen[0] == (sources[0], 1, 4)
    free, refused = free_places(sources, out, overwrite=False)
    assert free == []
    assert all("a result is there already; pass --overwrite" in (one.error or "") for one in refused)
    assert free_places(sources, out, overwrite=True) == (sources, [])
