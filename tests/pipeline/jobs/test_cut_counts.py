"""Wherever a count is cut short, or its disk is full, the same command ends as an undisturbed one does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("how", ["kill", "full"])
def test_a_count_cut_short_at_any_change_is_made_good_by_the_same_command(tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-m", "tests.pipeline.jobs.cut_counts", str(tmp_path), how]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["cut"] > 25  # each a change to the disk before which it was cut short
    assert found["faults"] == []
