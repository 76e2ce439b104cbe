"""How often the interval holds the true fraction: slides are drawn and judged as a count judges them.

`python -m benchmarks.coverage docs/pictures/coverage.png` draws the figure and prints the tables of
docs/statistics.md.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.measuring.drawn_slides import CELLS_A_FIELD, Drawn, drawn_slide, judged, sums_of
from models.manifest import read_manifest, shipped
from pipeline.counting.intervals.design import clustering
from pipeline.counting.intervals.limits import beyond_false_calls
from pipeline.counting.intervals.measured import slide_errors_of
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.counting.statistics import wilson
from pipeline.evaluation.plots.style import drawn, line_styles, new_figure, place_legend
from pipeline.files import write_whole
from pipeline.planning.protocols import PROTOCOLS, Goal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Coverage", "Stopping", "claimed_on_uninfected", "coverage", "stopping"]

FRACTIONS = (0.0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2)
CELLS = (200, 2_000, 20_000, 200_000)
SLIDES = 600
"""Slides drawn for each: a share of 95% is then known to 1.8 points."""
UNINFECTED = 12_000
"""Slides without an infected cell drawn for each number of cells: 5% is then known to 0.4 points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Shares of slides, 0 to 1.

    Attributes
    ----------
    holds : whose interval holds the true fraction. wilson_holds : the same of one by chance alone.
    below, above : whose interval lies below it, or above it.
    seen : on which parasites are claimed.
    """

    what: Drawn
    holds: float
    below: float
    above: float
    wilson_holds: float
    seen: float


FIELDS = (2, 3, 4, 6, 10, 20)
SPREADS = (0.0, 0.5, 1.0)
WITH_CALLS = (0.02, 0.05, 0.1)
"""Fractions of the table of fields: below them chance and false calls hide what differs between fields."""
FIELD_SLIDES = 300
"""Slides drawn for each of them: a share of 95% is then known to 2.5 points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """What a protocol does that stops by its own running estimate; shares of slides, 0 to 1.

    Attributes
    ----------
    early : that stop early.
    holds : whose interval holds the true fraction; holds_early : of those that stop; holds_fixed : of the
        same slides counted to the end.
    lean : mean called fraction over that of the same slides counted to the end, less 1.
    """

    goal: str
    fraction: float
    early: float
    holds: float
    holds_early: float
    holds_fixed: float
    lean: float


NEAR_A_STEP = (0.6, 0.8, 1.0, 1.2, 1.5)
"""Parasitaemias at which stopping is drawn, over the one at which a protocol's number of cells changes."""


def coverage(what: Drawn, errors: SlideErrors, rng: np.random.Generator, slides: int = SLIDES) -> Coverage:
    """Draw so many slides, and judge each."""
    found, by_chance = [], 0
    for _ in range(slides):
        squares = drawn_slide(what, errors, rng)
        found.append(judged(what.fraction, squares, errors))
        low, high = wilson(*sums_of(squares))
        by_chance += low <= what.fraction <= high
    sides = [one.side for one in found]
    return Coverage(
        what=what,
        holds=sides.count(0) / slides,
        below=sides.count(-1) / slides,
        above=sides.count(1) / slides,
        wilson_holds=by_chance / slides,
        seen=sum(one.seen for one in found) / slides,
    )


def claimed_on_uninfected(cells: int, errors: SlideErrors, rng: np.random.Generator, slides: int) -> float:
    """Share of slides without an infected cell on which parasites are claimed."""
    what, seen = Drawn(fraction=0.0, cells=cells), 0
    for _ in range(slides):
        squares = drawn_slide(what, errors, rng)
        seen += beyond_false_calls(*sums_of(squares), errors, clustering(squares).effect)
    return seen / slides


def stopping(
    goal: Goal, fraction: float, errors: SlideErrors, rng: np.random.Generator, slides: int = SLIDES
) -> Stopping:
    """Count slides field by field until the goal is reached, and judge each."""
    cells = max(goal.cells, goal.cells_below)
    what = Drawn(fraction=fraction, cells=cells, fields=cells // CELLS_A_FIELD)
    held: dict[bool, list[bool]] = {False: [], True: []}
    stopped, whole, fixed = [], [], 0
    for _ in range(slides):
        squares = drawn_slide(what, errors, rng)
        called, counted = np.cumsum(list(squares.values()), axis=0).T
        last = next(n for n in range(len(squares)) if not goal.missing(int(called[n]), int(counted[n])))
        first = dict(islice(squares.items(), last + 1))
        held[last + 1 < len(squares)].append(judged(fraction, first, errors).side == 0)
        fixed += judged(fraction, squares, errors).side == 0
        stopped.append(called[last] / counted[last])
        whole.append(called[-1] / counted[-1])
    return Stopping(
        goal=goal.name,
        fraction=fraction,
        early=len(held[True]) / slides,
        holds=sum(held[True] + held[False]) / slides,
        holds_early=float(np.mean(held[True])) if held[True] else float("nan"),
        holds_fixed=fixed / slides,
        lean=float(np.mean(stopped) / np.mean(whole)) - 1,
    )


def _stopping_table(errors: SlideErrors, rng: np.random.Generator) -> str:
    """Near the step of each protocol that has one."""
    lines = [
        "| protocol | true | stop early | counted to the end | stopped | those that stop early | leans |"
    ]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |"]
    for goal in (goal for goal in PROTOCOLS.values() if goal.cells_below):
        for ratio in NEAR_A_STEP:
            found = stopping(goal, ratio * goal.below, errors, rng)
            held = (found.early, found.holds_fixed, found.holds, found.holds_early)
            shares = (f"{share:.1%}" for share in held)
            lean = f"{found.lean:+.1%}"
            lines.append(f"| `{goal.name}` | {found.fraction:.1%} | " + " | ".join([*shares, lean]) + " |")
    return "\n".join(lines) + "\n\n"


def _plot(found: Sequence[Coverage]) -> "Figure":
    figure, panels = new_figure(
        "How often the 95% interval holds the true parasitaemia",
        f"{SLIDES:,} slides drawn for each mark; errors as they differ between left-out slides, "
        "infected cells in clusters. Band: 93 to 97%. With few cells and few parasites it holds more "
        "often: below the upper end of a slide without a call no slide's interval can lie too low. "
        "The scales differ.",
        (11.0, 5.6),
        (1, 2),
    )
    styles = line_styles([f"{cells:,}" for cells in CELLS])
    for axes, name, title in zip(
        panels, ("holds", "wilson_holds"), ("this interval", "by chance alone (Wilson)"), strict=True
    ):
        axes.axhspan(93, 97, color="#e5e5e5")
        for cells, (label, style) in zip(CELLS, styles.items(), strict=True):
            mine = [one for one in found if one.what.cells == cells]
            axes.plot(
                range(len(FRACTIONS)),
                [100 * getattr(one, name) for one in mine],
                label=f"{label} cells",
                color=style.colour,
                marker=style.mark,
                dashes=style.dashes,
            )
        axes.set_xticks(range(len(FRACTIONS)), [f"{100 * one:g}" for one in FRACTIONS])
        axes.set_xlabel("true parasitaemia, %")
        axes.set_title(title, loc="left")
    panels[0].set_ylim(85, 100.5)
    panels[1].set_ylim(0, 102)
    panels[0].set_ylabel("slides, %")
    place_legend(figure, panels, 4)
    return figure


def _table(found: Sequence[Coverage], columns: Sequence[str]) -> str:
    """Rows of fractions; in each cell the interval, the one by chance alone and the verdict."""
    lines = ["| true | " + " | ".join(columns) + " |", "| --- " * (len(columns) + 1) + "|"]
    for fraction in FRACTIONS:
        row = [one for one in found if one.what.fraction == fraction]
        shares = (f"{one.holds:.1%}, {one.wilson_holds:.0%}, {one.seen:.1%}" for one in row)
        lines.append(f"| {fraction:.1%} | " + " | ".join(shares) + " |")
    return "\n".join(lines) + "\n\n"


def _fields_table(errors: SlideErrors, rng: np.random.Generator) -> str:
    """Slides of 2,000 cells in some fields that are alike, or differ by half their mean or all of it."""
    lines = ["| fields | differ by | " + " | ".join(f"{one:.1%}" for one in WITH_CALLS) + " |"]
    lines += ["| --- " * (len(WITH_CALLS) + 2) + "|"]
    for fields in FIELDS:
        for spread in SPREADS:
            what = Drawn(fraction=0.0, cells=2_000, spread=spread, fields=fields)
            held = [
                coverage(replace(what, fraction=one), errors, rng, FIELD_SLIDES).holds for one in WITH_CALLS
            ]
            lines.append(f"| {fields} | {spread:.0%} | " + " | ".join(f"{one:.1%}" for one in held) + " |")
    return "\n".join(lines) + "\n\n"


def main(out: Path) -> None:
    """Print the tables and draw the figure."""
    # As plain as any: those of most slides.
    errors = slide_errors_of(read_manifest(shipped("classifier"), "classifier"), clean_quartile=-np.inf)
    rng, found = np.random.default_rng(1), []
    sys.stdout.write(_stopping_table(errors, rng))
    sys.stdout.write(_fields_table(errors, rng))
    sys.stdout.flush()
    for fraction in FRACTIONS:
        found += [coverage(Drawn(fraction=fraction, cells=cells), errors, rng) for cells in CELLS]
    sys.stdout.write("\n" + _table(found, [f"{cells:,} cells" for cells in CELLS]))
    sys.stdout.flush()
    write_whole(out, drawn(lambda: _plot(found)))
    for cells in CELLS:
        share = claimed_on_uninfected(cells, errors, rng, UNINFECTED)
        sys.stdout.write(f"{cells:,} cells, none infected: parasites claimed on {share:.2%}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
