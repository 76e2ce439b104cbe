"""How counts and fractions are worded for a person."""

from pipeline.counting.statistics import wilson
from pipeline.records import Headline

__all__ = ["count_line", "per_ul_text", "percent_text"]


def count_line(infected: int, counted: int) -> str:
    """The count in one line: "12 infected of 845 red cells: 1.4% (0.8% to 2.5%)"."""
    if counted == 0:
        return "no red cell counted"
    low, high = wilson(infected, counted)
    share = f"{percent_text(infected / counted)} ({percent_text(low)} to {percent_text(high)})"
    return f"{infected} infected of {counted} red cells: {share}"


def percent_text(fraction: float | None) -> str:
    """A fraction as a person reads it, small ones in full: 0.0142 is "1.4%", 0.00093 is "0.093%"."""
    if fraction is None:
        return "-"
    percent = 100 * fraction
    decimals = 1 if percent >= 1 or percent == 0 else 2 if percent >= 0.1 else 3
    return f"{percent:.{decimals}f}%"


def per_ul_text(headline: Headline) -> str:
    """Parasites per µL to two digits, its interval, and the red cells per µL that it comes from."""
    value, low, high = (
        _two_digits(number)
        for number in (
            headline.parasites_per_ul,
            headline.parasites_per_ul_low,
            headline.parasites_per_ul_high,
        )
    )
    cells = f"{headline.red_cells_per_ul:,.0f} red cells per µL, {headline.red_cells_source}"
    return f"{value} ({low} to {high}; {cells})"


def _two_digits(number: float) -> str:
    step = 10 ** max(len(f"{number:.0f}") - 2, 0)
    return f"{round(number / step) * step:,}"
