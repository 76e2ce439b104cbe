"""A name is safe wherever it is written, and still tells which slide it names."""

import csv
import html
import io
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.names import (
    CSV_ENCODING,
    csv_encoding,
    for_css,
    for_csv,
    for_html,
    for_line,
    for_path,
    for_picture,
    from_csv,
    one_of_folder,
)

ANY_NAME = st.text(st.characters(), max_size=300)
TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")), max_size=80
)


@given(ANY_NAME)
def test_a_line_stays_one_line_of_printable_text(name: str) -> None:
    line = for_line(name)
    assert len(line.splitlines()) <= 1
    assert line.encode().decode() == line
    assert all(c.isprintable() or c in "\u200c\u200d" for c in line)


@pytest.mark.parametrize(
    "name", ["slide 1", "Dünnausstrich_Ñ-3", "потоньше", "سمير", "می‌کند", "薄い塗抹標本"]
)
def test_names_in_any_writing_stay_as_they_are(name: str) -> None:
    assert for_line(name) == for_csv(name) == for_path(name) == name


def test_codes_that_rule_a_terminal_are_written_out() -> None:
    assert for_line("a\x1b[2Jb\nc\u202egpj.exe\udcff") == "a\\x1b[2Jb\\nc\\u202egpj.exe\\udcff"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t=", "\r="])
def test_a_cell_is_never_a_formula(first: str) -> None:
    assert for_csv(f"{first}1+1")[0] not in "=+-@\t\r"


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "|", "\uff1d", "\uff0b", "\uff0d", "\uff20", "  ="])
@pytest.mark.parametrize("before", ["", "fever;", "fever; ", ";;"])
def test_no_part_of_a_cell_is_a_formula_where_semicolons_part_values(before: str, first: str) -> None:
    parts = for_csv(f"{before}{first}1+1").split(";")
    assert not [part for part in parts if part.lstrip()[:1] in tuple("=+-@|\uff1d\uff0b\uff0d\uff20")]


@pytest.mark.parametrize("name", ["=a", "'=a", "''=a", "'a", ";'=a", "a;=b", "a; '-b", ";", " =a", "'", "|a"])
def test_apostrophes_of_a_name_are_told_from_ours(name: str) -> None:
    assert from_csv(for_csv(name)) == name


@given(TEXT)
def test_a_cell_gives_its_name_back(name: str) -> None:
    table = io.StringIO()
    csv.writer(table).writerow([for_csv(name), "end"])
    assert [from_csv(cell) for cell in next(csv.reader(io.StringIO(table.getvalue())))] == [name, "end"]


@given(ANY_NAME)
def test_a_path_is_short_enough_and_text_of_one_part(name: str) -> None:
    path = for_path(name)
    assert len(path.encode()) <= 180
    assert not set(path) & set("/\\\n\x1b\0\u202e\udcff")


@given(ANY_NAME)
def test_any_name_is_a_folder_on_any_disk(name: str) -> None:
    path = for_path(name or "x")
    assert not set(path) & set('<>:"|?*')
    assert path[0] != "."
    assert path[-1] not in ". "
    assert for_path(path) == path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("10:30 Uhr", "10%3A30 Uhr"),
        ("what?*", "what%3F%2A"),
        ("film.", "film%2E"),
        ("film..", "film.%2E"),
        ("film ", "film%20"),
        (".film", "%2Efilm"),
        ("...", "%2E.%2E"),
        ("con", "%63on"),
        ("Nul.film", "%4Eul.film"),
        ("COM\u00b9", "%43OM\u00b9"),
        ("LPT1 .x", "%4CPT1 .x"),
        ("console", "console"),
        ("slides.csv", "%73lides.csv"),
        ("Index.HTML", "%49ndex.HTML"),
        ("", ""),
        (".", "%2E"),
        ("..", "%2E%2E"),
    ],
)
def test_what_a_disk_or_a_results_folder_keeps_for_itself_is_a_code(name: str, path: str) -> None:
    assert for_path(name) == path


@pytest.mark.parametrize("other", ["FILM \u00e9", "film e\u0301", "\ufb01lm \u00c9"])
def test_names_that_some_disks_take_for_one_are_one(other: str) -> None:
    assert one_of_folder(other) == one_of_folder("film \u00e9")


@given(ANY_NAME, ANY_NAME)
def test_two_long_names_stay_two_paths(one: str, other: str) -> None:
    assert (for_path(f"{one * 9}a") == for_path(f"{other * 9}b")) is False


@pytest.mark.parametrize(("name", "path"), [("a\udcff\n", "a%FF%0A"), ("\ud800/", "%ED%A0%80%2F")])
def test_what_is_no_text_is_a_code_in_a_path(name: str, path: str) -> None:
    assert for_path(name) == path


def test_only_a_table_with_other_letters_bears_the_mark_that_excel_looks_for() -> None:
    assert "slide".encode(csv_encoding(["slide"])) == b"slide"
    marked = "Präparat".encode(csv_encoding(["slide", "Präparat"]))
    assert marked.startswith(b"\xef\xbb\xbf")
    assert marked.decode(CSV_ENCODING) == "Präparat"


def test_a_long_name_is_cut_between_letters() -> None:
    assert for_path("ż" * 127, 99).encode().decode().startswith("ż" * 45 + "~")


def test_a_picture_gets_only_letters_its_font_has() -> None:
    assert for_picture("e\u0301t\u00e9 \u4e2d\udcff", lambda c: ord(c) < 0x250) == "été \\u4e2d\\udcff"


@given(ANY_NAME)
def test_a_page_shows_the_name_and_obeys_nothing_in_it(name: str) -> None:
    seen: list[str] = []

    class Spy(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)

    parser = Spy(convert_charrefs=False)
    parser.feed(for_html(name))
    parser.close()
    assert seen == []
    assert html.unescape(for_html(name)) == for_line(name)


@given(ANY_NAME)
def test_a_name_ends_neither_a_string_of_a_style_sheet_nor_the_sheet(name: str) -> None:
    text = for_css(name)
    assert re.fullmatch(r'"([A-Za-z0-9]|\\[0-9a-f]{1,6} )*"', text)
    read = re.sub(r"\\([0-9a-f]{1,6}) ", lambda code: chr(int(code[1], 16)), text[1:-1])
    assert read == for_line(name)
