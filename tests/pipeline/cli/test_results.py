"""The commands on finished results: the report and the exports."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipeline import batch as batch_module
from pipeline.cli.app import app
from tests.pipeline.counting.made_up_counts import count_made_up, write_photo

NAME = "Jane Doe"


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The result of a photo that was counted with a sample and a note."""
    monkeypatch.setattr(batch_module, "count_slide", count_made_up)
    photo = write_photo(tmp_path / "film.png")
    done = run(
        "count", photo, "-o", tmp_path / "out", "--sample", "2026-0417", "--note", "ward = 3", "--no-report"
    )
    assert done.exit_code == 0, done.output
    return tmp_path / "out" / "film"


def test_export_writes_each_form_and_prints_its_path(counted: Path, tmp_path: Path) -> None:
    done = run("export", counted, "--to", "geojson, coco,fhir", "-o", tmp_path / "forms", "--sample", "17")
    assert done.exit_code == 0, done.output
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert [path.name for path in paths] == ["cells.geojson", "coco.json", "fhir.json"]
    assert len(json.loads(paths[0].read_text())["features"]) == 7
    assert '"value": "17"' in paths[2].read_text()


def test_export_of_an_unknown_form_or_of_no_result_is_one_line(counted: Path, tmp_path: Path) -> None:
    for words, code in (((counted, "--to", "pdf"), 2), ((tmp_path, "--to", "coco"), 1)):
        done = run("export", *words)
        assert done.exit_code == code
        (line,) = done.stderr.splitlines()
        assert line.startswith("smearcount: ")


def test_a_report_is_made_later_with_other_words_at_its_head(counted: Path) -> None:
    assert not (counted / "report.html").exists()
    done = run("report", counted, "--note", "bed=7", "--pictures", "small")
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(counted / "report.html")
    page = (counted / "report.html").read_text(encoding="utf-8")
    assert "<bdi>bed</bdi>" in page
    assert "ward" not in page


def test_what_a_note_says_is_in_no_message(counted: Path) -> None:
    done = run("report", counted, "--note", NAME)
    assert done.exit_code == 2
    assert "KEY=VALUE" in done.output
    assert NAME not in done.output
    done = run("report", counted, "--sample", NAME, "--note", f"name={NAME}")
    assert done.exit_code == 0
    assert NAME not in done.output


def test_a_size_of_pictures_that_does_not_exist_is_wrong_usage(counted: Path) -> None:
    done = run("report", counted, "--pictures", "huge")
    assert done.exit_code == 2
    assert "full or small" in done.output
