"""What a batch finds in the folders that it is handed."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import InputError
from pipeline.jobs.intake import find_slides, plain_path, read_listing
from pipeline.reader.slide import open_slide
from tests.pipeline.jobs.drawn_slides import draw
from tests.pipeline.reader.dicom_files import write_dicom_slide


def _found(given: Path, out: Path) -> tuple[set[str], int]:
    found = find_slides([given], out)
    return {slide.source.relative_to(given).as_posix() for slide in found.slides}, found.passed_over


def _write_dicom(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    picture = np.full((128, 128, 3), 200, np.uint8)
    write_dicom_slide(folder / "level-0.dcm", picture)


def test_folders_are_walked_and_what_is_no_picture_is_passed_over(tmp_path: Path) -> None:
    draw(tmp_path / "monday" / "ward-1" / "a" / "field.png", 1)
    draw(tmp_path / "b" / "field.png", 2)
    (tmp_path / "b" / "notes.txt").write_text("no picture")
    (tmp_path / "Thumbs.db").write_bytes(b"")
    draw(tmp_path / "out" / "c" / "field.png", 3)
    assert _found(tmp_path, tmp_path / "out") == ({"monday/ward-1/a", "b"}, 2)


def test_a_folder_of_dicom_files_is_one_slide(tmp_path: Path) -> None:
    _write_dicom(tmp_path / "scans" / "one")
    (tmp_path / "scans" / "one" / "label.dcm").write_bytes(bytes(128) + b"DICM")
    draw(tmp_path / "photos" / "field.png", 1)
    assert _found(tmp_path, tmp_path / "out") == ({"scans/one", "photos"}, 0)
    assert len(open_slide(tmp_path / "scans" / "one").fields) == 1


def test_a_folder_of_dicom_files_that_is_handed_in_itself_is_one_slide(tmp_path: Path) -> None:
    _write_dicom(tmp_path)
    assert _found(tmp_path, tmp_path / "out") == ({"."}, 0)


def test_dicom_files_beside_photos_are_passed_over_as_the_reader_does(tmp_path: Path) -> None:
    _write_dicom(tmp_path / "a")
    draw(tmp_path / "a" / "field.png", 1)
    assert _found(tmp_path, tmp_path / "out") == ({"a"}, 1)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (("path,um_per_px", "a.png,0.1", "b.png,many"), "row 3, column um_per_px: 'many' is no um_per_px"),
        (
            ("path,um_per_px", "", "b.png,9"),
            "row 3, column um_per_px: '9' is no um_per_px, expected 0.02 to 1",
        ),
        (("path,um_per_px", "a.png,nan"), "row 2, column um_per_px: 'nan'"),
        (("path;rbc_per_ul", "a.png;5"), "row 2, column rbc_per_ul: '5' is no rbc_per_ul, expected 100000"),
        (("path,slide", ",film"), "row 2, column path: is empty"),
        (("path,slide", "a.png,../x"), "row 2, column slide: '../x' cannot be the name of a folder"),
        (("path,slide", "a.png,x", "b.png,X"), "row 3: X stands twice"),
        (("path,um_per_px", "a.png,0,11"), "row 2: has more values than the 2 columns"),
        (("file,um_per_px", "a.png,0.1"), "row 1: has no column `path`"),
        (("path,um_per_px,um_per_px", "a.png,0.1,0.2"), "row 1: has more than one column `um_per_px`"),
    ],
)
def test_a_fault_of_a_table_is_told_with_its_row_and_column(
    tmp_path: Path, rows: tuple[str, ...], told: str
) -> None:
    table = tmp_path / "slides.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        read_listing(table)
    assert told in str(raised.value)
    assert "slides.csv" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_slide_has_one_path_however_it_is_handed_in(tmp_path: Path) -> None:
    source = draw(tmp_path / "slides" / "a.png", 1)
    (tmp_path / "tables").mkdir()
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    table = tmp_path / "tables" / "list.csv"
    for path in (
        "../slides/a.png",
        "..\\slides\\a.png",
        str(source),
        "../slides/./../slides/a.png",
    ):
        table.write_text(f"path,um_per_px\n{path},0.2\n", encoding="utf-8")
        listing = read_listing(table)
        for given in (tmp_path / "slides", tmp_path / "tables" / ".." / "slides", source):
            found = find_slides([given], tmp_path / "out", listing).slides
            assert [(slide.source, slide.um_per_px) for slide in found] == [(source, 0.2)]
    assert plain_path(tmp_path / "link" / ".." / "a") == tmp_path / "a"
    (tmp_path / "far" / "a").touch()
    (tmp_path / "a").touch()
    assert plain_path(tmp_path / "link" / ".." / "a") == tmp_path / "far" / "a"


def test_results_within_the_slides_are_passed_over_however_they_are_named(tmp_path: Path) -> None:
    draw(tmp_path / "a" / "field.png", 1)
    draw(tmp_path / "out" / "c" / "field.png", 3)
    assert _found(tmp_path, tmp_path / "a" / ".." / "out") == ({"a"}, 0)
