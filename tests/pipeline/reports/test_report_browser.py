"""The report of a slide in a real browser: no error, no request, readable, and at most four pages of A4."""

import base64
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from pipeline.counting.result import CountResult
from pipeline.output.folder import write_result
from pipeline.output.overlay import overlays
from pipeline.records import Notice
from pipeline.reports.slide.report import write_report
from pipeline.settings import ReportSettings
from tests.pipeline.counting.made_up_counts import make_cells, make_facts, make_result, write_photo

pytestmark = pytest.mark.browser

PAGES_MAX = 4
BYTES_MAX = 1_500_000
A4_PT = (595, 842)
CONTRAST = 4.5
"""Least contrast of text on its ground, WCAG 2.2 AA."""
FIELDS = 24


@pytest.fixture(scope="module")
def full_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that holds as much as one can: many fields, cells of every kind, notices, notes."""
    folder = tmp_path_factory.mktemp("full")
    result = _crowded()
    for field in result.summary.fields:
        write_photo(folder / "slide" / f"{field.name}.png", result.cells[result.cells["field"] == field.name])
    source = folder / "slide"
    written = write_result(result, folder / "out", pictures=overlays(source, result))
    notes = tuple((f"note {number}", "a word or two of a ward") for number in range(6))
    return write_report(written, source, ReportSettings(sample="2026-0417", notes=notes))


def _crowded() -> CountResult:
    """A slide of many fields with 72 infected, 48 borderline and 720 clean cells, and every warning."""
    names = tuple(f"a rather long name of a field {number:02d}" for number in range(FIELDS))
    rng = np.random.default_rng(7)
    tables = []
    for name in names:
        kinds = ["infected"] * 3 + ["uninfected"] * 32 + ["at_border", "white_cell", "platelet", "artefact"]
        places = [(25.0 + 30 * (i % 10), 25.0 + 45 * (i // 10)) for i in range(len(kinds))]
        table = make_cells(*kinds, slide="slide", field=name, at=places)
        p = table["p_infected"].to_numpy(float).copy()
        p[:3], p[3:5] = rng.uniform(0.6, 1, 3).round(4), rng.uniform(0.3, 0.49, 2).round(4)
        stages = ["gametocyte", "ring", "unknown", *table["stage"].tolist()[3:]]
        tables.append(table.assign(p_infected=p, stage=stages))
    cells = pd.concat(tables, ignore_index=True)
    cells = cells.assign(cell=range(1, len(cells) + 1), diameter_um=rng.normal(7.4, 0.6, len(cells)).round(3))
    text = "A finding whose text fills a line or two, and says what a person at the bench should do about it."
    notice = Notice(code="few_cells", severity="warn", value=12.3456, limit=500.0, text=text)
    return make_result(
        cells, make_facts("slide", fields=names, notices=(notice,) * 6, source="slide", tells_stages=True)
    )


def test_the_report_opens_without_an_error_or_a_request(browser: webdriver.Chrome, full_report: Path) -> None:
    browser.get_log("browser")
    browser.get(full_report.as_uri())
    assert browser.get_log("browser") == []
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in loaded if not name.startswith("data:")] == []
    pictures = browser.execute_script(
        "return [...document.images].map(i => i.complete && i.naturalWidth > 0 && i.alt.length > 0)"
    )
    assert len(pictures) == 80
    assert all(pictures)
    assert full_report.stat().st_size < BYTES_MAX


def test_the_fullest_report_prints_on_four_pages_of_a4(browser: webdriver.Chrome, full_report: Path) -> None:
    browser.get(full_report.as_uri())
    answer = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    pdf = base64.b64decode(answer["data"])
    sizes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
    assert 1 <= len(sizes) <= PAGES_MAX
    assert {(round(float(width)), round(float(height))) for width, height in sizes} == {A4_PT}


@pytest.mark.parametrize("width", [1200, 390])
def test_the_report_fits_its_window(browser: webdriver.Chrome, full_report: Path, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get(full_report.as_uri())
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def test_headings_tables_and_charts_say_what_they_are(browser: webdriver.Chrome, full_report: Path) -> None:
    browser.get(full_report.as_uri())
    levels = [int(one.tag_name[1]) for one in browser.find_elements(By.CSS_SELECTOR, "h1, h2, h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in browser.find_elements(By.TAG_NAME, "table"):
        assert table.find_elements(By.CSS_SELECTOR, "th[scope=col]")
    for chart in browser.find_elements(By.CSS_SELECTOR, "svg:not([aria-hidden])"):
        assert chart.get_attribute("role") == "img"
        assert chart.get_attribute("aria-label")


def test_every_text_has_enough_contrast(browser: webdriver.Chrome, full_report: Path) -> None:
    browser.get(full_report.as_uri())
    colours = browser.execute_script(
        """return [...document.querySelectorAll("body *")]
          .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
          .filter(e => !e.closest("svg"))
          .map(e => getComputedStyle(e).color)"""
    )
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert colours
    for colour in set(colours):
        assert _contrast(colour, ground) >= CONTRAST, colour


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of 'rgb(r, g, b)', WCAG 2.2."""
    channels = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
