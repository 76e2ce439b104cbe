"""How counts and fractions are worded for a person."""

from pipeline.counting.statistics import wilson

__all__ = ["count_line", "percent_text"]


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
