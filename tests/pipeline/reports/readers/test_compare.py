"""Readers are compared by published rules, and a bad table is told by row and column."""

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.errors import InputError
from pipeline.reports.readers.agreement import compared, is_discordant
from pipeline.reports.readers.agreement_chart import agreement_svg
from pipeline.reports.readers.reading import Reading
from pipeline.reports.readers.readings import Reader, read_reader, read_readers


def reading(infected: int, counted: int = 5000) -> Reading:
    return Reading(infected=infected, counted=counted)


def table(path: Path, *rows: str, head: str = "slide,infected,counted") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_the_rule_calls_about_as_many_pairs_of_one_film_discordant_as_the_published_table() -> None:
    counts = np.random.default_rng(3).poisson(100, (2000, 2))
    share = np.mean([is_discordant(reading(int(a)), reading(int(b))) for a, b in counts])
    assert 0.11 < share < 0.17


def test_readings_below_200_parasites_per_ul_are_never_discordant() -> None:
    assert not is_discordant(reading(0, 200_000), reading(7, 200_000))
    assert is_discordant(reading(0, 200_000), reading(9, 200_000))


def test_the_order_of_two_readings_does_not_matter() -> None:
    for a, b in ((10, 30), (0, 4), (50, 55)):
        assert is_discordant(reading(a), reading(b)) == is_discordant(reading(b), reading(a))


def test_a_third_reader_settles_a_discordant_slide_by_the_two_closest() -> None:
    two = [
        Reader(name=name, readings={"film": one}) for name, one in (("a", reading(10)), ("b", reading(60)))
    ]
    (open_slide,) = compared(two).slides
    assert (open_slide.third_needed, open_slide.final) == (True, None)
    (settled,) = compared([*two, Reader(name="c", readings={"film": reading(56)})]).slides
    assert not settled.third_needed
    assert settled.final == pytest.approx(58 / 5000)


def test_agreement_is_mean_difference_limits_and_share_within_a_quarter() -> None:
    first = {"one": reading(100), "two": reading(200), "three": reading(0)}
    second = {"one": reading(110), "two": reading(300), "three": reading(0)}
    pair = compared([Reader(name="a", readings=first), Reader(name="b", readings=second)]).pairs[0]
    differences = [0.2, 2.0, 0.0]
    assert pair.bias == pytest.approx(np.mean(differences))
    assert pair.low == pytest.approx(np.mean(differences) - 1.96 * np.std(differences, ddof=1))
    assert (pair.within, pair.of, pair.opposed, pair.slides) == (1, 2, 0, 3)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("film,many,500", "row 3, column infected: 'many' is no number of cells, expected 0 to 500"),
        ("film,3,", "row 3, column counted: '' is no number of cells"),
        ("film,600,500", "row 3, column infected: '600'"),
        ("good,1,500", "row 3, column slide: good stands twice"),
        (",1,500", "row 3, column slide: is empty"),
        ("film,1,5,500", "row 3: has more values than the 3 columns"),
        ("\nfilm,many,500", "row 4, column infected: 'many'"),
        ("film,1_0,500", "row 3, column infected: '1_0'"),
        ("film,1,1.000", "row 3, column counted: '1.000' is no number of cells"),
    ],
)
def test_a_bad_row_is_told_with_its_column(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_reader(table(tmp_path / "me.csv", "good,1,500", row))


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("slide,infected", "row 1: has no column `counted`; expected slide, infected, counted"),
        ("slide,infected,counted,infected", "row 1: has more than one column `infected`"),
        ("", "row 1: has no column `slide`"),
    ],
)
def test_a_strange_header_is_told_in_one_line(tmp_path: Path, head: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        read_reader(table(tmp_path / "me.csv", "film,1,500", head=head))
    assert "me.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_further_columns_capitals_and_short_rows_are_understood(tmp_path: Path) -> None:
    path = table(
        tmp_path / "me.csv", "film,x,1,500,late", "other,x,2,600", head="Slide, who,INFECTED,counted ,note"
    )
    assert read_reader(path).readings == {"film": reading(1, 500), "other": reading(2, 600)}


def test_whole_numbers_are_taken_as_spreadsheets_write_them(tmp_path: Path) -> None:
    path = table(tmp_path / "me.csv", "a;3,0;500", "b;4.0;600.0", head="slide;infected;counted")
    assert read_reader(path).readings == {"a": reading(3, 500), "b": reading(4, 600)}


def test_readers_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for who, infected in (("anna", 3), ("ben", 30)):
        (tmp_path / who).mkdir()
        table(tmp_path / who / "counts.csv", f"film,{infected},500")
    paths = [tmp_path / who / "counts.csv" for who in ("anna", "ben")]
    assert compared(read_readers(paths)).readers == ("anna/counts", "ben/counts")
    assert len({reader.name for reader in read_readers([paths[0], paths[0]])}) == 2


def test_names_of_our_own_tables_are_those_of_the_slides(tmp_path: Path) -> None:
    assert list(read_reader(table(tmp_path / "me.csv", "'=film,3,500")).readings) == ["=film"]


def test_a_results_folder_gives_asexual_counts_and_leaves_out_what_is_not_countable(tmp_path: Path) -> None:
    head = "slide,state,verdict,counted,infected,gametocytes"
    rows = ("a,done,parasites seen,900,12,2", "b,failed,,,,", "c,done,not countable,50,9,0")
    table(tmp_path / "slides.csv", *rows, head=head)
    assert read_reader(tmp_path).readings == {"a": reading(10, 900)}


def test_a_summary_gives_its_headline(tmp_path: Path) -> None:
    summary = {"slide": "a", "counted": 900, "infected": 12, "verdict": "parasites seen"}
    (tmp_path / "summary.json").write_text(json.dumps(summary | {"headline": {"infected": 10}}))
    assert read_reader(tmp_path / "summary.json").readings == {"a": reading(10, 900)}


def test_the_command_prints_both_tables_and_writes_table_and_plot(tmp_path: Path) -> None:
    a = table(tmp_path / "anna.csv", "one,100,5000", "two,0,4000", "three,9,1000")
    b = table(tmp_path / "ben.csv", "one;150;5000", "two;3;4000", "four;1;900", head="slide;infected;counted")
    words = [
        "compare",
        str(a),
        str(b),
        "-o",
        str(tmp_path / "both.csv"),
        "--plot",
        str(tmp_path / "both.svg"),
    ]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "2 of 2 slides need a third reader." in result.output
    assert "three" not in result.output
    rows = (tmp_path / "both.csv").read_text().splitlines()
    assert rows[1:] == ["one,100,5000,150,5000,1,0,1,", "two,0,4000,3,4000,0,1,1,"]
    drawing = (tmp_path / "both.svg").read_text()
    assert (drawing.count("<circle"), drawing.count('width="10"')) == (1, 1)
    assert not (tmp_path / "both-agreement.png").exists()
    assert "ben minus anna" in drawing


def test_beside_the_table_lies_the_plot_as_png_which_shows_what_the_svg_does(tmp_path: Path) -> None:
    a = table(tmp_path / "anna.csv", "one,100,5000", "two,40,4000", "three,90,1000")
    b = table(tmp_path / "ben.csv", "one,150,5000", "two,44,4000", "three,93,1000")
    result = CliRunner().invoke(app, ["compare", str(a), str(b), "-o", str(tmp_path / "both.csv")])
    assert result.exit_code == 0, result.output
    picture = cv2.imread(str(tmp_path / "both-agreement.png"))
    assert picture is not None and picture.shape == (660, 1440, 3)
    drawn = agreement_svg(compared([read_reader(a), read_reader(b)]))
    dots = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', drawn)
    squares = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="10"', drawn)
    assert (len(dots), len(squares)) == (2, 1)
    for x, y in dots:
        assert picture[round(2 * float(y)), round(2 * float(x))].tolist() == [178, 114, 0]  # blue; BGR
    ((x, y),) = squares
    assert picture[round(2 * float(y)) + 10, round(2 * float(x)) + 10].tolist() == [0, 94, 213]
    assert (picture[:, 24:48] < 100).any()  # the words along the axis


def test_a_plot_of_another_form_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["compare", "a", "b", "--plot", str(tmp_path / "both.pdf")])
    assert result.exit_code == 1
    assert "written as .png or .svg" in result.output


def test_readers_without_a_slide_in_common_are_refused(tmp_path: Path) -> None:
    a, b = table(tmp_path / "a.csv", "one,1,500"), table(tmp_path / "b.csv", "two,1,500")
    with pytest.raises(InputError, match="have no slide in common"):
        compared([read_reader(a), read_reader(b)])
    with pytest.raises(InputError, match="1 reader was given"):
        compared([read_reader(a)])
