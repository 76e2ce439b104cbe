"""What one row of the table of reasons says."""

from dataclasses import dataclass
from typing import Literal

from pipeline.records import NoticeCode

__all__ = ["Action", "Reason"]

Action = Literal[
    "look by eye",
    "refocus",
    "more light",
    "less light",
    "camera settings",
    "stronger objective",
    "other field",
    "more fields",
    "pixel size",
    "files",
    "new smear",
    "nothing",
]
"""What is to be done, in a word or two, for a sign or a filter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One finding of quality control, as a person reads it.

    Attributes
    ----------
    words : what it says of the slide, a part of a sentence.
    measured : what is measured, with its unit.
    warns, refuses : from which value on; empty where it never does.
    action : what is to be done, in a word or two. advice : the same as a part of a sentence.
    good_warned, good_refused : share of good fields, each counted alone, that it warns of or refuses, 0 to 1;
        None where a single field says nothing of it. See docs/quality.md.
    """

    code: NoticeCode
    words: str
    measured: str
    warns: str = ""
    refuses: str = ""
    action: Action = "nothing"
    advice: str = "nothing is to be done"
    good_warned: float | None = None
    good_refused: float = 0.0
