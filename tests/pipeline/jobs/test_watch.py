"""A watched folder gives a slide when its files stopped growing; a clock that is set back does no harm."""

import datetime as dates
import threading
import time
from pathlib import Path

import pytest

from pipeline.jobs import ledger, slide_ledger
from pipeline.jobs.batch import BatchOrder, run_batch
from pipeline.jobs.intake import ListedSlide
from pipeline.jobs.rows import read_rows
from pipeline.jobs.running.progress import NightEvent
from pipeline.jobs.running.stopping import Stop
from pipeline.jobs.running.watch import Settling
from pipeline.settings import BatchSettings, CountSettings
from tests.pipeline.jobs.drawn_slides import draw

SETTLE_S = 10.0


def test_a_file_that_grows_is_taken_once_it_has_stopped_and_again_after_a_change(tmp_path: Path) -> None:
    now = [100.0]
    settling = Settling(SETTLE_S, clock=lambda: now[0])
    slide = ListedSlide(source=tmp_path / "a.png")
    for size in range(1, 6):  # it grows for longer than it has to be still
        slide.source.write_bytes(bytes(size))
        assert settling.settled([slide]) == []
        now[0] += SETTLE_S / 2
    assert settling.settled([slide]) == []
    now[0] += SETTLE_S / 2
    assert settling.settled([slide]) == [slide]
    now[0] += 2 * SETTLE_S
    assert settling.settled([slide]) == []
    slide.source.write_bytes(bytes(9))
    assert settling.settled([slide]) == []
    now[0] += SETTLE_S
    assert settling.settled([slide]) == [slide]


def test_a_watched_slide_is_counted_only_after_its_last_bytes_came(tmp_path: Path) -> None:
    data = draw(tmp_path / "drawn.png", 1).read_bytes()
    (tmp_path / "in").mkdir()
    growing = tmp_path / "in" / "a.png"
    stop, whole_s, counted_s = Stop(), [0.0], [0.0]

    def scan() -> None:
        with growing.open("wb", buffering=0) as handle:
            for start in range(0, len(data), len(data) // 8 + 1):
                handle.write(data[start : start + len(data) // 8 + 1])
                whole_s[0] = time.monotonic()
                time.sleep(0.4)

    def tell(event: NightEvent) -> None:
        if event.kind == "slide":
            counted_s[0] = time.monotonic()
            stop.by = 15

    limits = BatchSettings(settle_s=1.5)
    order = BatchOrder(
        given=(tmp_path / "in",), out=tmp_path / "out", settings=CountSettings(), limits=limits, watch=True
    )
    scanner = threading.Thread(target=scan)
    scanner.start()
    run_batch(order, tell, stop)
    scanner.join()
    (row,) = read_rows(tmp_path / "out")
    assert (row.state, row.attempts) == ("done", 1)
    assert counted_s[0] - whole_s[0] >= limits.settle_s


def test_a_run_whose_clock_is_set_back_a_year_is_finished_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(3):
        draw(tmp_path / "in" / f"{seed}.png", seed)
    true_s, back_s = time.time, [0.0]

    class Clock(dates.datetime):
        @classmethod
        def now(cls, tz: dates.tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(time.time(), tz)

    monkeypatch.setattr(time, "time", lambda: true_s() - back_s[0])
    for module in (ledger, slide_ledger):
        monkeypatch.setattr(module, "datetime", Clock)

    def tell(event: NightEvent) -> None:
        if event.kind == "slide":
            back_s[0] = 365 * 86_400.0

    order = BatchOrder(given=(tmp_path / "in",), out=tmp_path / "out", settings=CountSettings())
    end = run_batch(order, tell, Stop())
    assert end.is_settled
    assert [row.state for row in end.rows] == ["done"] * 3
    stamps = [(tmp_path / "out" / row.slide / "summary.json").stat().st_mtime_ns for row in end.rows]
    draw(tmp_path / "in" / "3.png", 3)
    end = run_batch(order, tell, Stop())  # begins in the past
    assert [row.state for row in end.rows] == ["done"] * 4
    assert stamps == [
        (tmp_path / "out" / row.slide / "summary.json").stat().st_mtime_ns for row in list(end.rows)[:3]
    ]
