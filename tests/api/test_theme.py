"""The colours of the pages can be told apart: WCAG 2.1 AA, in light and in dark."""

import re

import pytest

from api.pages import STATIC

TEXT, SHAPE = 4.5, 3.0  # WCAG 2.1, 1.4.3 and 1.4.11
PAIRS = [
    ("ink", "ground", TEXT),
    ("ink", "paper", TEXT),
    ("ink", "warn", TEXT),
    ("ink", "bad", TEXT),
    ("ink", "over", TEXT),
    ("soft", "ground", TEXT),
    ("soft", "paper", TEXT),
    ("soft", "over", TEXT),
    ("act", "ground", TEXT),
    ("act", "paper", TEXT),
    ("act", "over", TEXT),
    ("act-ink", "act", TEXT),
    ("seen", "paper", TEXT),
    ("none", "paper", TEXT),
    ("refused", "paper", TEXT),
    ("warn-edge", "warn", SHAPE),
    ("seen", "bad", SHAPE),
    ("focus", "paper", SHAPE),
    ("focus", "ground", SHAPE),
]


def _themes() -> dict[str, dict[str, str]]:
    text = (STATIC / "page.css").read_text(encoding="utf-8")
    dark = re.search(r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", text, re.S)
    light = re.search(r":root \{(.*?)\}", text, re.S)
    assert light is not None
    assert dark is not None
    light_colours = _colours(light[1])
    return {"light": light_colours, "dark": {**light_colours, **_colours(dark[1])}}


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def _luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_has_contrast_enough(theme):
    colours = _themes()[theme]
    findings = []
    for front, back, wanted in PAIRS:
        bright, dim = sorted((_luminance(colours[front]), _luminance(colours[back])), reverse=True)
        contrast = (bright + 0.05) / (dim + 0.05)
        if contrast < wanted:
            findings.append(f"{front} on {back}: {contrast:.2f}, wanted {wanted}")
    assert not findings, findings


def test_dark_names_every_colour_that_light_names():
    themes = _themes()
    assert all(themes["light"][name] != colour for name, colour in themes["dark"].items())


def test_no_rule_has_a_colour_that_is_in_no_theme():
    text = (STATIC / "page.css").read_text(encoding="utf-8")
    rules = re.sub(r":root \{.*?\}", "", text, flags=re.S)
    assert re.findall(r"#[0-9a-fA-F]{3,6}\b(?=[;\s])", rules) == []
