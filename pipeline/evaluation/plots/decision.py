"""Plots of one decision: reliability of its probabilities, and confusion matrix."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.decisions import Decisions
from pipeline.evaluation.metrics import calibration_error, rate
from pipeline.evaluation.plots.style import GREY, INK, Subject, new_figure
from pipeline.evaluation.thresholds import reliability

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["infected_confusion", "plot_confusion", "plot_reliability"]

_DARK = 0.55
"""Share from which a square is dark enough for white letters."""


def plot_reliability(decisions: Decisions, subject: Subject) -> "Figure":
    """Share of infected cells against the probability they were given, and the cells in each bin."""
    labelled = (decisions.infected, decisions.p_infected)
    bins, error = reliability(*labelled), calibration_error(*labelled) or 0.0
    figure, (axes, below) = new_figure(
        f"Reliability of the probabilities, {subject.source}",
        f"{subject.source}, {subject.cells}: {int(bins.cells.sum()):,} cells, {len(bins.cells)} equal bins, "
        f"{int(bins.infected.sum()):,} of them infected.\nThreshold {subject.threshold:.3f} (dashed). "
        f"{subject.networks}.",
        (8.0, 8.6),
        (2, 1),
    )
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.2, linestyle=":")
    some = bins.cells > 0
    hits, of = bins.infected[some], bins.cells[some]
    axes.errorbar(
        bins.mean_p[some], hits / of, yerr=_interval_ends(hits, of), fmt="o-", color="#0072B2", ecolor=INK,
        markersize=8, capsize=3, elinewidth=1.2, linewidth=1.2, clip_on=False,
    )  # fmt: skip
    axes.set(ylabel="share that is infected", xlim=(0, 1), ylim=(-0.03, 1.03))
    axes.set_title(
        f"expected calibration error {error:.4f}; bars: 95% intervals; dotted: perfect", loc="left"
    )
    width = bins.edges[1]
    below.bar(bins.edges[:-1], bins.cells, width, align="edge", color="#bdbdbd", edgecolor=INK, linewidth=0.8)
    for left, count in zip(bins.edges[:-1], bins.cells, strict=True):
        place = max(int(count), 1)
        below.annotate(
            f"{count:,}",
            (left + width / 2, place),
            (0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=10,
        )
    below.set_yscale("log")
    below.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    below.set(xlabel="probability that the cell is infected", ylabel="cells in the bin", xlim=(0, 1))
    below.set_ylim(0.8, 4.0 * max(int(bins.cells.max()), 1))
    for panel in (axes, below):
        panel.axvline(subject.threshold, color=INK, linewidth=1.2, linestyle=(0, (5, 3)))
    return figure


def _interval_ends(infected: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """How far the 95% intervals of the shares reach down and up, float64 (2, n)."""
    rates = [rate(int(hits), int(of)) for hits, of in zip(infected, cells, strict=True)]
    ends = [[(r.value or 0) - (r.low or 0), (r.high or 0) - (r.value or 0)] for r in rates]
    return np.maximum(np.asarray(ends, np.float64).reshape(-1, 2).T, 0)


def infected_confusion(decisions: Decisions) -> tuple[NDArray[np.int64], tuple[str, ...], tuple[str, ...]]:
    """Counts, names of the rows and of the columns: infected or not, and labelled cells not detected."""
    unseen = [int(decisions.unseen_infected.sum()), int((~decisions.unseen_infected).sum())]
    infected, called = decisions.infected, decisions.called
    counts = np.array(
        [
            [int((kind & called).sum()), int((kind & ~called).sum()), lost]
            for kind, lost in zip((infected, ~infected), unseen, strict=True)
        ],
        np.int64,
    )
    columns = ("infected", "uninfected", "not detected")
    return (counts if sum(unseen) else counts[:, :2]), ("infected", "uninfected"), columns[: 2 + any(unseen)]


def plot_confusion(
    counts: NDArray[np.int64], rows: Sequence[str], columns: Sequence[str], title: str, note: str
) -> "Figure":
    """Counts and shares of each row for any number of classes; the darker, the greater the share.

    Parameters
    ----------
    counts : int64 (rows, columns), see `pipeline.evaluation.thresholds.confusion`.
    """
    size = (max(7.4, 2.6 + 1.75 * len(columns)), 2.6 + 1.15 * len(rows))
    figure, (axes,) = new_figure(title, note, size)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(*counts.shape):
        share = shares[row, column]
        axes.text(
            column, row, f"{counts[row, column]:,}\n{share:.1%}", ha="center", va="center",
            color="white" if share > _DARK else INK, fontsize=13,
        )  # fmt: skip
    axes.set_xticks(range(len(columns)), labels=list(columns))
    axes.set_yticks(
        range(len(rows)), labels=[f"{name}\n({of:,})" for name, of in zip(rows, totals[:, 0], strict=True)]
    )
    axes.set(xlabel="taken for", ylabel="labelled")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(True)
    return figure
