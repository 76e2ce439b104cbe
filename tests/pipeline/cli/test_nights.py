"""`status` and `merge`: where a night stands, while it runs too, and several nights as one table."""

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline.cli.app import app
from pipeline.jobs.identity import ResultKey
from pipeline.jobs.lock import hold
from pipeline.jobs.rows import ledger_path, read_rows
from pipeline.jobs.schema import open_database
from pipeline.jobs.slide_ledger import SlideLedger

KEY = ResultKey(pixels="1", settings="2", models="3")
FIGURES = {
    "verdict": "parasites seen",
    "counted": 6000,
    "infected": 120,
    "parasitaemia": 0.02,
    "low": 0.0168,
    "high": 0.0239,
    "detected": 6100,
    "seconds": 30.0,
    "cpu_seconds": 12.2,
    "codes": ["scale_estimated"],
}


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A results folder with a slide counted, one failed, one being counted, one waiting."""
    ledger_path(tmp_path).parent.mkdir()
    ledger = SlideLedger(ledger_path(tmp_path))
    for slide in ("counted", "broken\x1b[31m", "under way", "waiting"):
        ledger.enlist(slide, f"slides/{slide}", size=1000, um_per_px=None, extra={})
    ledger.begin("counted", KEY, None)
    ledger.finish("counted", "done", "counted", FIGURES)
    ledger.begin("broken\x1b[31m", KEY, None)
    ledger.fail("broken\x1b[31m", "cut off; expected a whole file; copy it again")
    ledger.begin("under way", KEY, None)
    ledger.progress("under way", 5, 10)
    ledger.close()
    return tmp_path


def test_status_shows_every_slide_failed_ones_first_then_the_sums(night):
    result = run("status", night)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    order = [line.split("  ")[0] for line in lines[1:5]]
    assert order == ["broken\\x1b[31m", "counted", "under way", "waiting"]
    assert lines[1].endswith("cut off; expected a whole file; copy it again")
    assert "2.0% (1.7% to 2.4%)" in lines[2] and "6,000" in lines[2]
    assert "being counted, 5 of 10 parts" in lines[3]
    assert "4 slides: 1 failed, 1 parasites seen, 1 being counted, 1 waiting" in lines
    assert "6,000 red cells in 30.0 s, 2.00 CPU s for 1,000 cells, about 45.0 s left" in lines
    assert any("--retry-failed" in line for line in lines)


def test_status_says_whether_a_run_is_at_it(night):
    assert "no run is at it" in run("status", night).stdout
    with hold(night):
        assert "being counted by process" in run("status", night).stdout
        assert json.loads(run("status", night, "--json").stdout)["running"]["pid"] > 0


def test_counting_into_a_folder_that_a_run_holds_is_to_be_tried_again_later(night):
    (night / "photo.png").touch()
    with hold(night):
        ended = run("count", night / "photo.png", "-o", night)
    assert ended.exit_code == 75
    assert "is held by process" in ended.stderr and ended.stderr.count("\n") == 1


def test_status_as_json_tells_all_that_the_ledger_knows(night):
    told = json.loads(run("status", night, "--json").stdout)
    assert told["running"] is None
    assert told["totals"]["slides"] == 4 and told["totals"]["remaining"] == 2
    assert [slide["kind"] for slide in told["slides"]] == ["failed", "seen", "running", "queued"]
    assert told["slides"][1]["infected"] == 120 and told["slides"][1]["result"] == "counted"


def test_status_changes_nothing(night):
    before = read_rows(night)
    run("status", night)
    assert read_rows(night) == before


def test_status_of_a_folder_without_a_batch_is_one_line(tmp_path):
    result = run("status", tmp_path)
    assert result.exit_code == 1
    assert "holds no ledger" in result.stderr and result.stderr.count("\n") == 1


def test_status_of_a_thousand_slides_is_quick(night):
    columns = "state, bytes, attempts, result, figures, created_utc, updated_utc"
    with closing(open_database(ledger_path(night))) as connection:
        connection.execute(
            "WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more WHERE n < 1000) "
            f"INSERT INTO slides (slide, source, {columns}) "
            f"SELECT 'slide-' || n, n, {columns} FROM slides, more WHERE slide = 'counted'"
        )
    with hold(night):
        run("status", night)  # what is imported once is the start, not the work
        began = time.process_time()
        result = run("status", night)
        took_s = time.process_time() - began
    assert result.stdout.count("slide-") == 1000
    assert took_s < 0.5  # measured: 0.06 s; the goal of 0.2 s is for a machine with nothing else to do


def test_merge_writes_one_table_and_says_what_it_left_out(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "slides.csv").write_text("slide,source,state\na,s/a,done\n", encoding="utf-8")
    result = run("merge", tmp_path / "one", tmp_path / "two", "-o", tmp_path / "all.csv")
    assert result.exit_code == 0
    assert "1 slides of 2 folders" in result.stdout
    assert "is kept" in result.stderr
    assert (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()[0] == "night,slide,source,state"


def test_status_starts_without_what_takes_half_of_200_ms(night):
    code = (
        f"import sys; sys.argv = ['smearcount', 'status', {str(night)!r}]\n"
        "from pipeline.cli.app import main\n"
        "try: main()\n"
        "finally: print('loaded:', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    shown, _, loaded = done.stdout.partition("loaded:")
    assert "4 slides: 1 failed" in shown
    assert not {"pydantic", "rich.console", "pipeline.cli.count", "cv2", "numpy"} & set(loaded.split())
