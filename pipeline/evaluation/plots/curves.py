"""Plots over every threshold: ROC, precision and recall, infected cells found against false positives."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.decisions import Decisions
from pipeline.evaluation.metrics import Rate, rate, roc_auc
from pipeline.evaluation.plots.style import (
    GREY,
    INK,
    MOST_STYLES,
    LineStyle,
    Subject,
    line_styles,
    new_figure,
    place_legend,
)
from pipeline.evaluation.text import number_text
from pipeline.evaluation.thresholds import ThresholdSweep, average_precision, sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_free_response", "plot_precision_recall", "plot_roc", "shown_groups"]

WORST_GROUPS = 3
"""Slides or patients that have a curve of their own where all are too many: those of lowest AUC."""
LEAST_CELLS = 10
"""Of each kind, for a patient to be one of the worst: the curve of fewer is chance."""
ZOOM = 0.05
"""Right panel of the ROC plot: false positives up to this share, or as far as the operating point needs."""
PER = 10_000

Steps = Literal["default", "steps-pre", "steps-post"]
Points = Callable[[ThresholdSweep], tuple[NDArray[np.float64], NDArray[np.float64]]]


def plot_roc(decisions: Decisions, subject: Subject) -> "Figure":
    """ROC curve, whole and at few false positives."""
    figure, (whole, near) = new_figure(
        f"ROC curve: infected against uninfected red cells of {subject.source}",
        _note(decisions, subject, detected=True),
        (11.5, 7.0),
        (1, 2),
    )
    sensitivity, false_positives = _operating_rates(decisions)
    few = min(max(ZOOM, 1.1 * (false_positives.high or 0.0)), 1.0)
    for axes, most, title in ((whole, 1.0, "all"), (near, few, f"false positives up to {few:.0%}")):
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        _draw_curves(
            axes,
            decisions,
            lambda curve: (curve.false_positive_rate, curve.sensitivity),
            lambda _, own: f"AUC {number_text(roc_auc(own.infected, own.p_infected), 4)}",
        )
        _mark_operating_point(axes, false_positives, sensitivity, "operating point, 95% intervals")
        axes.set(xlabel="1 - specificity (false positives)", ylabel="sensitivity", title=title)
        axes.set(xlim=(-0.01 * most, most * 1.01), ylim=(-0.01, 1.015))
    place_legend(figure, (whole, near), 2)
    return figure


def plot_precision_recall(decisions: Decisions, subject: Subject) -> "Figure":
    """Precision against recall; the dashed line is what calling cells at random would give."""
    figure, (axes,) = new_figure(
        f"Precision and recall: infected red cells of {subject.source}",
        _note(decisions, subject, detected=True),
        (8.0, 7.6),
    )
    chance = float(decisions.infected.mean())
    axes.axhline(chance, color=GREY, linewidth=1, linestyle=":")
    _draw_curves(
        axes,
        decisions,
        lambda curve: (curve.sensitivity, curve.precision),
        lambda curve, _: f"average precision {average_precision(curve):.3f}",
        steps="steps-pre",
    )
    found = rate(int((decisions.infected & decisions.called).sum()), int(decisions.infected.sum()))
    right = rate(found.hits, int(decisions.called.sum()))
    _mark_operating_point(axes, found, right, "operating point, 95% intervals")
    axes.set(xlabel="recall (sensitivity)", ylabel="precision", xlim=(-0.01, 1.015), ylim=(-0.01, 1.015))
    axes.set_title(f"{chance:.2%} of the cells are infected (dotted: calls at random)", loc="left")
    place_legend(figure, (axes,), 2)
    return figure


def plot_free_response(decisions: Decisions, subject: Subject) -> "Figure":
    """Share of all labelled infected cells found, against false positives in 10,000 uninfected cells.

    A free-response curve (Bunch et al., 1978): a cell that was not detected counts as not found.
    """
    figure, (axes,) = new_figure(
        f"Infected cells found against false positives, {subject.source}",
        _note(decisions, subject, detected=False) + " A mark at the left edge: no false positive.",
        (8.0, 7.6),
    )
    uninfected = max(int((~decisions.infected).sum()), 1)
    least = 10.0 ** math.floor(math.log10(PER / uninfected))
    _draw_curves(
        axes,
        decisions,
        lambda curve: (PER * curve.false_positive_rate, curve.sensitivity),
        lambda curve, _: f"{_found_at(curve, 100):.0%} found at 100",
        steps="steps-post",
        least=least,
    )
    found = rate(int((decisions.infected & decisions.called).sum()), decisions.labelled_infected)
    wrong = rate(int((~decisions.infected & decisions.called).sum()), uninfected, per=PER)
    _mark_operating_point(axes, wrong, found, "operating point, 95% intervals", least=least)
    axes.set_xscale("log")
    axes.set(xlim=(least, PER), ylim=(-0.01, 1.015), ylabel="labelled infected cells found")
    axes.set_xlabel("false positives in 10,000 uninfected cells")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_title(
        f"operating point: {found.hits:,} of {found.of:,} found, {wrong.hits:,} of {wrong.of:,} false",
        loc="left",
    )
    place_legend(figure, (axes,), 2)
    return figure


def shown_groups(decisions: Decisions) -> tuple[str, ...]:
    """Slides or patients with both kinds of cells that get a curve of their own; none of a single one."""
    both = {
        name: own
        for name in decisions.groups
        if (own := decisions.of(name)).infected.any() and not own.infected.all()
    }
    if len(decisions.groups) < 2:
        return ()
    if len(both) <= MOST_STYLES:
        return tuple(both)
    enough = {
        name: roc_auc(own.infected, own.p_infected) or 0.0
        for name, own in both.items()
        if LEAST_CELLS <= own.infected.sum() <= len(own.infected) - LEAST_CELLS
    }
    return tuple(sorted(enough, key=lambda name: (enough[name], name))[:WORST_GROUPS])


def _draw_curves(
    axes: "Axes",
    decisions: Decisions,
    points: Points,
    words: Callable[[ThresholdSweep, Decisions], str],
    *,
    steps: Steps = "default",
    least: float | None = None,
) -> None:
    """A thick line for all cells, a thin one for each shown group with its own operating point.

    `least` is the left end of a logarithmic axis: what would lie left of it stands there. On such an axis the
    labelled cells that were not detected count as well.
    """
    shown, every = shown_groups(decisions), decisions.groups
    # Where all slides have a line, each keeps its own through all plots.
    style_of = line_styles(every if len(every) <= MOST_STYLES else shown)
    entries: list[tuple[str, Decisions, LineStyle | None]] = [("all", decisions, None)]
    entries += [(name, decisions.of(name), style_of[name]) for name in shown]
    for name, own, line in entries:
        curve = _sweep(own, unseen=least is not None)
        x, y = points(curve)
        edge = -np.inf if least is None else least
        style = {"color": INK, "linewidth": 2.6} if line is None else _thin(line)
        axes.plot(np.maximum(x, edge / 10), y, drawstyle=steps, label=f"{name}: {words(curve, own)}", **style)
        if line is not None and own.called.any():
            place = int(np.flatnonzero(curve.threshold >= own.p_infected[own.called].min())[-1])
            axes.plot(
                max(x[place], edge), y[place], line.mark, color=line.colour, markersize=9,
                markeredgecolor=INK, zorder=4, clip_on=bool(x[place] > max(edge, 0.0)),
            )  # fmt: skip


def _thin(line: LineStyle) -> dict[str, Any]:
    return {"color": line.colour, "linewidth": 1.8, "linestyle": (0, line.dashes)}


def _sweep(own: Decisions, *, unseen: bool) -> ThresholdSweep:
    """`unseen` adds the labelled cells that were not detected: at no threshold are they found."""
    curve = sweep(own.infected, own.p_infected)
    if not unseen:
        return curve
    return ThresholdSweep(
        threshold=curve.threshold,
        true_positives=curve.true_positives,
        false_positives=curve.false_positives,
        infected=own.labelled_infected,
        uninfected=curve.uninfected,
    )


def _found_at(curve: ThresholdSweep, false_positives: float) -> float:
    """Greatest share found at no more than so many false positives in 10,000."""
    return float(curve.sensitivity[PER * curve.false_positive_rate <= false_positives].max())


def _operating_rates(decisions: Decisions) -> tuple[Rate, Rate]:
    infected, called = decisions.infected, decisions.called
    sensitivity = rate(int((infected & called).sum()), int(infected.sum()))
    return sensitivity, rate(int((~infected & called).sum()), int((~infected).sum()))


def _mark_operating_point(axes: "Axes", across: Rate, up: Rate, label: str, least: float = 0.0) -> None:
    """A ring with its 95% intervals; a rate of 0 stands at `least` where the axis has no 0."""
    if across.value is None or up.value is None:
        return
    x, y = max(across.value, least), up.value
    x_ends = [[x - max(across.low or 0.0, least)], [max(across.high or 0.0, x) - x]]
    y_ends = [[y - (up.low or 0.0)], [(up.high or 0.0) - y]]
    axes.errorbar(
        x, y, xerr=np.maximum(x_ends, 0), yerr=np.maximum(y_ends, 0), fmt="o", color=INK, markersize=11,
        markerfacecolor="white", markeredgewidth=2.2, capsize=4, elinewidth=1.4, zorder=5, label=label,
        clip_on=False,
    )  # fmt: skip


def _note(decisions: Decisions, subject: Subject, *, detected: bool) -> str:
    infected, uninfected = int(decisions.infected.sum()), int((~decisions.infected).sum())
    words = f"{subject.source}, {subject.cells}: {infected:,} infected and {uninfected:,} uninfected cells"
    lost = int(decisions.unseen_infected.sum())
    if len(decisions.unseen_group):
        words += " that were detected" if detected else f"; {lost} labelled infected cells were not detected"
    curves = shown_groups(decisions)
    with_both = sum(1 for name in decisions.groups if 0 < decisions.of(name).infected.mean() < 1)
    if curves and len(curves) < with_both:
        words += f".\nThin: the {len(curves)} {subject.group}s told apart worst"
    return f"{words}.\nThreshold {subject.threshold:.3f}. {subject.networks}."
