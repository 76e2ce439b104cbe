"""What is told of an error fits into one line, whatever raised it."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import OutputError, SlideError, error_line, reason_of


@pytest.mark.parametrize(
    ("error", "reason", "line"),
    [
        (
            OSError(errno.ENOSPC, "No space left", "a.png"),
            "No space left",
            "a.png: No space left; free space there",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "a.png"),
            "File name too long",
            "a.png: File name too long; shorten the name, or the path",
        ),
        (OSError("gone"), "gone", "unexpected OSError: gone"),
        (OutputError("out: is full;\n  free space"), "out: is full; free space", "out: is full; free space"),
        (ValueError("two\n\tlines"), "two lines", "unexpected ValueError: two lines"),
        (KeyError(), "KeyError", "unexpected KeyError"),
        (SlideError(), "SlideError", "SlideError"),
    ],
)
def test_the_reason_stands_alone_and_the_line_says_whose_it_is(
    error: Exception, reason: str, line: str
) -> None:
    assert reason_of(error) == reason
    assert error_line(error) == line


@given(st.text(), st.sampled_from([ValueError, SlideError, MemoryError]))
def test_no_text_of_an_error_breaks_the_line(text: str, kind: type[Exception]) -> None:
    for told in (reason_of(kind(text)), error_line(kind(text))):
        assert told
        assert len(told.splitlines()) == 1


def test_the_reason_of_a_real_refusal_is_the_systems_word() -> None:
    with pytest.raises(FileNotFoundError) as refused:
        Path("/nowhere/at/all").stat()
    assert reason_of(refused.value) == os.strerror(errno.ENOENT)
