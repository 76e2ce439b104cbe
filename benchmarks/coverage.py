"""How often the interval holds the true fraction: slides are drawn and judged as a count judges them.

`python -m benchmarks.coverage docs/pictures/coverage.png` draws the figure and prints the tables of
docs/statistics.md.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.manifest import read_manifest, shipped
from pipeline.counting.intervals.design import FEWEST_BLOCKS, design_effect, upper_design_effect
from pipeline.counting.intervals.limits import beyond_false_calls
from pipeline.counting.intervals.measured import slide_errors_of
from pipeline.counting.intervals.melded import confidence_below
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.counting.statistics import CONFIDENCE, SIGNIFICANCE, wilson
from pipeline.evaluation.plots.style import drawn, line_styles, new_figure, place_legend
from pipeline.files import write_whole
from pipeline.planning.protocols import PROTOCOLS, Goal

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Coverage",
    "Drawn",
    "Judged",
    "Stopping",
    "claimed_on_uninfected",
    "coverage",
    "drawn_slide",
    "judged",
    "stopping",
]

FRACTIONS = (0.0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2)
CELLS = (200, 2_000, 20_000, 200_000)
SLIDES = 1_500
"""Slides drawn for each: a share of 95% is then known to 1.1 points."""
UNINFECTED = 12_000
"""Slides without an infected cell drawn for each number of cells: 5% is then known to 0.4 points."""
CELLS_A_FIELD = 100
TAIL = (1 - CONFIDENCE) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What slides are drawn.

    Attributes
    ----------
    fraction : true parasitaemia. cells : red cells of each slide.
    spread : standard deviation of the fraction between fields over its mean; 0 has no clusters.
    fields : None has one for 100 cells, 4 to 64.
    """

    fraction: float
    cells: int
    spread: float = 0.5
    fields: int | None = None


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


CLUSTERS = (
    Drawn(fraction=0.0, cells=20_000, spread=0.0),
    Drawn(fraction=0.0, cells=20_000, spread=1.0),
    Drawn(fraction=0.0, cells=20_000, fields=6),
    Drawn(fraction=0.0, cells=2_000, fields=6),
    Drawn(fraction=0.0, cells=2_000, fields=3),
    Drawn(fraction=0.0, cells=2_000, spread=1.0, fields=6),
)
"""Slides whose cells lie otherwise than in the first table, of every fraction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """What a protocol does that stops by its own running estimate; shares of slides, 0 to 1.

    Attributes
    ----------
    early : that stop early. holds : whose interval holds the true fraction; holds_early : of those that stop.
    lean : mean called fraction over that of the same slides counted to the end, less 1.
    """

    goal: str
    fraction: float
    early: float
    holds: float
    holds_early: float
    lean: float


NEAR_A_STEP = (0.6, 0.8, 1.0, 1.2, 1.5)
"""Parasitaemias at which stopping is drawn, over the one at which a protocol's number of cells changes."""


def drawn_slide(what: Drawn, errors: SlideErrors, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Called and counted cells of each field of a slide drawn anew, or of blocks where it has few fields."""
    found = rng.beta(errors.sensitivity.alpha, errors.sensitivity.beta)
    false = rng.beta(errors.false_calls.alpha, errors.false_calls.beta)
    fields = what.fields or min(max(what.cells // CELLS_A_FIELD, 4), 64)
    local = np.full(fields, what.fraction)
    if what.spread and what.fraction:
        local = rng.gamma(1 / what.spread**2, what.fraction * what.spread**2, fields).clip(0, 1)
    if fields < FEWEST_BLOCKS:  # clusters are then told by blocks
        local = np.repeat(local, max(what.cells // fields // CELLS_A_FIELD, 1))
    share = what.cells // len(local)
    return [(int(rng.binomial(share, p * found + (1 - p) * false)), share) for p in local]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A slide: whether parasites are claimed, and on which side of the fraction its interval lies.

    Attributes
    ----------
    side : 0 where it holds the fraction, -1 where it lies below it, 1 above it.
    """

    seen: bool
    side: int


def judged(fraction: float, groups: Sequence[tuple[int, int]], errors: SlideErrors) -> Judged:
    """The same as by the ends of `melded_interval`, which cost twenty times as much."""
    called, counted = (sum(part) for part in zip(*groups, strict=True))
    effect, upper = design_effect(groups), upper_design_effect(groups)
    seen = beyond_false_calls(called, counted, errors, effect)
    if fraction and confidence_below(fraction, called, counted, errors, upper) > 1 - TAIL:
        return Judged(seen=seen, side=-1)
    lowest = SIGNIFICANCE if _is_one_sided(fraction, counted, errors) else TAIL
    above = fraction == 0 or confidence_below(fraction, called, counted, errors, effect) < lowest
    return Judged(seen=seen, side=int(seen and above))


@cache
def _is_one_sided(fraction: float, counted: int, errors: SlideErrors) -> bool:
    """Whether no interval can lie below this fraction."""
    return confidence_below(fraction, 0, counted, errors) <= 1 - TAIL


def coverage(what: Drawn, errors: SlideErrors, rng: np.random.Generator, slides: int = SLIDES) -> Coverage:
    """Draw so many slides, and judge each."""
    found, by_chance = [], 0
    for _ in range(slides):
        groups = drawn_slide(what, errors, rng)
        found.append(judged(what.fraction, groups, errors))
        low, high = wilson(*(sum(part) for part in zip(*groups, strict=True)))
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
        groups = drawn_slide(what, errors, rng)
        called, counted = (sum(part) for part in zip(*groups, strict=True))
        seen += beyond_false_calls(called, counted, errors, design_effect(groups))
    return seen / slides


def stopping(
    goal: Goal, fraction: float, errors: SlideErrors, rng: np.random.Generator, slides: int = SLIDES
) -> Stopping:
    """Count slides field by field until the goal is reached, and judge each."""
    cells = max(goal.cells, goal.cells_below)
    what = Drawn(fraction=fraction, cells=cells, fields=cells // CELLS_A_FIELD)
    held: dict[bool, list[bool]] = {False: [], True: []}
    stopped, whole = [], []
    for _ in range(slides):
        groups = drawn_slide(what, errors, rng)
        called, counted = np.cumsum(groups, axis=0).T
        last = next(n for n in range(len(groups)) if not goal.missing(int(called[n]), int(counted[n])))
        held[last + 1 < len(groups)].append(judged(fraction, groups[: last + 1], errors).side == 0)
        stopped.append(called[last] / counted[last])
        whole.append(called[-1] / counted[-1])
    return Stopping(
        goal=goal.name,
        fraction=fraction,
        early=len(held[True]) / slides,
        holds=sum(held[True] + held[False]) / slides,
        holds_early=float(np.mean(held[True])) if held[True] else float("nan"),
        lean=float(np.mean(stopped) / np.mean(whole)) - 1,
    )


def _stopping_table(errors: SlideErrors, rng: np.random.Generator) -> str:
    """Near the step of each protocol that has one."""
    lines = ["| protocol | true | stop early | interval holds | of those that stop early | leans |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    for goal in (goal for goal in PROTOCOLS.values() if goal.cells_below):
        for ratio in NEAR_A_STEP:
            found = stopping(goal, ratio * goal.below, errors, rng)
            shares = (f"{share:.1%}" for share in (found.early, found.holds, found.holds_early))
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


def main(out: Path) -> None:
    """Print the tables and draw the figure."""
    errors = slide_errors_of(read_manifest(shipped("classifier"), "classifier"))
    rng, found, other = np.random.default_rng(1), [], []
    for cells in CELLS:
        share = claimed_on_uninfected(cells, errors, rng, UNINFECTED)
        sys.stdout.write(f"{cells:,} cells, none infected: parasites claimed on {share:.2%}\n")
    for fraction in FRACTIONS:
        found += [coverage(Drawn(fraction=fraction, cells=cells), errors, rng) for cells in CELLS]
    sys.stdout.write("\n" + _table(found, [f"{cells:,} cells" for cells in CELLS]))
    sys.stdout.flush()
    write_whole(out, drawn(lambda: _plot(found)))
    for fraction in FRACTIONS:
        other += [coverage(replace(what, fraction=fraction), errors, rng) for what in CLUSTERS]
    names = (f"{one.cells:,} cells, {one.fields or 64} fields, {one.spread:.0%}" for one in CLUSTERS)
    sys.stdout.write(_table(other, list(names)))
    sys.stdout.write(_stopping_table(errors, rng))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
