"""The intervals of all slides side by side on a log scale, as an SVG that a page holds."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.batch_row import BatchRow
from pipeline.names import for_html, for_line
from pipeline.reports.night import kind_of
from pipeline.wording import percent_text, verdict_text

__all__ = ["interval_chart"]

WIDTH = 900
RIGHT = 880
LABELLED_MAX = 40  # slides; of more, the names would run into one another
LABEL_LETTERS = 26
LABEL_WIDTH = 200
ZERO_WIDTH = 64  # of the column for 0, which has no place on a log scale
PITCH_MAX, PITCH_MIN, BODY_HEIGHT = 16.0, 0.8, 620.0
TOP, BOTTOM = 8.0, 40.0
DECADE_MIN, DECADE_MAX = -6, 0  # 0.0001% and 100%


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """Log scale from 10^first to 10^last over `left` to RIGHT; 0 stands apart at `zero`."""

    left: float
    zero: float
    first: int
    last: int

    def at(self, fraction: float) -> float:
        if fraction <= 0:
            return self.zero
        place = (math.log10(fraction) - self.first) / (self.last - self.first)
        return self.left + min(max(place, 0.0), 1.0) * (RIGHT - self.left)


class _Mark(NamedTuple):
    """What is drawn of a slide; as little as that, for a chart may show thousands."""

    share: float
    high: float
    low: float
    name: str
    verdict: str
    seen: bool


def interval_chart(rows: Iterable[BatchRow]) -> Iterator[str]:
    """SVG of the parasitaemia and 95% interval of every slide that may be used, highest first, line by line.

    Nothing where there is none. A full mark is "parasites seen", an open one with a dashed line is not.
    """
    drawn = ("seen", "uncertain", "none", "partial")
    shown = [_mark(row) for row in rows if kind_of(row) in drawn and row.high is not None]
    shown.sort(key=lambda mark: (mark.share, mark.high), reverse=True)
    if not shown:
        return
    labelled = len(shown) <= LABELLED_MAX
    axis = _axis(shown, LABEL_WIDTH if labelled else 0)
    pitch = min(PITCH_MAX, max(PITCH_MIN, BODY_HEIGHT / len(shown)))
    end = TOP + pitch * len(shown)
    yield (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {end + BOTTOM:.0f}" role="img" '
        'aria-labelledby="chart-title">'
    )
    yield from _scale(axis, end)
    for place, mark in enumerate(shown):
        yield _slide(mark, axis, TOP + pitch * (place + 0.5), pitch)
    if labelled:
        for place, mark in enumerate(shown):
            yield _label(mark.name, TOP + pitch * (place + 0.5))
    yield "</svg>"


def _mark(row: BatchRow) -> _Mark:
    return _Mark(
        share=row.parasitaemia or 0.0,
        high=row.high or 0.0,
        low=row.low or 0.0,
        name=row.slide,
        verdict=verdict_text(row.verdict, row.look_at),
        seen=row.verdict == "parasites seen",
    )


def _axis(shown: Sequence[_Mark], labels: int) -> _Axis:
    most = max((end for mark in shown for end in (mark.low, mark.share, mark.high) if end), default=1e-2)
    # rounding leaves 1e-19 where the lower end is 0: the scale follows the estimates and the upper ends
    least = min((end for mark in shown for end in (mark.share, mark.high) if end), default=1e-3)
    first = min(max(math.floor(math.log10(least)), DECADE_MIN), -1)
    last = min(max(math.ceil(math.log10(most)), first + 1), DECADE_MAX)
    return _Axis(left=labels + ZERO_WIDTH, zero=labels + ZERO_WIDTH / 4, first=first, last=last)


def _scale(axis: _Axis, end: float) -> list[str]:
    """Lines and names of the decades, and of 0."""
    parts = []
    for decade in range(axis.first, axis.last + 1):
        x = axis.at(10.0**decade)
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:.0f}" y2="{end:.1f}"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{end + 16:.1f}" text-anchor="middle">{100 * 10.0**decade:g}%</text>'
        )
    parts.append(
        f'<line class="grid" x1="{axis.zero:.1f}" x2="{axis.zero:.1f}" y1="{TOP:.0f}" y2="{end:.1f}"/>'
    )
    parts.append(f'<text x="{axis.zero:.1f}" y="{end + 16:.1f}" text-anchor="middle">0</text>')
    middle = (axis.left + RIGHT) / 2
    parts.append(
        f'<text x="{middle:.1f}" y="{end + 34:.1f}" text-anchor="middle">infected red cells, log scale</text>'
    )
    return parts


def _slide(mark: _Mark, axis: _Axis, y: float, pitch: float) -> str:
    x, low, high = axis.at(mark.share), axis.at(mark.low), axis.at(mark.high)
    if mark.share > 0:
        low = max(low, axis.left)  # the lower end may be 0, but the estimate is not
    words = f"{mark.name}: {percent_text(mark.share)} ({percent_text(mark.low)} to {percent_text(mark.high)})"
    kind, thick = "seen" if mark.seen else "none", min(2, pitch * 0.7)
    return (
        f'<g class="{kind}"><title>{for_html(f"{words}, {mark.verdict}")}</title>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke-width="{thick:.2f}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{min(4, max(1.2, pitch * 0.4)):.1f}"/></g>'
    )


def _label(slide: str, y: float) -> str:
    name = for_line(slide)
    short = name if len(name) <= LABEL_LETTERS else f"{name[: LABEL_LETTERS - 1]}…"
    return f'<text x="{LABEL_WIDTH - 6}" y="{y + 4:.1f}" text-anchor="end">{for_html(short)}</text>'
