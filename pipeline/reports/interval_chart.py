"""The intervals of all slides side by side on a log scale, as an SVG that a page holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

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


def interval_chart(rows: Sequence[BatchRow]) -> str:
    """SVG of the parasitaemia and 95% interval of every slide that may be used, highest first.

    Empty where there is none. A full mark is "parasites seen", an open one with a dashed line is not.
    """
    drawn = ("seen", "uncertain", "none", "partial")
    shown = [row for row in rows if kind_of(row) in drawn and row.high is not None]
    shown.sort(key=lambda row: (row.parasitaemia or 0.0, row.high or 0.0), reverse=True)
    if not shown:
        return ""
    labelled = len(shown) <= LABELLED_MAX
    axis = _axis(shown, LABEL_WIDTH if labelled else 0)
    pitch = min(PITCH_MAX, max(PITCH_MIN, BODY_HEIGHT / len(shown)))
    end = TOP + pitch * len(shown)
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {end + BOTTOM:.0f}" role="img" '
        'aria-labelledby="chart-title">',
        *_scale(axis, end),
        *(_slide(row, axis, TOP + pitch * (place + 0.5), pitch) for place, row in enumerate(shown)),
    ]
    if labelled:
        parts += [_label(row, TOP + pitch * (place + 0.5)) for place, row in enumerate(shown)]
    return "\n".join([*parts, "</svg>"])


def _axis(shown: Sequence[BatchRow], labels: int) -> _Axis:
    ends = [end for row in shown for end in (row.low, row.parasitaemia, row.high) if end]
    # rounding leaves 1e-19 where the lower end is 0: the scale follows the estimates and the upper ends
    least = min((end for row in shown for end in (row.parasitaemia, row.high) if end), default=1e-3)
    first = min(max(math.floor(math.log10(least)), DECADE_MIN), -1)
    last = min(max(math.ceil(math.log10(max(ends, default=1e-2))), first + 1), DECADE_MAX)
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


def _slide(row: BatchRow, axis: _Axis, y: float, pitch: float) -> str:
    seen = row.verdict == "parasites seen"
    share = row.parasitaemia or 0.0
    x, low, high = axis.at(share), axis.at(row.low or 0.0), axis.at(row.high or 0.0)
    if share > 0:
        low = max(low, axis.left)  # the lower end may be 0, but the estimate is not
    words = f"{row.slide}: {percent_text(share)} ({percent_text(row.low)} to {percent_text(row.high)})"
    kind, thick = "seen" if seen else "none", min(2, pitch * 0.7)
    return (
        f'<g class="{kind}"><title>{for_html(f"{words}, {verdict_text(row.verdict, row.look_at)}")}</title>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke-width="{thick:.2f}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{min(4, max(1.2, pitch * 0.4)):.1f}"/></g>'
    )


def _label(row: BatchRow, y: float) -> str:
    name = for_line(row.slide)
    short = name if len(name) <= LABEL_LETTERS else f"{name[: LABEL_LETTERS - 1]}…"
    return f'<text x="{LABEL_WIDTH - 6}" y="{y + 4:.1f}" text-anchor="end">{for_html(short)}</text>'
