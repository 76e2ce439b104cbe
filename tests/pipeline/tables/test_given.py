"""A table that a person wrote is read however a spreadsheet saves it; what is wrong is told with its row."""

from pathlib import Path

import pytest

from pipeline.errors import InputError
from pipeline.tables.given import read_given_table


def table(folder: Path, data: bytes) -> Path:
    path = folder / "given.csv"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "data",
    [
        b"slide,cells\nfilm 1,12\n",
        b"slide;cells\nfilm 1;12\n",
        b"\xef\xbb\xbf Slide , CELLS\r\n film 1 , 12 \r\n",
        b'"slide","cells"\n"film 1","12"\n\n',
        b"cells;slide;remark\n12;film 1;\n",
        b"slide\tcells\nfilm 1\t12\n",
        b"slide;cells\r\nfilm 1;12\r\n;;\r\n;\r\n",
    ],
)
def test_every_spreadsheets_way_is_the_same_table(tmp_path: Path, data: bytes) -> None:
    (row,) = read_given_table(table(tmp_path, data), ("slide",), ("cells",))
    assert (row.texts["slide"], row.texts["cells"]) == ("film 1", "12")
    assert row.place == f"{tmp_path / 'given.csv'}, row 2"


def test_the_line_by_which_excel_names_the_separator_is_no_header(tmp_path: Path) -> None:
    (row,) = read_given_table(table(tmp_path, b"sep=;\r\nslide;cells\r\na, b;12\r\n"), ("slide",), ("cells",))
    assert (row.texts["slide"], row.place[-5:]) == ("a, b", "row 3")
    with pytest.raises(InputError, match="row 2: has no column"):
        read_given_table(table(tmp_path, b"sep=;\r\nfilm;cells\r\n"), ("slide",))


def test_columns_that_nobody_looks_for_keep_their_letters(tmp_path: Path) -> None:
    (row,) = read_given_table(table(tmp_path, b"Slide,Ward\nfilm 1,B\n"), ("slide",))
    assert row.texts == {"slide": "film 1", "Ward": "B"}


def test_a_row_is_named_by_its_last_line(tmp_path: Path) -> None:
    first, second = read_given_table(table(tmp_path, b'slide,note\na,"two\nlines"\nb,\n'), ("slide",))
    assert (first.place[-5:], second.place[-5:]) == ("row 3", "row 4")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "row 1: has no column `slide`; expected slide; mend the header"),
        (b"film,cells\na,1\n", "row 1: has no column `slide`"),
        (b"slide,Slide\na,b\n", "row 1: has more than one column `slide`"),
        (b"slide,x,x\na,b,c\n", "row 1: has more than one column `x`"),
        (b"slide,cells\na,1,200\n", "row 2: has more values than the 2 columns"),
        (b"slide,cells\na," + b"1" * 200_000 + b"\n", "is no row of a CSV"),
        (b"slide,cells\n\xff\xfe,1\n", "save it as CSV UTF-8"),
        ("slide;cells\nMüller;1\n".encode("cp1252"), "is no text in UTF-8"),
        (b"slide,cells\nfilm\0,1\n", "holds null characters"),
        ("slide;cells\nfilm;1\n".encode("utf-16"), "is no text in UTF-8"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, data: bytes, told: str) -> None:
    with pytest.raises(InputError) as refused:
        read_given_table(table(tmp_path, data), ("slide",))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_table_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"given\.csv: cannot be read"):
        read_given_table(tmp_path / "given.csv", ("slide",))


def test_a_quote_that_never_ends_is_told_and_no_row_swallowed(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('slide,note\nfilm,"a\nother,b\n', encoding="utf-8")
    with pytest.raises(InputError, match="is no row of a CSV"):
        read_given_table(path, ["slide", "note"])
