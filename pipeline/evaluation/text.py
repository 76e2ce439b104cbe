"""Numbers and tables as plain text for a person."""

from collections.abc import Sequence
from io import StringIO
from typing import Literal

from pipeline.evaluation.metrics import Rate

__all__ = ["number_text", "rate_text", "text_rows", "text_table"]

_WIDTH = 1000  # letters; a line is as long as its table needs


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their headings: the first to the left, the others to the right."""
    return _laid_out(rows, header, "right")


def text_rows(rows: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each name and what belongs to it, beside one another."""
    return _laid_out(rows, (), "left").splitlines()


def _laid_out(rows: Sequence[Sequence[str]], header: Sequence[str], justify: Literal["left", "right"]) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(header))
    for column in range(len(header or rows[0])):
        name = Text(header[column] if header else "")
        table.add_column(name, justify=justify if column else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    text = StringIO()
    Console(file=text, width=_WIDTH, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


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
