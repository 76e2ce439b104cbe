"""Numbers and tables as plain text for a person."""

from collections.abc import Sequence

from pipeline.evaluation.metrics import Rate

__all__ = ["number_text", "rate_text", "text_table"]


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their headings: the first to the left, the others to the right."""
    table = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    lines = [
        row[0].ljust(widths[0]) + "".join(f"  {row[i]:>{widths[i]}}" for i in range(1, len(header)))
        for row in table
    ]
    return "\n".join(line.rstrip() for line in lines)


def number_text(value: float | None, digits: int) -> str:
    """The number with that many decimals; a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def rate_text(rate: Rate, *, percent: bool = False) -> str:
    """Value, 95% interval and the counts behind them; in percent, or in the rate's own unit."""
    if rate.value is None or rate.low is None or rate.high is None:
        return "- (no such cell)"
    factor, unit, digits = (100.0, "%", 2) if percent else (1.0, "", 1)
    value, low, high = (f"{factor * number:.{digits}f}{unit}" for number in (rate.value, rate.low, rate.high))
    return f"{value} ({low} to {high}), {rate.hits} of {rate.of}"
