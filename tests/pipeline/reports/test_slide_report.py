"""The report of a slide shows the count and its evidence, safely, and the same whatever the tiles."""

import html
import os
import re
import zlib
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from pipeline import batch as batch_module
from pipeline.batch import count_and_write
from pipeline.errors import InputError
from pipeline.output.folder import write_result
from pipeline.records import Notice
from pipeline.reports.slide import report as report_module
from pipeline.reports.slide.counted_report import CountedReport
from pipeline.reports.slide.found_slide import find_slide
from pipeline.reports.slide.pdf import write_pdf
from pipeline.reports.slide.report import REPORT_NAME, report_settings_of, write_report
from pipeline.reports.slide.selection import select_cells
from pipeline.reports.slide.size_chart import median_um
from pipeline.reports.stored import read_stored
from pipeline.settings import CountSettings, ReportSettings
from tests.optional import required
from tests.pipeline.counting.made_up_counts import (
    count_made_up,
    make_cells,
    make_facts,
    make_result,
    write_photo,
)

THRESHOLD = 0.5


def _report(out: Path, cells: pd.DataFrame, source: Path | None = None, **facts: Any) -> str:
    result = make_result(cells, make_facts(**facts))
    folder = write_result(result, out, overwrite=True)
    return write_report(folder, source).read_text(encoding="utf-8")


def _cells(probabilities: list[float]) -> pd.DataFrame:
    """Counted red cells of these probabilities, 30 px apart in rows of ten."""
    places = [(20.0 + 30 * (i % 10), 20.0 + 30 * (i // 10)) for i in range(len(probabilities))]
    kinds = ["infected" if p >= THRESHOLD else "uninfected" for p in probabilities]
    return make_cells(*kinds, at=places).assign(p_infected=probabilities)


def _words(page: str) -> str:
    """What a person reads of a page, without tags, on one line."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_a_count_writes_a_report_with_pictures_of_its_infected_cells(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(batch_module, "count_slide", count_made_up)
    source = write_photo(tmp_path / "film.png")
    _, folder = count_and_write(source, tmp_path / "out", CountSettings())
    page = (folder / REPORT_NAME).read_text(encoding="utf-8")
    assert "Cells called infected: 2" in page
    assert page.count('<img src="data:image/jpeg;base64,') == 6
    assert "not where it was counted" not in page


def test_no_report_leaves_it_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(batch_module, "count_slide", count_made_up)
    source = write_photo(tmp_path / "film.png")
    settings = CountSettings(report=ReportSettings(is_written=False))
    _, folder = count_and_write(source, tmp_path / "out", settings)
    assert not (folder / REPORT_NAME).exists()


def test_infected_cells_stand_by_probability_and_borderline_ones_by_nearness() -> None:
    table = _cells([0.9, 0.99, 0.6, 0.45, 0.3, 0.01] + [0.95] * 60)
    chosen = select_cells([table], ["film"], THRESHOLD)
    assert chosen.infected_number == 63
    assert chosen.infected["p_infected"].tolist() == [0.99] + [0.95] * 39
    assert chosen.borderline["p_infected"].tolist() == [0.45, 0.6, 0.3]


def test_where_a_person_must_look_every_cell_that_stands_out_is_shown_highest_first() -> None:
    chosen = select_cells([_cells([0.01, 0.12, 0.4, 0.2, 0.03])], ["film"], THRESHOLD, look_from=0.1)
    assert chosen.borderline["p_infected"].tolist() == [0.4, 0.2, 0.12]


def test_the_choice_does_not_depend_on_the_parts_or_on_what_a_cell_shows() -> None:
    rng = np.random.default_rng(1)
    table = _cells((rng.random(400) ** 6).round(4).tolist())
    whole = select_cells([table], ["film"], THRESHOLD)
    for size in (13, 37, 399):
        parts = [table.iloc[start : start + size] for start in range(0, len(table), size)]
        split = select_cells(parts, ["film"], THRESHOLD)
        for name in ("infected", "borderline", "clean", "places"):
            pd.testing.assert_frame_equal(
                getattr(whole, name).reset_index(drop=True), getattr(split, name).reset_index(drop=True)
            )
        assert (whole.sizes == split.sizes).all()
    clean = whole.clean["cell"].tolist()
    other = select_cells([table.assign(p_infected=0.001, infected=False)], ["film"], THRESHOLD)
    assert set(clean) <= set(other.clean["cell"]) | set(whole.infected["cell"]) | set(clean)
    assert len(set(clean) & set(other.clean["cell"])) > len(clean) / 2


def test_the_sample_of_clean_cells_is_fair() -> None:
    """Every cell has the same chance: over many slides each part of the picture is drawn as often."""
    drawn = np.zeros(10)
    for shift in range(60):
        table = _cells([0.01] * 200)
        table = table.assign(x=table["x"] + 0.1 * shift)
        chosen = select_cells([table], ["film"], THRESHOLD)
        drawn += np.bincount((chosen.clean["cell"] - 1) % 10, minlength=10)
    expected = drawn.sum() / 10
    assert ((drawn - expected) ** 2 / expected).sum() < 27.9  # chi squared, 9 degrees, 0.1%


def test_what_a_report_that_was_cut_short_left_is_gone_after_the_next(tmp_path: Path) -> None:
    folder = write_result(make_result(make_cells("infected")), tmp_path)
    left = folder / ".smearcount-0123456789ab"
    left.touch()
    os.utime(left, (0, 0))
    write_report(folder, None)
    assert (left.exists(), (folder / REPORT_NAME).is_file()) == (False, True)


def test_every_name_is_escaped(tmp_path: Path) -> None:
    wild = '<script>alert("x")</script>&\n'
    table = make_cells("infected", "uninfected", slide="film", field="<b>a</b>")
    result = make_result(table, make_facts(fields=("<b>a</b>", "c"), source="/a/<i>film</i>.png"))
    folder = write_result(result, tmp_path)
    settings = ReportSettings(sample=wild, notes=((wild, wild),))
    page = write_report(folder, None, settings).read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>a</b>" not in page
    assert "<i>film" not in page
    assert page.count("&lt;script&gt;") == 3


def test_a_slide_that_is_refused_claims_no_parasitaemia(tmp_path: Path) -> None:
    notice = Notice(
        code="not_a_smear", severity="refuse", value=9.0, limit=1.0, text="No thin film: refocus."
    )
    words = _words(_report(tmp_path, make_cells("infected", "uninfected"), notices=(notice,)))
    assert "Not countable" in words
    assert "No thin film: refocus." in words
    assert "Parasitaemia 50" not in words
    assert "log scale" not in words
    assert "these calls must not be used" in words


def test_a_finding_says_what_was_measured_its_limit_and_what_to_do(tmp_path: Path) -> None:
    notice = Notice(code="few_cells", severity="warn", value=160.0, limit=500.0, text="Only 160: add more.")
    words = _words(_report(tmp_path, make_cells("uninfected"), notices=(notice,)))
    assert "! warns Only 160: add more. 160 (red cells counted) below 500" in words


def test_photos_that_are_left_out_are_named_with_the_reason(tmp_path: Path) -> None:
    from pipeline.records import ExcludedField

    out = ExcludedField(name="<two>", code="out_of_focus", text="The cells are blurred.")
    page = _report(tmp_path, make_cells("uninfected"), excluded_fields=(out,))
    assert "Photos left out, of which nothing is counted: 1 Photo Why <two> The cells are blurred." in _words(
        page
    )


def test_none_distinguishable_never_reads_as_none(tmp_path: Path) -> None:
    words = _words(_report(tmp_path, _cells([0.01] * 50)))
    assert "No parasites distinguishable" in words
    assert "cannot exclude malaria" in words
    assert "no parasites." not in words.lower()


def test_a_slide_without_a_cell_has_a_report(tmp_path: Path) -> None:
    words = _words(_report(tmp_path, make_cells()))
    assert "Not countable" in words


def test_a_slide_that_is_away_is_shown_from_its_overlay(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(batch_module, "count_slide", count_made_up)
    source = write_photo(tmp_path / "film.png")
    _, folder = count_and_write(source, tmp_path / "out", CountSettings())
    page = write_report(folder, None).read_text(encoding="utf-8")
    assert "cut from its overlay" in page
    assert page.count('<img src="data:image/jpeg;base64,') == 6


def test_small_pictures_make_a_smaller_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(batch_module, "count_slide", count_made_up)
    source = write_photo(tmp_path / "film.png")
    _, folder = count_and_write(source, tmp_path / "out", CountSettings())
    large = len((folder / REPORT_NAME).read_bytes())
    write_report(folder, source, is_small=True)
    assert len((folder / REPORT_NAME).read_bytes()) < large


def test_a_report_later_takes_sample_and_notes_of_the_count_unless_others_are_given(tmp_path: Path) -> None:
    result = make_result(make_cells("uninfected"))
    result.run["settings"] = {"report": {"is_written": True, "sample": "17", "notes": [["ward", "3"]]}}
    stored = read_stored(write_result(result, tmp_path))
    assert report_settings_of(stored) == ReportSettings(sample="17", notes=(("ward", "3"),))
    assert report_settings_of(stored, sample="18").sample == "18"
    assert report_settings_of(stored, notes=(("bed", "1"),)).notes == (("bed", "1"),)


def test_only_the_slide_that_was_counted_is_shown(tmp_path: Path) -> None:
    from pipeline.provenance import describe_input

    source = write_photo(tmp_path / "film.png")
    other = write_photo(tmp_path / "other.png", make_cells("infected"))
    result = make_result(make_cells("uninfected"), make_facts(source=str(source)))
    result.run["input"] = describe_input(source)
    stored = read_stored(write_result(result, tmp_path / "out"))
    assert find_slide(stored) == source
    moved = source.rename(tmp_path / "moved.png")
    assert find_slide(stored) is None
    assert find_slide(stored, moved) == moved
    with pytest.raises(InputError, match="not the slide that was counted"):
        find_slide(stored, other)


def test_a_report_that_cannot_be_drawn_does_not_lose_the_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise KeyError("a mistake")

    monkeypatch.setattr(report_module, "report_page", fail)
    result = make_result(make_cells("uninfected"))
    report = CountedReport(tmp_path / "film.png")
    report.draft(result)
    folder = write_result(result, tmp_path, finish=report.write)
    assert "could not be drawn" in (folder / REPORT_NAME).read_text(encoding="utf-8")


def test_the_median_size_is_that_of_the_cells() -> None:
    table = _cells([0.01] * 101).assign(diameter_um=np.linspace(6, 8, 101))
    assert median_um(select_cells([table], ["film"], THRESHOLD).sizes) == pytest.approx(7.0, abs=0.05)


def test_what_is_not_there_is_not_explained(tmp_path: Path) -> None:
    clean = _words(_report(tmp_path / "a", _cells([0.4, 0.01])))
    assert "0 of 2 red cells called infected" in clean
    assert "Map of the slide cell called infected" not in clean
    assert "The one further cell nearest to the threshold of 0.50, of 1 within 0.25" in clean
    seen = _words(_report(tmp_path / "b", _cells([0.9, 0.4, 0.3, *[0.01] * 20])))
    assert "Map of the slide cell called infected" in seen
    assert "The 2 further cells nearest" in seen


def test_no_size_is_told_where_no_red_cell_tells_it(tmp_path: Path) -> None:
    cells = make_cells("white_cell", "at_border")
    words = _words(_report(tmp_path / "a", cells, scale_source="estimated"))
    assert "Pixel size unknown" in words
    assert "µm, estimated" not in words
    assert "mm² Share" not in words
    assert "no red cell counted" in words
    assert "Pixel size 0.1000 µm, as given" in _words(_report(tmp_path / "b", cells))


def test_a_finding_names_no_key_of_a_file(tmp_path: Path) -> None:
    notice = Notice(code="not_a_smear", severity="refuse", value=23.1, limit=0.028, text="No thin film.")
    words = _words(_report(tmp_path, make_cells("infected"), notices=(notice,)))
    assert "above 0.028" in words
    assert "smear_" not in words


def test_each_printed_page_names_the_sample_and_the_slide(tmp_path: Path) -> None:
    folder = write_result(make_result(make_cells("infected")), tmp_path)
    page = write_report(folder, None, ReportSettings(sample='7"}</style>')).read_text(encoding="utf-8")
    (name,) = re.findall(r'@bottom-left \{ content: "([^"]*)"; \}', page)
    assert re.sub(r"\\([0-9a-f]+) ", lambda code: chr(int(code[1], 16)), name) == (
        'sample 7"}</style>, slide film'
    )
    assert "7&#34;}&lt;/style&gt;" in page
    assert '7"}</style>' not in page


def test_the_report_is_written_as_pdf_too(tmp_path: Path) -> None:
    required("weasyprint")
    folder = write_result(make_result(_cells([0.9, 0.6, 0.3, 0.01])), tmp_path)
    data = write_pdf(write_report(folder, None)).read_bytes()
    assert data.startswith(b"%PDF-")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.S)
    objects = b"".join(zlib.decompress(one) for one in streams if one[:1] == b"x")
    sizes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", data + objects)
    assert 1 <= len(sizes) <= 4
    assert {(round(float(width)), round(float(height))) for width, height in sizes} == {(595, 842)}


def test_without_weasyprint_it_is_said_what_to_install(tmp_path: Path) -> None:
    folder = write_result(make_result(_cells([0.9])), tmp_path)
    page = write_report(folder, None)
    with (
        mock.patch.dict("sys.modules", {"weasyprint": None}),
        pytest.raises(InputError, match=r"pip install 'smearcount\[pdf\]', or print report\.html"),
    ):
        write_pdf(page)
    assert not (folder / "report.pdf").exists()
