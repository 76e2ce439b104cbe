"""Plots of a slide's parasitaemia: estimated against annotated, and how the two agree."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.counting.statistics import wilson
from pipeline.evaluation.accuracy import SlideCounts
from pipeline.evaluation.metrics import WITHIN, agreement
from pipeline.evaluation.plots.style import (
    GREY,
    INK,
    MOST_STYLES,
    Subject,
    line_styles,
    new_figure,
    place_legend,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_parasitaemia"]

LINEAR_PERCENT = 0.1
"""The axes of parasitaemia go over from linear to logarithmic about here, so that 0 has its place."""
_TICKS = (0.0, 0.1, 1.0, 10.0, 100.0)


def plot_parasitaemia(slides: Sequence[SlideCounts], subject: Subject) -> "Figure":
    """Estimated against annotated percent of each slide that has cells, and a Bland-Altman plot."""
    shown = [slide for slide in slides if slide.annotated and slide.counted]
    annotated = _percent([(slide.annotated_infected, slide.annotated) for slide in shown])
    estimated = _percent([(slide.called, slide.counted) for slide in shown])
    figure, (scatter, bland) = new_figure(
        f"Parasitaemia of {len(shown)} {subject.group}{'s' if len(shown) != 1 else ''} of {subject.source}",
        f"{subject.source}, {subject.cells}. Bars: 95% Wilson intervals, cells taken as independent. "
        f"Axes of parasitaemia: linear near 0, logarithmic above {LINEAR_PERCENT}%.\n"
        f"Threshold {subject.threshold:.3f}. {subject.networks}.",
        (12.5, 7.2),
        (1, 2),
    )
    _draw_agreement_line(scatter)
    _draw_slides(scatter, shown, annotated, estimated)
    scatter.set(xlabel="annotated parasitaemia, %", ylabel="estimated parasitaemia, %")
    top = max(float(annotated[2].max()), float(estimated[2].max()), 1.0) * 1.3
    for set_scale, set_limits, axis in (
        (scatter.set_xscale, scatter.set_xlim, scatter.xaxis),
        (scatter.set_yscale, scatter.set_ylim, scatter.yaxis),
    ):
        set_scale("asinh", linear_width=LINEAR_PERCENT)
        set_limits(-0.02, top)
        _plain_ticks(axis)
    _draw_bland_altman(bland, shown, annotated[0], estimated[0])
    if len(shown) <= MOST_STYLES:
        place_legend(figure, (scatter, bland), MOST_STYLES)
    return figure


def _percent(counts: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Value, low and high end in percent, float64 (3, n)."""
    rows = [(hits / of, *wilson(hits, of)) for hits, of in counts]
    return 100 * np.asarray(rows, np.float64).reshape(-1, 3).T


def _draw_agreement_line(axes: "Axes") -> None:
    line = np.concatenate([np.linspace(0, LINEAR_PERCENT, 50), np.geomspace(LINEAR_PERCENT, 100, 200)])
    band = axes.fill_between(line, (1 - WITHIN) * line, (1 + WITHIN) * line, color="#e5e5e5", linewidth=0)
    band.set_zorder(0.5)
    axes.plot(line, line, color=GREY, linewidth=1.2)
    axes.set_title(f"line: equal; band: within {WITHIN:.0%}", loc="left")


def _draw_slides(
    axes: "Axes", slides: Sequence[SlideCounts], x: NDArray[np.float64], y: NDArray[np.float64]
) -> None:
    for place, (slide, style) in enumerate(zip(slides, _styles(slides), strict=True)):
        ends = [
            np.maximum([[ends[0, place] - ends[1, place]], [ends[2, place] - ends[0, place]]], 0)
            for ends in (x, y)
        ]
        axes.errorbar(
            x[0, place], y[0, place], xerr=ends[0], yerr=ends[1], capsize=3, elinewidth=1.2, markersize=9,
            markeredgecolor=INK, label=slide.slide, linestyle="none", clip_on=False, **style,
        )  # fmt: skip


def _draw_bland_altman(
    axes: "Axes",
    slides: Sequence[SlideCounts],
    annotated: NDArray[np.float64],
    estimated: NDArray[np.float64],
) -> None:
    """Difference against mean (Bland and Altman, Lancet 1986)."""
    mean, difference = (annotated + estimated) / 2, estimated - annotated
    agreed = agreement(estimated, annotated)
    axes.axhline(0, color=GREY, linewidth=1)
    title = "no slide"
    if agreed.bias is not None:
        axes.axhline(agreed.bias, color=INK, linewidth=1.8)
        title = f"mean difference {agreed.bias:+.2f} points (full line)"
    if agreed.limit_low is not None and agreed.limit_high is not None:
        for limit in (agreed.limit_low, agreed.limit_high):
            axes.axhline(limit, color=INK, linewidth=1.4, linestyle=(0, (5, 3)))
        title += f"\n95% limits {agreed.limit_low:+.2f} to {agreed.limit_high:+.2f} (dashed)"
    for x, y, style in zip(mean, difference, _styles(slides), strict=True):
        axes.plot(x, y, linestyle="none", markersize=9, markeredgecolor=INK, clip_on=False, **style)
    axes.set_xscale("asinh", linear_width=LINEAR_PERCENT)
    axes.set_xlim(-0.02, max(float(mean.max()), 1.0) * 1.5)
    _plain_ticks(axes.xaxis)
    reach = 1.15 * max(abs(low) for low in (*axes.get_ylim(), 0.1))
    axes.set_ylim(-reach, reach)
    axes.set(xlabel="mean of both, %", ylabel="estimated minus annotated, percentage points")
    axes.set_title(title, loc="left")


def _styles(slides: Sequence[SlideCounts]) -> list[dict[str, Any]]:
    """Colour and mark of each slide; one line for all where they are too many to be named."""
    if len(slides) > MOST_STYLES:
        return [{"color": "#56B4E9", "marker": "o"}] * len(slides)
    return [
        {"color": line.colour, "marker": line.mark}
        for line in line_styles([s.slide for s in slides]).values()
    ]


def _plain_ticks(axis: object) -> None:
    from matplotlib.axis import Axis
    from matplotlib.ticker import FixedLocator, NullLocator

    if isinstance(axis, Axis):
        axis.set_major_locator(FixedLocator(_TICKS))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(lambda value, _: f"{value:g}")
