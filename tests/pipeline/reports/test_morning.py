"""The morning page: every slide on it, failed ones first, names harmless, nothing asked of a network."""

import math
import re
import tracemalloc
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from urllib.parse import unquote

import pytest

from pipeline.records import NoticeCode
from pipeline.reports import morning
from pipeline.reports import thumbnails as pictures
from pipeline.reports.morning import CODE_WORDS, morning_page, write_morning_page
from tests.pipeline.reports.made_up_rows import counted_row, failed_row, mixed_rows, write_overlays


class _Page(HTMLParser):
    """Addresses, tags, and the text of each row of the table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.rows: list[str] = []
        self._in_row = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [
            value or "" for name, value in attributes if name in ("src", "href", "srcset", "data")
        ]
        if tag == "tr" and ("data-keys" in dict(attributes)):
            self._in_row = True
            self.rows.append("")

    def handle_endtag(self, tag):
        if tag == "tr":
            self._in_row = False

    def handle_data(self, data):
        if self._in_row:
            self.rows[-1] += data


def _write(out: Path, rows) -> tuple[str, _Page]:
    text = write_morning_page(out, rows, patience_s=math.inf).read_text(encoding="utf-8")
    return text, _Page(text)


def test_the_page_leads_to_a_report_where_there_is_one(tmp_path):
    rows = [counted_row("a b", 50, 1000), counted_row("c", 5, 1000)]
    for row in rows:
        (tmp_path / row.slide).mkdir()
    (tmp_path / "a b" / "report.html").write_text("<p>")
    _, page = _write(tmp_path, rows)
    assert [address for address in page.addresses if "report" in address] == ["./a%20b/report.html"]


def test_the_page_holds_every_slide_failed_ones_first_with_what_to_do(tmp_path):
    rows = mixed_rows()
    write_overlays(tmp_path, rows)
    _, page = _write(tmp_path, rows)
    assert len(page.rows) == len(rows)
    assert all(sum(row.slide in text for text in page.rows) >= 1 for row in rows)
    order = [next(row.slide for row in rows if row.slide in text) for text in page.rows]
    assert order == ["letter-1", "wall-1", "part-1", "seen-1", "none-1", "running-1", "waiting-1", "copy-1"]
    assert "Hand in a photo of the film" in page.rows[0]
    assert "1 of 4 parts" in page.rows[5]


def test_a_count_is_shown_with_its_interval_and_a_refused_one_without(tmp_path):
    _, page = _write(tmp_path, mixed_rows())
    by_slide = {name: text for text in page.rows for name in ("seen-1", "wall-1", "none-1") if name in text}
    assert "2.0%" in by_slide["seen-1"] and "1.7% to 2.4%" in by_slide["seen-1"]
    assert "120 infected" in by_slide["seen-1"]
    assert "%" not in by_slide["wall-1"]
    assert "not_a_smear" in by_slide["wall-1"]
    assert "none distinguishable" in by_slide["none-1"]
    assert "P <7>" in by_slide["none-1"] and "ward" not in by_slide["none-1"]


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "javascript:alert(1)",
        "{{ 7 * 7 }}",
        "a\x1b[31mb\u202ec\nd",
        "bytes-\udcff",
        "100% & #1? of;2",
    ],
)
def test_a_name_is_text_wherever_it_stands(tmp_path, name):
    rows = [counted_row(name, 50, 1000, extra={name: name}), failed_row(f"failed {name}", f"{name}; {name}")]
    plain = _Page(morning_page([counted_row("a", 50, 1000, extra={"b": "c"}), failed_row("d", "e; f")], {}))
    text, page = _write(tmp_path, rows)
    assert page.tags == plain.tags
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", text)
    assert all(not address.startswith("javascript:") for address in page.addresses)
    if "\udcff" not in name:
        assert f"./{name}/" in {unquote(address) for address in page.addresses}


def test_nothing_is_asked_of_a_network_and_every_link_leads_into_the_folder(tmp_path):
    rows = mixed_rows()
    write_overlays(tmp_path, rows)
    text, page = _write(tmp_path, rows)
    assert page.addresses
    assert all(address.startswith(("./", "data:")) for address in page.addresses)
    assert "url(" not in text and "@import" not in text and "http:" not in text and "https:" not in text
    linked = {address for address in page.addresses if address.endswith("overlay.jpg")}
    assert linked and all((tmp_path / unquote(address)).is_file() for address in linked)


def test_a_thumbnail_is_made_once_and_anew_when_its_overlay_changes(tmp_path, monkeypatch):
    row = counted_row("a", 5, 100)
    write_overlays(tmp_path, [row])
    made: list[int] = []
    make = pictures._small_jpeg

    def counted(data: bytes) -> bytes:
        made.append(len(data))
        return make(data)

    monkeypatch.setattr(pictures, "_small_jpeg", counted)
    _, first = _write(tmp_path, [row])
    _, second = _write(tmp_path, [row])
    assert len(made) == 1 and first.addresses == second.addresses
    assert any(address.startswith("data:image/jpeg;base64,") for address in first.addresses)
    other = counted_row("b", 5, 100)
    write_overlays(tmp_path, [other], size=(300, 200))
    (tmp_path / "b" / "overlay.jpg").replace(tmp_path / "a" / "overlay.jpg")
    _, third = _write(tmp_path, [row])
    assert len(made) == 2 and third.addresses != first.addresses


def test_the_thumbnails_of_many_slides_lie_beside_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "EMBEDDED_BYTES_MAX", 2000)
    rows = [counted_row(f"slide-{number}", number, 1000) for number in range(3)]
    write_overlays(tmp_path, rows)
    _, page = _write(tmp_path, rows)
    shown = [address for address in page.addresses if address.endswith(".jpg") and "overlay" not in address]
    assert len(shown) == 3
    assert all((tmp_path / address).stat().st_size > 500 for address in shown)


def test_the_thumbnail_of_a_removed_result_goes_and_a_damaged_overlay_has_none(tmp_path):
    rows = [counted_row("a", 5, 100), counted_row("b", 5, 100)]
    write_overlays(tmp_path, rows)
    (tmp_path / "b" / "overlay.jpg").write_bytes(b"half a picture")
    text, _ = _write(tmp_path, rows)
    assert text.count("<img") == 1
    _write(tmp_path, [])
    assert not list((tmp_path / pictures.FOLDER).iterdir())


def test_without_time_for_thumbnails_the_page_is_still_whole(tmp_path):
    rows = mixed_rows()
    write_overlays(tmp_path, rows)
    text = write_morning_page(tmp_path, rows, patience_s=0.0).read_text(encoding="utf-8")
    assert "<img" not in text and len(_Page(text).rows) == len(rows)


def test_the_totals_and_the_chart_tell_all_usable_slides():
    text = morning_page(mixed_rows(), {})
    assert "10,900" in text  # 4,000 + 6,000 + 900 red cells; those of the refused slide are not among them
    assert len(re.findall(r"<g class=", text)) == 3
    assert "8 slides" in text


def test_an_empty_folder_gives_a_page_that_says_so(tmp_path):
    text, page = _write(tmp_path, [])
    assert "0 slides" in text and page.rows == [] and "<svg" not in text


def test_the_page_is_the_same_for_the_same_rows(tmp_path):
    rows = mixed_rows()
    assert morning_page(rows, {}) == morning_page([replace(row) for row in rows], {})


def test_the_page_explains_every_code_of_quality_control():
    assert set(get_args(NoticeCode)) <= set(CODE_WORDS)


def test_infected_cells_that_the_parasitaemia_leaves_out_are_told_beside_it(tmp_path):
    row = counted_row("late", 1, 600, gametocytes=1, parasitaemia=0.0, verdict="parasites seen")
    page = morning_page([row], {})
    assert "1 infected, 1 gametocytes" in page
    assert [label in page for label in ('data-label="infected"', 'data-label="time"')] == [True, True]


def test_an_uncertain_slide_says_how_many_cells_to_look_at_and_stands_in_the_chart(tmp_path):
    rows = [counted_row("doubt-1", 2, 400, verdict="uncertain", look_at=6), counted_row("clear-1", 0, 900)]
    html, page = _write(tmp_path, rows)
    assert "doubt-1" in page.rows[0]
    assert "uncertain: look at 6 cells" in page.rows[0]
    assert html.count("<circle") == 2


def test_a_page_full_of_pictures_is_written_without_holding_it_whole(tmp_path, monkeypatch):
    """What a run holds must not grow with its slides; the pictures are held to a limit of their own."""
    rows = [counted_row(f"slide-{number}", 5, 1000) for number in range(200)]
    shown = {row.slide: "data:" + 20_000 * "x" for row in rows}
    monkeypatch.setattr(morning, "thumbnails", lambda *_: shown)
    write_morning_page(tmp_path, rows)  # loads what the next one needs
    tracemalloc.start()
    size = write_morning_page(tmp_path, rows).stat().st_size
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 4_000_000
    assert peak < size / 2
