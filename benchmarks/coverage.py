"""How often the interval holds the true fraction: slides are drawn and judged as a count judges them.

`python -m benchmarks.coverage docs/pictures/coverage.png` draws the figure of docs/statistics.md.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from models.manifest import read_manifest, shipped
from pipeline.counting.intervals.design import design_effect
from pipeline.counting.intervals.limits import beyond_false_calls
from pipeline.counting.intervals.measured import slide_errors_of
from pipeline.counting.intervals.melded import confidence_below
from pipeline.counting.intervals.slide_errors import SlideErrors
from pipeline.counting.statistics import wilson
from pipeline.evaluation.plots.style import drawn, line_styles, new_figure, place_legend
from pipeline.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Coverage", "coverage", "drawn_slide"]

FRACTIONS = (0.0, 0.001, 0.005, 0.02, 0.05, 0.1, 0.2)
CELLS = (200, 2_000, 20_000, 200_000)
SLIDES = 300
"""Slides drawn for each: a share of 95% is then known to 2.5 points."""
SHAPE = 4.0
"""Of the gamma distribution of the fraction between fields: its variation coefficient is a half."""
CELLS_A_FIELD = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Shares of slides, 0 to 1.

    Attributes
    ----------
    holds : whose interval holds the true fraction. wilson_holds : the same of one by chance alone.
    seen : on which parasites are claimed.
    """

    fraction: float
    cells: int
    holds: float
    wilson_holds: float
    seen: float


def drawn_slide(
    fraction: float, cells: int, errors: SlideErrors, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Called and counted cells of each field of a slide drawn anew, whose infected cells lie in clusters."""
    found = rng.beta(errors.sensitivity.alpha, errors.sensitivity.beta)
    false = rng.beta(errors.false_calls.alpha, errors.false_calls.beta)
    fields = min(max(cells // CELLS_A_FIELD, 4), 64)
    local = rng.gamma(SHAPE, fraction / SHAPE, fields).clip(0, 1) if fraction else np.zeros(fields)
    share = cells // fields
    return [(int(rng.binomial(share, p * found + (1 - p) * false)), share) for p in local]


def coverage(
    fraction: float, cells: int, errors: SlideErrors, rng: np.random.Generator, slides: int = SLIDES
) -> Coverage:
    """Draw slides of this true fraction and so many cells, and judge each."""
    holds, by_chance, seen = 0, 0, 0
    for _ in range(slides):
        groups = drawn_slide(fraction, cells, errors, rng)
        called, counted = (sum(part) for part in zip(*groups, strict=True))
        effect = design_effect(groups)
        below = confidence_below(fraction, called, counted, errors, effect)
        # No fraction is below 0, so of an uninfected slide only the lower end can fail.
        holds += below <= 0.975 and (fraction == 0 or below >= 0.025)
        low, high = wilson(called, counted)
        by_chance += low <= fraction <= high
        seen += beyond_false_calls(called, counted, errors, effect)
    shares = (holds / slides, by_chance / slides, seen / slides)
    return Coverage(fraction=fraction, cells=cells, holds=shares[0], wilson_holds=shares[1], seen=shares[2])


def _all(errors: SlideErrors) -> Iterator[Coverage]:
    rng = np.random.default_rng(1)
    for cells in CELLS:
        for fraction in FRACTIONS:
            yield coverage(fraction, cells, errors, rng)


def _plot(found: Sequence[Coverage]) -> "Figure":
    figure, panels = new_figure(
        "How often the 95% interval holds the true parasitaemia",
        f"{SLIDES} slides drawn for each mark; errors as they differ between left-out slides, "
        "infected cells in clusters. Band: 93 to 97%. At 0 only the lower end can fail.",
        (11.0, 5.6),
        (1, 2),
    )
    styles = line_styles([f"{cells:,}" for cells in CELLS])
    for axes, name, title in zip(
        panels, ("holds", "wilson_holds"), ("this interval", "by chance alone (Wilson)"), strict=True
    ):
        axes.axhspan(93, 97, color="#e5e5e5")
        for cells, (label, style) in zip(CELLS, styles.items(), strict=True):
            mine = [one for one in found if one.cells == cells]
            axes.plot(
                range(len(FRACTIONS)),
                [100 * getattr(one, name) for one in mine],
                label=f"{label} cells",
                color=style.colour,
                marker=style.mark,
                dashes=style.dashes,
            )
        axes.set_xticks(range(len(FRACTIONS)), [f"{100 * one:g}" for one in FRACTIONS])
        axes.set_ylim(0, 101)
        axes.set_xlabel("true parasitaemia, %")
        axes.set_title(title, loc="left")
    panels[0].set_ylabel("slides, %")
    place_legend(figure, panels, 4)
    return figure


def main(out: Path) -> None:
    """Print the table and draw the figure."""
    errors = slide_errors_of(read_manifest(shipped("classifier"), "classifier"))
    found = list(_all(errors))
    sys.stdout.write("| true | " + " | ".join(f"{cells:,} cells" for cells in CELLS) + " |\n")
    sys.stdout.write("| --- " * (len(CELLS) + 1) + "|\n")
    for fraction in FRACTIONS:
        row = [one for one in found if one.fraction == fraction]
        shares = (f"{one.holds:.1%}, {one.wilson_holds:.0%}, {one.seen:.1%}" for one in row)
        sys.stdout.write(f"| {fraction:.1%} | " + " | ".join(shares) + " |\n")
    write_whole(out, drawn(lambda: _plot(found)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
