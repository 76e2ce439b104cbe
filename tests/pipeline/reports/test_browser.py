"""The morning page in a real browser, opened as a file: no error, its pictures shown, its table sorted."""

import math

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from pipeline.reports import thumbnails as pictures
from pipeline.reports.morning import write_morning_page
from tests.pipeline.reports.made_up_rows import mixed_rows, write_overlays

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("embedded_max", [1_000_000, 0])
def test_the_page_opens_as_a_file_shows_thumbnails_and_sorts(browser, tmp_path, monkeypatch, embedded_max):
    monkeypatch.setattr(pictures, "EMBEDDED_BYTES_MAX", embedded_max)
    rows = mixed_rows()
    write_overlays(tmp_path, rows)
    browser.get(write_morning_page(tmp_path, rows, patience_s=math.inf).as_uri())
    for image in browser.find_elements(By.CSS_SELECTOR, "#slides img"):
        browser.execute_script("arguments[0].loading = 'eager'", image)
    shown = "return [...document.querySelectorAll('#slides img')].every(i => i.complete && i.naturalWidth)"
    WebDriverWait(browser, 10).until(lambda page: page.execute_script(shown))
    browser.find_element(By.CSS_SELECTOR, "button[data-by='1']").click()
    names = [name.text for name in browser.find_elements(By.CSS_SELECTOR, "#slides tbody bdi")]
    assert names[0] == "part-1"
    browser.find_element(By.ID, "search").send_keys("copy-1")
    rows_left = browser.find_elements(By.CSS_SELECTOR, "#slides tbody tr:not([hidden])")
    assert len(rows_left) == 1
    assert browser.get_log("browser") == []
