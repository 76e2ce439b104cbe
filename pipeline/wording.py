"""How counts and fractions are worded for a person."""

from collections.abc import Mapping
from typing import Any

from pipeline.records import Headline, SlideSummary, Verdict

__all__ = ["count_line", "look_caution", "per_ul_text", "percent_text", "verdict_text"]


def count_line(summary: SlideSummary) -> str:
    """The count in one line: "12 infected of 845 red cells: asexual 1.4% (0.8% to 2.5%)"."""
    found = summary.headline
    if found is None:
        return "no red cell counted"
    share = f"{percent_text(found.parasitaemia)} ({percent_text(found.low)} to {percent_text(found.high)})"
    kind = "asexual " if found.kind == "asexual" else ""
    return f"{summary.infected} infected of {summary.counted} red cells: {kind}{share}"


def percent_text(fraction: float | None) -> str:
    """A fraction as a person reads it, small ones in full: 0.0142 is "1.4%", 0.00093 is "0.093%"."""
    if fraction is None:
        return "-"
    percent = 100 * fraction
    decimals = 1 if percent >= 1 or percent == 0 else 2 if percent >= 0.1 else 3
    return f"{percent:.{decimals}f}%"


def per_ul_text(headline: Headline) -> tuple[str, str]:
    """Parasites per µL to two digits with its interval; the red cells per µL that it comes from."""
    value, low, high = (
        _two_digits(number)
        for number in (
            headline.parasites_per_ul,
            headline.parasites_per_ul_low,
            headline.parasites_per_ul_high,
        )
    )
    return f"{value} ({low} to {high})", f"{headline.red_cells_per_ul:,.0f}, {headline.red_cells_source}"


def _two_digits(number: float) -> str:
    step = 10 ** max(len(f"{number:.0f}") - 2, 0)
    return f"{round(number / step) * step:,}"


def verdict_text(verdict: Verdict | str | None, look_at: int | None) -> str:
    """A verdict as a person reads it: "uncertain: look at 7 cells".

    Parameters
    ----------
    look_at : cells that stand out of the slide's own; None where that is not known. Where none does, those
        that are called are meant.
    """
    if verdict is None:
        return ""
    if verdict != "uncertain":
        return verdict
    cells = "1 cell" if look_at == 1 else f"{look_at:,} cells" if look_at else "these cells"
    return f"uncertain: look at {cells}"


def look_caution(summary: Mapping[str, Any]) -> str:
    """What a person must do where the verdict is uncertain; a summary in the form of summary.json."""
    from pipeline.counting.intervals.limits import is_one_of_few
    from pipeline.counting.verdict import DOUBT_CALLS

    text = "More cells stand out of this slide's own than a clean slide has, but too few are sure. "
    if is_one_of_few(summary["infected"], summary["counted"]):
        text = "One cell alone of very few red cells was called, and may be none at all. "
    if any(notice["code"] in DOUBT_CALLS for notice in summary["notices"]):
        text = "Where rings cannot be seen or the colours are in doubt, what was called may be anything. "
    text += "A trained person must look at those with a double or a broken ring on the overlay. "
    if (summary.get("debris") or {}).get("explained"):
        text += "The slide's own dirt may explain them. "
    look = summary.get("second_look")
    if look is None or not look["cells"]:
        return text.strip()
    return f"{text}In cells.csv they have a p_infected from {look['least_p']:.2f}."
