"""Where each line, word and mark of the plot of difference against mean stands (Bland and Altman 1986)."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.reports.readers.agreement import Comparison, PairOfReaders, is_discordant
from pipeline.reports.readers.reading import Reading

__all__ = ["INK", "PANEL", "WIDTH", "Drawn", "Mark", "Rule", "Words", "laid_out"]

WIDTH, PANEL, LEFT, RIGHT, TOP, FOOT = 720, 330, 76, 700, 58, 276
"""Size of a pair's panel and sides of its plot, px."""
LINEAR_PERCENT = 0.1
"""The axis goes over from linear to logarithmic about here, so that 0 has its place."""
_TICKS = (0.0, 0.1, 1.0, 10.0, 100.0)
INK, _PALE = "#1a1a1a", "#dddddd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A line of text: where it stands (px), size of its font (px), which end that is, turned or not."""

    x: float
    y: float
    text: str
    size: int = 12
    anchor: str = "start"
    is_bold: bool = False
    is_upright: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A level line across the plot at y, px."""

    y: float
    left: float = LEFT
    right: float = RIGHT
    colour: str = _PALE
    width: float = 1.0
    is_dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One slide, px; a discordant one has another form."""

    x: float
    y: float
    is_discordant: bool


Drawn = Words | Rule | Mark


def laid_out(comparison: Comparison) -> Iterator[tuple[PairOfReaders, list[Drawn]]]:
    """What is drawn in the panel of each pair, from back to front; PANEL px high, WIDTH px wide."""
    places = {name: place for place, name in enumerate(comparison.readers)}
    for pair in comparison.pairs:
        first, second = places[pair.first], places[pair.second]
        found = [(slide.readings[first], slide.readings[second]) for slide in comparison.slides]
        both = [(a, b) for a, b in found if a is not None and b is not None]
        yield pair, list(_panel(pair, both))


def _panel(pair: PairOfReaders, both: Sequence[tuple[Reading, Reading]]) -> Iterator[Drawn]:
    points = [(50 * (a.fraction + b.fraction), 100 * (b.fraction - a.fraction)) for a, b in both]
    most = max([mean for mean, _ in points] + [1.0])
    ends = [abs(end) for end in (pair.low, pair.high, pair.bias) if end is not None]
    reach = 1.15 * max([abs(difference) for _, difference in points] + ends + [0.1])
    title = f"{pair.second} minus {pair.first}: {pair.slides} slides, mean {pair.bias:+.2f} points"
    yield Words(x=LEFT, y=22, text=title, size=14, is_bold=True)
    limits = "" if pair.low is None else f"95% limits {pair.low:+.2f} to {pair.high:+.2f} (dashed). "
    yield Words(x=LEFT, y=42, text=f"{limits}Squares: {pair.discordant} discordant, dots: the others.")
    for tick in _TICKS:
        if tick <= most * 1.3:
            yield Words(x=_x(tick, most), y=FOOT + 18, text=f"{tick:g}", anchor="middle")
    for value in (-reach / 1.15, 0.0, reach / 1.15):
        yield Words(x=LEFT - 8, y=_y(value, reach) + 4, text=_signed(value), anchor="end")
        yield Rule(y=_y(value, reach))
    for height, is_dashed in ((pair.bias, False), (pair.low, True), (pair.high, True)):
        if height is not None:
            yield Rule(y=_y(height, reach), colour=INK, width=1.5, is_dashed=is_dashed)
    for (a, b), (mean, difference) in zip(both, points, strict=True):
        yield Mark(x=_x(mean, most), y=_y(difference, reach), is_discordant=is_discordant(a, b))
    yield Words(x=(LEFT + RIGHT) / 2, y=FOOT + 38, text="mean parasitaemia of both, %", anchor="middle")
    axis = "difference, percentage points"
    yield Words(x=18, y=(TOP + FOOT) / 2, text=axis, anchor="middle", is_upright=True)


def _signed(points: float) -> str:
    return "0" if points == 0 else f"{points:+.2g}"


def _x(percent: float, most: float) -> float:
    span = math.asinh(most * 1.3 / LINEAR_PERCENT)
    return LEFT + 12 + math.asinh(percent / LINEAR_PERCENT) / span * (RIGHT - LEFT - 12)


def _y(points: float, reach: float) -> float:
    return (TOP + FOOT) / 2 - points / reach * (FOOT - TOP) / 2
