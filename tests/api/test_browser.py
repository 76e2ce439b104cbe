"""The page in a real browser: hand in a photo, watch it, read the count, see the overlay.

SMEARCOUNT_SCREENSHOTS=DIR keeps a picture of each page.
"""

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import presence_of_element_located
from selenium.webdriver.support.wait import WebDriverWait

from tests.api.conftest import PATIENCE_S, film_png

pytestmark = pytest.mark.browser

DESKTOP = (1280, 900)
PHONE = (390, 844)


@pytest.fixture
def page(browser, serve) -> webdriver.Chrome:
    """The start page of a fresh service, in a window of a desktop's size."""
    _size(browser, DESKTOP)
    browser.get(serve().address)
    return browser


def _size(browser: webdriver.Chrome, size: tuple[int, int]) -> None:
    """Set the size of the page itself; a window cannot be as narrow as a phone."""
    width, height = size
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )


def _until(browser: webdriver.Chrome, met: Callable[[webdriver.Chrome], object]) -> None:
    WebDriverWait(browser, PATIENCE_S).until(met)


def _one(browser: webdriver.Chrome, selector: str):
    return browser.find_element(By.CSS_SELECTOR, selector)


def _picture(folder: Path, name: str, data: bytes | None = None) -> str:
    path = folder / name
    path.write_bytes(film_png() if data is None else data)
    return str(path)


def _hand_in(browser: webdriver.Chrome, path: str) -> None:
    _one(browser, "#slide-form input[type=file]").send_keys(path)
    _one(browser, "#slide-form button").click()


def _counted(browser: webdriver.Chrome) -> None:
    _until(browser, lambda page: page.find_elements(By.ID, "verdict"))
    loaded = "const o = document.getElementById('overlay'); return o.complete && o.naturalWidth"
    _until(browser, lambda page: page.execute_script(loaded))


def _fits(browser: webdriver.Chrome) -> bool:
    script = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    return bool(browser.execute_script(script))


def _keep(browser: webdriver.Chrome, name: str) -> None:
    folder = os.environ.get("SMEARCOUNT_SCREENSHOTS")
    if folder is None:
        return
    for kind, (width, height) in (("desktop", DESKTOP), ("phone", PHONE)):
        _size(browser, (width, height))
        full = browser.execute_script("return document.documentElement.scrollHeight")
        _size(browser, (width, max(height, int(full))))
        for scheme in ("dark", "light"):
            _prefer(browser, scheme)
            browser.save_screenshot(str(Path(folder) / f"{name}-{kind}-{scheme}.png"))
    _size(browser, DESKTOP)


def _prefer(browser: webdriver.Chrome, scheme: str) -> None:
    """As a person who set the computer to dark or light."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def test_a_photo_is_counted_on_the_page_and_its_overlay_shown(page, tmp_path):
    _keep(page, "start")
    _hand_in(page, _picture(tmp_path, "film.png"))
    _counted(page)
    assert _one(page, "#verdict").text == "Parasites seen"
    assert _one(page, "#count").text.startswith("12 of 845 red cells are infected: parasitaemia 1.4%")
    assert page.execute_script("return document.getElementById('overlay').naturalWidth") == 640
    assert "/slides/" in page.current_url  # the result can be bookmarked
    assert page.get_log("browser") == []
    _keep(page, "counted")


def test_several_photos_of_a_slide_are_handed_in_at_once(page, tmp_path):
    paths = [_picture(tmp_path, name) for name in ("a.png", "b.png", "c.png")]
    _hand_in(page, "\n".join(paths))
    _counted(page)
    assert _one(page, "#slide-title").text == "a and 2 more"


def test_a_slide_under_way_shows_how_far_it_is(page, tmp_path):
    _hand_in(page, _picture(tmp_path, "slow.png"))
    _until(page, lambda shown: "1 of 4 parts" in _one(shown, "#result").text)
    assert page.execute_script("return document.querySelector('#result progress').value") == 1
    _keep(page, "running")


def test_a_slide_that_cannot_be_counted_says_why(page, tmp_path):
    _hand_in(page, _picture(tmp_path, "refuses.png"))
    _until(page, lambda shown: "Could not be counted" in _one(shown, "#result").text)
    assert "refuses.png holds not one cell" in _one(page, "#result").text
    _keep(page, "failed")


def test_what_is_no_picture_is_told_beside_the_form(page, tmp_path):
    _hand_in(page, _picture(tmp_path, "letter.png", b"a letter"))
    _until(page, lambda shown: "letter.png" in _one(shown, "#slide-form .status").text)
    assert _one(page, "#slide-form button").is_enabled()
    _keep(page, "refused")


def test_single_cells_are_shown_as_a_table(page, tmp_path):
    shapes = {"wide.png": (20, 60, 3), "high.png": (60, 20, 3)}
    paths = [
        _picture(tmp_path, name, cv2.imencode(".png", np.zeros(shape, np.uint8))[1].tobytes())
        for name, shape in shapes.items()
    ]
    assert page.find_elements(By.CSS_SELECTOR, "#crops-form") == []  # it stands apart
    page.find_element(By.LINK_TEXT, "Single cells").click()
    _until(page, lambda shown: shown.find_elements(By.ID, "crops-form"))
    assert page.find_elements(By.CSS_SELECTOR, "#slide-form") == []
    _one(page, "#crops-form input[type=file]").send_keys("\n".join(paths))
    _one(page, "#crops-form button").click()
    _until(page, lambda shown: shown.find_elements(By.CSS_SELECTOR, "#result tbody tr"))
    rows = [row.text for row in page.find_elements(By.CSS_SELECTOR, "#result tbody tr")]
    assert rows == ["wide.png infected 0.750", "high.png not infected 0.250"]
    _keep(page, "crops")


def test_a_photo_can_be_dropped_on_the_form(page):
    # On a busy machine the page's script may not listen yet: what is dropped before that is lost.
    drop = (
        "const files = new DataTransfer(); files.items.add(new File(['x'], 'dropped.png'));"
        "document.querySelector('#slide-form .drop').dispatchEvent("
        "new DragEvent('drop', {dataTransfer: files, bubbles: true, cancelable: true}));"
        "const held = document.querySelector('#slide-form input[type=file]').files;"
        "return held.length ? held[0].name : '';"
    )
    name = WebDriverWait(page, 20).until(lambda browser: browser.execute_script(drop))
    assert name == "dropped.png"


def test_the_form_can_be_sent_with_the_keyboard_alone(page, tmp_path):
    _one(page, "#slide-form input[type=file]").send_keys(_picture(tmp_path, "film.png"))
    visited: list[str] = []
    while "button" not in visited:
        assert len(visited) < 15, visited
        ActionChains(page).send_keys(Keys.TAB).perform()
        visited.append(page.switch_to.active_element.tag_name)
    assert "input" in visited
    ActionChains(page).send_keys(Keys.ENTER).perform()
    _counted(page)
    assert _one(page, "#verdict").text == "Parasites seen"


def test_a_count_fits_on_a_phone(page, tmp_path):
    _hand_in(page, _picture(tmp_path, "film-of-patient-17-taken-on-the-third-day-of-treatment.png"))
    _counted(page)
    assert _fits(page)
    _size(page, PHONE)
    assert _fits(page)


def test_the_colours_follow_the_computer(page):
    seen = {}
    for scheme in ("light", "dark"):
        _prefer(page, scheme)
        seen[scheme] = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    _prefer(page, "light")
    assert seen == {"light": "rgb(246, 243, 248)", "dark": "rgb(22, 18, 28)"}


def test_the_logo_is_drawn(page):
    loaded = "const logo = document.querySelector('header img'); return logo.complete && logo.naturalWidth"
    _until(page, lambda shown: shown.execute_script(loaded))


def test_a_key_opens_the_pages(browser, serve, tmp_path, monkeypatch):
    (tmp_path / "keys").write_text("a key of the night shift")
    monkeypatch.setenv("SMEARCOUNT_KEY_FILE", str(tmp_path / "keys"))
    browser.get(serve().address)
    _keep(browser, "login")
    for key, shown in (("not the key of anybody", "problem"), ("a key of the night shift", "slide-form")):
        assert browser.find_elements(By.ID, shown) == []
        _one(browser, "#login-form input[name=key]").send_keys(key)
        _one(browser, "#login-form button").click()
        WebDriverWait(browser, PATIENCE_S).until(presence_of_element_located((By.ID, shown)))
    _hand_in(browser, _picture(tmp_path, "film.png"))
    _counted(browser)
    _keep(browser, "locked")
    browser.find_element(By.CSS_SELECTOR, "nav button").click()
    _until(browser, lambda shown: shown.find_elements(By.ID, "login-form"))
