"""One thing that was checked: what was found and, where it is not right, how to mend it."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State", "graded", "passed"]

State = Literal["PASS", "WARN", "FAIL"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    state : PASS; WARN, where a count works, but a night may not; FAIL, where it does not work.
    found, mend : a line each; nothing is to be mended where it passed.
    """

    name: str
    state: State
    found: str
    mend: str = ""


def passed(name: str, found: str) -> Finding:
    """A check without fault."""
    return Finding(name=name, state="PASS", found=found)


def graded(name: str, value: float, limits: tuple[float, float], found: str, mend: str) -> Finding:
    """A check of a number that should be large: FAIL below the first limit, WARN below the second."""
    fail_below, warn_below = limits
    if value >= warn_below:
        return passed(name, found)
    return Finding(name=name, state="FAIL" if value < fail_below else "WARN", found=found, mend=mend)
