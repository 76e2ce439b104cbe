"""Many slides are counted one by one; one that fails does not stop the others."""

import csv
import json
from pathlib import Path

import cv2
import pytest

from pipeline import batch as batch_module
from pipeline.batch import count_and_write, count_slides
from pipeline.errors import InputError, OutputExistsError
from pipeline.output.outcome import SlideOutcome
from pipeline.settings import CountSettings
from tests.pipeline.counting.made_up_counts import HEIGHT, WIDTH, count_made_up, write_photo

SETTINGS = CountSettings()


@pytest.fixture(autouse=True)
def _made_up_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "count_slide", count_made_up)


def _rows(out: Path) -> list[dict[str, str]]:
    with (out / "slides.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


def _names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_slide_is_counted_and_written_with_its_overlay(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "film.png")
    seen: list[tuple[int, int, int]] = []
    result, folder = count_and_write(
        source, tmp_path / "out", SETTINGS, progress=lambda *told: seen.append(told)
    )
    assert folder == tmp_path / "out" / "film"
    assert _names(folder) == ["cells.csv", "overlay.jpg", "report.html", "run.json", "summary.json"]
    assert json.loads((folder / "summary.json").read_text())["infected"] == result.summary.infected == 2
    assert seen == [(1, 2, 3), (2, 2, 7)]
    overlay = cv2.imread(str(folder / "overlay.jpg"))
    assert overlay is not None
    assert overlay.shape[1] == 4 * WIDTH
    assert overlay.shape[0] > 4 * HEIGHT


def test_a_slide_of_many_fields_has_an_overlay_for_each_and_a_contact_sheet(tmp_path: Path) -> None:
    for name in ("field 1.png", "field 2.png"):
        write_photo(tmp_path / "slide" / name)
    result, folder = count_and_write(tmp_path / "slide", tmp_path / "out", SETTINGS)
    assert [field.name for field in result.summary.fields] == ["field 1", "field 2"]
    assert _names(folder) == [
        "cells.csv", "overlay.jpg", "overlays", "overlays/field 1.jpg", "overlays/field 2.jpg",
        "report.html", "run.json", "summary.json",
    ]  # fmt: skip
    sheet = cv2.imread(str(folder / "overlay.jpg"))
    assert sheet is not None
    assert sheet.shape[1] == 2 * 1400


def test_progress_tells_which_slide_it_is_of(tmp_path: Path) -> None:
    sources = [write_photo(tmp_path / f"{name}.png") for name in ("one", "two")]
    seen: list[tuple[Path, int, int, int]] = []
    list(count_slides(sources, tmp_path / "out", SETTINGS, progress=lambda *told: seen.append(told)))
    assert seen == [(source, *told) for source in sources for told in ((1, 2, 3), (2, 2, 7))]


def test_an_earlier_result_fails_its_slide_before_it_is_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = write_photo(tmp_path / "film.png")
    list(count_slides([source], tmp_path / "out", SETTINGS))
    monkeypatch.setattr(batch_module, "count_slide", lambda *_: pytest.fail("counted for nothing"))
    with pytest.raises(OutputExistsError):
        count_and_write(source, tmp_path / "out", SETTINGS)


def test_an_earlier_result_is_replaced_where_that_was_asked_for(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "film.png")
    list(count_slides([source], tmp_path / "out", SETTINGS))
    (outcome,) = count_slides([source], tmp_path / "out", SETTINGS)
    assert outcome.error is not None
    assert "already" in outcome.error
    (outcome,) = count_slides([source], tmp_path / "out", SETTINGS, overwrite=True)
    assert outcome.state == "done"


def test_the_folder_of_the_photos_is_never_replaced_by_its_result(tmp_path: Path) -> None:
    write_photo(tmp_path / "slide" / "field.png")
    (outcome,) = count_slides([tmp_path / "slide"], tmp_path, SETTINGS, overwrite=True)
    assert outcome.error is not None
    assert "holds more than an earlier result" in outcome.error
    assert (tmp_path / "slide" / "field.png").is_file()


@pytest.mark.parametrize(
    "names", [("a/film.png", "b/film.jpg"), ("film.png", "FILM.jpg"), ("x.png", "x.png")]
)
def test_two_slides_of_one_name_are_refused_before_anything_is_counted(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    with pytest.raises(InputError, match="would both be written as"):
        count_slides([tmp_path / name for name in names], tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out").exists()


def test_the_overlay_of_a_damaged_photo_is_grey_where_it_cannot_be_read(tmp_path: Path) -> None:
    from pipeline.output.overlay import overlays

    source = write_photo(tmp_path / "partial.png")
    result = count_made_up(source, SETTINGS)
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    ((name, picture),) = overlays(source, result)
    assert name == "overlay.jpg"
    assert (picture[4 * HEIGHT - 5, 4 * WIDTH - 5] == 128).all()


def test_the_marks_of_a_slide_that_went_away_are_drawn_on_grey(tmp_path: Path) -> None:
    from pipeline.output.overlay import overlays

    source = write_photo(tmp_path / "film.png")
    result = count_made_up(source, SETTINGS)
    ((_, before),) = overlays(source, result)
    source.unlink()
    ((name, picture),) = overlays(source, result)
    assert name == "overlay.jpg"
    assert picture.shape == before.shape
    assert (picture[4 * HEIGHT - 5, 4 * WIDTH - 5] == 128).all()
    assert (picture == before).all(axis=2).mean() > 0.02  # the legend, and what is drawn over the cells


def test_an_outcome_tells_why_a_slide_is_refused(tmp_path: Path) -> None:
    outcome = SlideOutcome(slide="a", source=tmp_path, folder=None, summary=None, error="broken")
    assert (outcome.state, outcome.refusal) == ("failed", None)
