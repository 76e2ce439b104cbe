"""Bad slides fail alone, each with a reason of its own, and keep no good slide from its result."""

import subprocess
import sys
from pathlib import Path

from pipeline.jobs.rows import read_rows
from tests.pipeline.jobs.bad_slides import make_bad_slides, without_privileges
from tests.pipeline.jobs.drawn_slides import draw

LIMIT_S = 600
"""Longer than a slide takes on a busy machine; one that is ended for it gives that as its reason."""


def test_six_bad_slides_of_ten_fail_with_six_reasons_and_the_others_are_counted(tmp_path: Path) -> None:
    slides, out = tmp_path / "slides", tmp_path / "out"
    good = [draw(slides / f"good-{seed}" / "field.png", seed).parent.name for seed in range(4)]
    reasons = make_bad_slides(slides)
    before = without_privileges()
    if before is None:  # nothing can be kept from this user
        (slides / "forbidden" / "field.png").chmod(0o600)
        good.append("forbidden")
        del reasons["forbidden"]
    command = [*(before or []), sys.executable, "-c", "from pipeline.cli.app import main; main()", "batch"]
    limits = ["--time-limit", str(LIMIT_S), "--workers", "2", "--quiet"]
    ended = subprocess.run([*command, str(slides), "-o", str(out), *limits], timeout=4 * LIMIT_S, check=False)
    assert ended.returncode == 1
    rows = {row.slide: row for row in read_rows(out)}
    assert {name for name, row in rows.items() if row.state == "done"} == set(good)
    told = {name: row.error or "" for name, row in rows.items() if row.state == "failed"}
    assert told.keys() == reasons.keys()
    for name, reason in reasons.items():
        assert reason in told[name], told[name]
        assert "\n" not in told[name]
        assert rows[name].attempts <= 1  # a slide that is bad is not tried again
    assert len(set(told.values())) == len(reasons)
