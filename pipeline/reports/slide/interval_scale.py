"""The parasitaemia with its interval on a log scale, against marks that guidelines use, as an SVG."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.records import Headline
from pipeline.reports.slide.svg_style import SVG_STYLE
from pipeline.wording import percent_text

__all__ = ["CLINICAL_MARKS", "interval_scale"]

CLINICAL_MARKS: Mapping[float, str] = {
    0.001: "about 5,000 parasites/µL, where a microlitre holds 5 million red cells",
    0.02: "UK malaria treatment guidelines 2016: above, a higher risk of severe falciparum malaria",
    0.05: "CDC, clinical guidance: from here on, a sign of severe falciparum malaria",
    0.1: "WHO guidelines for malaria 2023: above, hyperparasitaemia of falciparum malaria",
}
"""What guidelines say of a parasitaemia, 0 to 1; a note, never a diagnosis."""
WIDTH, HEIGHT, LEFT, RIGHT = 480, 104, 62, 462
LINE_Y, AXIS_Y, MARKS_Y = 46, 74, 16
ZERO_X = 14
"""Of the mark of 0, which has no place on a log scale."""
DECADE_MIN, DECADE_USUAL, DECADE_MAX = -6, -4, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """Log scale from 10^first to 1."""

    first: int

    def at(self, fraction: float) -> float:
        if fraction <= 0:
            return ZERO_X
        place = (math.log10(fraction) - self.first) / (DECADE_MAX - self.first)
        return LEFT + min(max(place, 0.0), 1.0) * (RIGHT - LEFT)


def interval_scale(found: Headline, *, limit: float | None = None, is_seen: bool = True) -> str:
    """SVG of a parasitaemia and its interval.

    Parameters
    ----------
    limit : of detection, 0 to 1; None where there is none.
    is_seen : a full mark for "parasites seen", else an open one on a dashed line.
    """
    ends = [end for end in (found.parasitaemia, found.high, limit) if end]
    first = min([DECADE_USUAL, *(math.floor(math.log10(end)) for end in ends)])
    axis = _Axis(first=max(first, DECADE_MIN))
    interval = f"{percent_text(found.low)} to {percent_text(found.high)}"
    words = f"{percent_text(found.parasitaemia)} as called, 95% interval {interval}"
    if limit is not None:
        words += f", limit of detection {percent_text(limit)}"
    parts = [
        f'<svg class="scale" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}">',
        SVG_STYLE,
        *_decades(axis),
        *_marks(axis),
        *_interval(axis, (found.parasitaemia, found.low, found.high), is_seen=is_seen),
    ]
    if found.corrected is not None:
        x = axis.at(found.corrected)
        parts.append(f'<path class="corrected" d="M{x:.1f} {LINE_Y - 9}l5 9l-5 9l-5 -9z"/>')
    if limit is not None:
        parts += _limit(axis, limit)
    return "\n".join([*parts, "</svg>"])


def _decades(axis: _Axis) -> list[str]:
    parts = [f'<line class="axis" x1="{LEFT}" x2="{RIGHT}" y1="{AXIS_Y}" y2="{AXIS_Y}"/>']
    for decade in range(axis.first, DECADE_MAX + 1):
        x = axis.at(10.0**decade)
        parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{AXIS_Y}" y2="{AXIS_Y + 5}"/>')
        parts.append(_text(x, AXIS_Y + 19, f"{100 * 10.0**decade:g}%"))
    parts.append(f'<line class="axis" x1="{ZERO_X}" x2="{ZERO_X}" y1="{AXIS_Y}" y2="{AXIS_Y + 5}"/>')
    return [*parts, _text(ZERO_X, AXIS_Y + 19, "0")]


def _marks(axis: _Axis) -> list[str]:
    parts = []
    for fraction in CLINICAL_MARKS:
        x = axis.at(fraction)
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{MARKS_Y + 4}" y2="{AXIS_Y}"/>')
        parts.append(_text(x, MARKS_Y, f"{100 * fraction:g}%"))
    return parts


def _interval(axis: _Axis, values: tuple[float, float, float], *, is_seen: bool) -> list[str]:
    share, low, high = (axis.at(value) for value in values)
    kind = "seen" if is_seen else "none"
    ends = [
        f'<line class="end" x1="{x:.1f}" x2="{x:.1f}" y1="{LINE_Y - 7}" y2="{LINE_Y + 7}"/>'
        for x in (low, high)
    ]
    return [
        f'<line class="interval {kind}" x1="{low:.1f}" x2="{high:.1f}" y1="{LINE_Y}" y2="{LINE_Y}"/>',
        *ends,
        f'<circle class="{kind}" cx="{share:.1f}" cy="{LINE_Y}" r="6"/>',
    ]


def _limit(axis: _Axis, limit: float) -> list[str]:
    x = axis.at(limit)
    return [f'<path class="limit" d="M{x:.1f} {AXIS_Y - 1}l-5 -9h10z"/>']


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{words}</text>'
