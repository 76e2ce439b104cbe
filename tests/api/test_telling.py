"""What is told over HTTP names no folder of the server and no option of the command line."""

import ast
import re
from pathlib import Path

import pytest

from api.telling import plain_page, plain_text, value_line
from pipeline.quality.reasons import REASONS

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("film.png is no picture; hand in a JPEG or PNG", "film.png is no picture; hand in a JPEG or PNG"),
        (
            "the size of a pixel is unknown; check the picture or pass --um-per-px",
            "the size of a pixel is unknown; check the picture or give µm per pixel",
        ),
        (
            "um_per_px is 3; pass another --um-per-px, or none to take it from the file or the cells",
            "um_per_px is 3; give another µm per pixel, or none to take it from the file or the cells",
        ),
        (
            "film.svs needs more memory than one slide may take; raise --memory-limit and pass "
            "--retry-failed, or hand in a smaller part of it",
            "film.svs needs more memory than one slide may take; hand in a smaller part of it",
        ),
        (
            "not enough memory; close other programs, or pass fewer --workers or a smaller --tile-px",
            "not enough memory; close other programs",
        ),
        (
            "a result is there already; pass --overwrite to replace it, or another -o",
            "a result is there already",
        ),
        (
            "/usr/lib/python3/models/classifier/classifier.tflite is missing; run `make train`",
            "classifier.tflite is missing",
        ),
        (r"C:\Users\lab\data\film.png cannot be read", "film.png cannot be read"),
        (
            "cannot use /srv/data/smearcount (Read-only file system)",
            "cannot use smearcount (Read-only file system)",
        ),
        ("0.11 µm/px, 3/10 of the cells, and/or", "0.11 µm/px, 3/10 of the cells, and/or"),
        ("thin-film, well-stained - as seen", "thin-film, well-stained - as seen"),
        (
            "The pixel size was estimated (0.11 µm per px): give it with --um-per-px where you know it.",
            "The pixel size was estimated (0.11 µm per px): give it as µm per pixel where you know it.",
        ),
        ("The film is too thick: count it with --whole-film.", "The film is too thick."),
        ("It was counted. Pass --overwrite to replace it.", "It was counted."),
        ("set SMEARCOUNT_DATA_DIR to a folder you may write to", "the service could not do this"),
    ],
)
def test_advice_for_the_command_line_and_folders_are_left_out(text, told):
    assert plain_text(text) == told


@pytest.mark.parametrize(
    "name", ["-rf.png", "a --of b.png", "a; pass --workers.png", "smearcount run.png", "a or --b"]
)
def test_the_name_of_a_picture_stays_whatever_it_looks_like(name):
    assert plain_text(f"{name} is cut off; pass --overwrite", [name]) == f"{name} is cut off"
    page = f"<p>{name} of /srv/data/a.png</p>"
    assert plain_page(page, [name]) == f"<p>{name} of a.png</p>"


def _written_texts() -> list[str]:
    """Every text of the program that a slide's notice or error may be made of."""
    texts = []
    for room in ("pipeline", "segmentation", "classifier", "models"):
        for path in (REPOSITORY / room).rglob("*.py"):
            if "cli" in path.parts:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if id(node) in documents:
                    continue
                if isinstance(node, ast.JoinedStr | ast.Constant):
                    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
                    values = [part.value for part in parts if isinstance(part, ast.Constant)]
                    texts.append("".join(value if isinstance(value, str) else "" for value in values))
    return texts


def test_no_text_of_the_program_reaches_a_page_with_an_option_in_it():
    option = re.compile(r" --[a-z]")
    texts = [text for text in _written_texts() if option.search(text)]
    assert len(texts) > 10
    assert [text for text in texts if option.search(plain_text(text))] == []


def test_no_advice_of_quality_control_is_lost():
    for reason in REASONS:
        text = f"{reason.words} (0.1): {reason.advice}."
        told = plain_text(text)
        assert told.startswith(f"{reason.words} (0.1)"), told
        assert len(told) > 0.8 * len(text), told


def test_a_page_is_told_plainly_and_stays_a_page():
    page = (
        "<style>a { b: --c; }</style><p>a &lt;b&gt; and/or</p><p>/srv/data/a &amp; b.png is cut off</p><br>"
    )
    assert plain_page(page) == page.replace("/srv/data/a", "a")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            {"type": "greater_than_equal", "loc": ("query", "limit"), "input": "0", "ctx": {"ge": 1}},
            "limit is '0'; expected at least 1",
        ),
        (
            {"type": "int_parsing", "loc": ("query", "limit"), "input": "x"},
            "limit is 'x'; expected a whole number",
        ),
        (
            {"type": "float_parsing", "loc": ("um_per_px",), "input": "x"},
            "um_per_px is 'x'; expected a number",
        ),
        ({"type": "missing", "loc": ("body",), "input": None}, "the request is nothing; expected a value"),
        ({"type": "new_kind", "loc": ("a", 1), "input": 5}, "a.1 is 5; expected another value"),
    ],
)
def test_a_refused_value_is_told_in_our_words(error, line):
    assert value_line(error) == line
