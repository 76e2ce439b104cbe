"""The morning page in a real browser, opened as a file: no error, its pictures shown, its table sorted."""

import math
import os
import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from pipeline.reports import thumbnails as pictures
from pipeline.reports.morning import write_morning_page
from tests.pipeline.reports.made_up_rows import mixed_rows, write_overlays

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator[webdriver.Chrome]:
    """A headless Chromium; skips where it is missing, fails where CI=true."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        reason = "chromium or chromedriver not found; `make browser` installs them on Debian"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    profile = f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", profile):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()


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
