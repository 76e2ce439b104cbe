"""Every fault of a table of labels is told with file, row and column."""

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.tables.labels import read_labels


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder with one counted slide."""
    (tmp_path / "film").mkdir()
    (tmp_path / "film" / "summary.json").write_text("{}", encoding="utf-8")
    return tmp_path


def table(folder: Path, *rows: str, name: str = "reviewed.csv") -> Path:
    """A table of these rows."""
    path = folder / name
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_labels_are_read_from_the_folder_of_the_table(results: Path) -> None:
    rows = ("slide,cell,label,by", "film,3,infected,me", "film,9,uninfected,me", "film,4,ring,me")
    labels = read_labels([table(results, *rows)], None)
    assert [(label.folder.name, label.cell, label.infected) for label in labels] == [
        ("film", 3, True), ("film", 9, False), ("film", 4, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (("slide,cell", "film,3"), r"row 1: has no column `label`"),
        (("slide,cell,label", "film,3,maybe"), r"row 2, column label: 'maybe', expected infected"),
        (("slide,cell,label", "film,3,infected", "film,x,infected"), r"row 3, column cell: 'x'"),
        (("slide,cell,label", "film,0,infected"), r"row 2, column cell: '0'"),
        (("slide,cell,label", "other,3,infected"), r"row 2, column slide: 'other' has no result"),
        (("slide,cell,label", ",3,infected"), r"row 2, column slide: ''"),
        (("slide,cell,label", "film,3"), r"no cell is labelled"),
        (("slide,cell,label", "film,3,"), r"no cell is labelled"),
        (("slide,cell,reviewed_as", "film,3,maybe"), r"row 2, column reviewed_as: 'maybe'"),
        (("slide,cell,label", "film,3.5,infected"), r"row 2, column cell: '3.5'"),
        (("slide,cell,label", "film,3,infected", "film,3,clean"), r"row 3, column label: cell 3 of film"),
        (("slide,cell,label",), r"no cell is labelled"),
    ],
)
def test_a_fault_is_told_in_one_line(results: Path, rows: tuple[str, ...], told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        read_labels([table(results, *rows)], None)
    assert "reviewed.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_cells_csv_is_taken_as_it_is_where_a_person_filled_in_what_they_saw(results: Path) -> None:
    """In the result's own folder, opened and saved by a German Excel."""
    rows = (
        "\ufeffslide;cell;p_infected;reviewed_as;model",
        "film;1;0,01;;m",
        "film;2;0,9;Infected;m",
        "film;7;0;0;m",
    )
    labels = read_labels([table(results / "film", *rows, name="cells.csv")], None)
    assert [(label.folder, label.cell, label.infected) for label in labels] == [
        ((results / "film").resolve(), 2, True), ((results / "film").resolve(), 7, False),
    ]  # fmt: skip
    both = [table(results / "film", *rows, name="cells.csv"), table(results, "slide,cell,label", "film,2,no")]
    with pytest.raises(
        InputError, match="another label"
    ):  # the same cell, whichever folder the table lies in
        read_labels(both, None)


@pytest.mark.parametrize(
    ("written", "infected"),
    [
        ("POSITIVE", True),
        ("yes", True),
        ("1", True),
        ("Parasitised", True),
        ("not infected", False),
        ("NO", False),
    ],
)
def test_labels_are_understood_as_people_write_them(results: Path, written: str, infected: bool) -> None:
    (label,) = read_labels([table(results, "slide,cell,label", f"film,3.0,{written}")], None)
    assert (label.cell, label.infected) == (3, infected)


def test_two_tables_must_agree(results: Path) -> None:
    first = table(results, "slide,cell,label", "film,3,infected")
    other = table(results, "slide,cell,label", "film,3,uninfected", name="other.csv")
    with pytest.raises(InputError, match=r"other\.csv, row 2.*reviewed\.csv, row 2"):
        read_labels([first, other], results)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.csv").write_bytes(b"\xff\xd8\xff\xe0 slide,cell,label \x00")
    with pytest.raises(InputError, match=r"picture\.csv"):
        read_labels([tmp_path / "picture.csv"], None)
    with pytest.raises(InputError, match=r"nowhere\.csv: cannot be read"):
        read_labels([tmp_path / "nowhere.csv"], None)
    with pytest.raises(InputError, match="cannot be read"):
        read_labels([tmp_path], None)
